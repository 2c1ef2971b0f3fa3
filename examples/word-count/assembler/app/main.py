"""Adds up the word counts of all chunks.

Reads the JSON files that the tasks left in TASK_RESULTS_DIR and writes words.json (all words,
the most frequent first) and summary.txt (the first of them, to be read) to OUTPUT_DIR.
"""

import json
import os
import sys
from collections import Counter
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


def summary_length():
    params = json.loads(variable("ASSEMBLER_PARAMS"))
    top = params.get("top", 20)
    if type(top) is not int or top < 1:
        sys.exit(f"top must be a whole number from 1, not {top!r}")
    return top


def merge(results_dir):
    counts = Counter()
    for path in results_dir.glob("*.json"):
        counts.update(json.loads(path.read_text(encoding="utf-8")))
    # Equal counts in alphabetical order, so that every run gives the same files.
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def main():
    results_dir, output_dir = directory("TASK_RESULTS_DIR"), directory("OUTPUT_DIR")
    top = summary_length()
    words = merge(results_dir)
    with (output_dir / "words.json").open("w", encoding="utf-8") as file:
        rows = [{"word": word, "count": count} for word, count in words]
        json.dump(rows, file, ensure_ascii=False, indent=1)
    total = sum(count for _, count in words)
    summary = [f"{total} words, {len(words)} different", ""]
    summary += [f"{count:8} {word}" for word, count in words[:top]]
    (output_dir / "summary.txt").write_text("\n".join(summary) + "\n", encoding="utf-8")
    print(summary[0])


if __name__ == "__main__":
    main()
