"""An assembler: it runs once, after the app, and makes a job's output of the results of all tasks.

TASK_RESULTS_DIR holds the results: a file that one task alone wrote has its own name, of a name that several
wrote each has its chunk's number in it. Whatever is written to OUTPUT_DIR is delivered. Exit code 0 means
success. What is printed goes to the job's logs.
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


TASK_RESULTS_DIR = directory("TASK_RESULTS_DIR")
OUTPUT_DIR = directory("OUTPUT_DIR", writable=True)
PARAMS = json.loads(variable("ASSEMBLER_PARAMS"))


def read_result_files():
    """The results in the order of their chunks, each as its name (folders included) and its bytes."""
    with open(variable("MANIFEST"), encoding="utf-8") as manifest:
        for line in manifest:
            for name in json.loads(line)["files"]:
                yield name, (TASK_RESULTS_DIR / name).read_bytes()


def save_output_file(name, content):
    """Adds a file to the output; its name may have folders in it."""
    path = OUTPUT_DIR / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def main():
    for name, content in read_result_files():
        # Your merging goes here. This delivers each result as it is.
        save_output_file(name, content)


if __name__ == "__main__":
    main()
