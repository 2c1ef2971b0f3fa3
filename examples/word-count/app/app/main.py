"""Counts the words of one chunk.

Reads TASK_DIR/data.bin and writes {word: count} to TASK_RESULTS_DIR/counts.json. Every task may use
the same file name: the platform keeps them apart (counts_0.json, counts_1.json, ...).
"""

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path

# Letters, with apostrophes inside: "don't" is one word.
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


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


def min_length():
    params = json.loads(variable("APP_PARAMS"))
    length = params.get("min_length", 1)
    if type(length) is not int or length < 1:
        sys.exit(f"min_length must be a whole number from 1, not {length!r}")
    return length


def main():
    data, results_dir = directory("TASK_DIR") / "data.bin", directory("TASK_RESULTS_DIR")
    shortest = min_length()
    counts = Counter()
    with data.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            words = WORD.findall(line.lower())
            counts.update(word for word in words if len(word) >= shortest)
    with (results_dir / "counts.json").open("w", encoding="utf-8") as file:
        json.dump(counts, file, ensure_ascii=False)
    print(f"chunk {variable('CHUNK_NUMBER')}: {sum(counts.values())} words")


if __name__ == "__main__":
    main()
