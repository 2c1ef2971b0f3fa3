"""Changes the case of a text: the smallest useful app.

Reads TASK_DIR/data.bin and writes TASK_RESULTS_DIR/result.txt.
"""

import json
import os
import re
import sys
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


def title(text):
    # Not str.title(), which writes "Don'T".
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: word[0].capitalize(), text)


CASES = {"upper": str.upper, "lower": str.lower, "title": title}


def main():
    data, results_dir = directory("TASK_DIR") / "data.bin", directory("TASK_RESULTS_DIR")
    params = json.loads(variable("APP_PARAMS"))
    case = params.get("case", "upper")
    if case not in CASES:
        sys.exit(f"case must be one of {', '.join(CASES)}, not {case!r}")
    with data.open(encoding="utf-8", errors="replace", newline="") as source:
        with (results_dir / "result.txt").open("w", encoding="utf-8", newline="") as result:
            for line in source:
                result.write(CASES[case](line))
    print(f"changed the text to {case} case")


if __name__ == "__main__":
    main()
