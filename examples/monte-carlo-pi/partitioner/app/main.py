"""Plans the work: no input is read, the parameters say how many tasks throw how many darts.

Writes one small file per task to CHUNKS_DIR, data_0.bin, data_1.bin, ...: each becomes a task.
"""

import json
import os
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


def whole_number(params, name, default, least):
    value = params.get(name, default)
    if type(value) is not int or value < least:
        sys.exit(f"{name} must be a whole number from {least}, not {value!r}")
    return value


def main():
    chunks_dir = directory("CHUNKS_DIR")
    params = json.loads(variable("PARTITIONER_PARAMS"))
    tasks = whole_number(params, "tasks", 8, 1)
    samples = whole_number(params, "samples_per_task", 200_000, 1)
    seed = whole_number(params, "seed", 1, 0)
    for task in range(tasks):
        # Seeds that differ, and are the same in every run of the same job.
        plan = {"seed": f"{seed}/{task}", "samples": samples}
        (chunks_dir / f"data_{task}.bin").write_text(json.dumps(plan))
    print(f"{tasks} tasks of {samples} darts each")


if __name__ == "__main__":
    main()
