"""Cuts the source into groups of lines, as carefully as the components that people already have."""
import json
import os


def required(name):
    value = os.getenv(name)
    if value is None or value == "":
        raise RuntimeError(f"{name} is not set")
    return value


def directory(name, mode):
    path = required(name)
    if not os.path.isdir(path):
        raise RuntimeError(f"{name} is no directory: {path}")
    if not os.access(path, mode):
        raise RuntimeError(f"{name} cannot be used: {path}")
    return path


SOURCE_DIR = directory("SOURCE_DIR", os.R_OK)
CHUNKS_DIR = directory("CHUNKS_DIR", os.W_OK)
PARAMS = json.loads(os.getenv("PARTITIONER_PARAMS"))


def source_files():
    for name in sorted(os.listdir(SOURCE_DIR)):
        with open(os.path.join(SOURCE_DIR, name), "rb") as file:
            yield file.read()


def save_chunk(data):
    """Takes the next free name, as the skeletons do."""
    taken = [name for name in os.listdir(CHUNKS_DIR) if name.endswith(".bin")]
    with open(os.path.join(CHUNKS_DIR, f"data_{len(taken)}.bin"), "wb") as file:
        file.write(data)


if __name__ == "__main__":
    size = int(PARAMS["lines_per_chunk"])
    for content in source_files():
        lines = content.splitlines(keepends=True)
        for start in range(0, len(lines), size):
            save_chunk(b"".join(lines[start : start + size]))
