"""An app: it runs once for each chunk of a job's input.

TASK_DIR/data.bin is the chunk; whatever is written to TASK_RESULTS_DIR is its result. Exit code 0 means that
the chunk is done; anything else, and the platform tries again. What is printed goes to the job's logs.
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


TASK_DIR = directory("TASK_DIR", writable=True)
TASK_RESULTS_DIR = directory("TASK_RESULTS_DIR", writable=True)
PARAMS = json.loads(variable("APP_PARAMS"))


def read_chunk():
    """The chunk of this task, as bytes."""
    return (TASK_DIR / "data.bin").read_bytes()


def write_task_result(name, content):
    """Adds a file to the results; its name may have folders in it."""
    path = TASK_RESULTS_DIR / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def main():
    chunk = read_chunk()
    print(f"{len(chunk)} bytes, parameters {PARAMS}")
    # Your work goes here. This passes the chunk on as it is.
    write_task_result("result.bin", chunk)


if __name__ == "__main__":
    main()
