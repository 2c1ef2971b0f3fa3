"""A partitioner: it runs once, before the app, and cuts a job's input into chunks.

SOURCE_DIR holds the input files; each file that is written to CHUNKS_DIR becomes one task of the app. Exit
code 0 means success. What is printed goes to the job's logs.
"""

import json
import os
import sys
from pathlib import Path


def variable(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set; the platform sets it for each task")
    return value


def directory(name, writable=False):
    path = Path(variable(name))
    if not path.is_dir():
        sys.exit(f"{name} is {str(path)!r}, which is not a directory")
    if writable and not os.access(path, os.W_OK):
        sys.exit(f"{name} is {str(path)!r}, which is not writable")
    return path


SOURCE_DIR = directory("SOURCE_DIR")
CHUNKS_DIR = directory("CHUNKS_DIR", writable=True)
PARAMS = json.loads(variable("PARTITIONER_PARAMS"))


def read_source_files():
    """The input files one after the other, each as its name (folders included) and its bytes."""
    for path in sorted(SOURCE_DIR.rglob("*")):
        if path.is_file():
            yield path.relative_to(SOURCE_DIR).as_posix(), path.read_bytes()


def save_chunk(content):
    """Saves a chunk as the next free data_<i>.bin, and returns i."""
    index = save_chunk.next
    while (path := CHUNKS_DIR / f"data_{index}.bin").exists():
        index += 1
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    save_chunk.next = index + 1
    return index


save_chunk.next = 0


def main():
    for name, content in read_source_files():
        # Your cutting goes here. This makes each file one chunk.
        index = save_chunk(content)
        print(f"{name} is chunk {index}")


if __name__ == "__main__":
    main()
