"""Splits text files into chunks of whole lines.

Reads every file in SOURCE_DIR and writes data_0.bin, data_1.bin, ... to CHUNKS_DIR:
each file there becomes one task.
"""

import json
import os
import sys
from itertools import islice
from pathlib import Path


def variable(name):
    value = os.environ.get(name)
    if value is None:
        sys.exit(f"{name} is not set; the platform sets it for each task")
    return value


def directory(name):
    path = Path(variable(name))
    if not path.is_dir():
        sys.exit(f"{name} is {str(path)!r}, which is not a directory")
    return path


def lines_per_chunk():
    params = json.loads(variable("PARTITIONER_PARAMS"))
    lines = params.get("lines_per_chunk", 1000)
    if type(lines) is not int or lines < 1:
        sys.exit(f"lines_per_chunk must be a whole number from 1, not {lines!r}")
    return lines


def chunks_of(source, size):
    with source.open("rb") as lines:
        while chunk := b"".join(islice(lines, size)):
            yield chunk


def main():
    source_dir, chunks_dir = directory("SOURCE_DIR"), directory("CHUNKS_DIR")
    size = lines_per_chunk()
    count = 0
    for source in sorted(path for path in source_dir.rglob("*") if path.is_file()):
        for chunk in chunks_of(source, size):
            (chunks_dir / f"data_{count}.bin").write_bytes(chunk)
            count += 1
    if count == 0:
        sys.exit("the source has no lines to split")
    print(f"{count} chunks of up to {size} lines")


if __name__ == "__main__":
    main()
