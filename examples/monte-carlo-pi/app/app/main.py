"""Throws darts at the unit square and counts those that hit the quarter circle.

Reads the plan in TASK_DIR/data.bin and writes hits.json to TASK_RESULTS_DIR. Every task writes the
same name: the platform keeps them apart.
"""

import json
import os
import random
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


def count_hits(seed, samples):
    throw = random.Random(seed).random
    hits = 0
    for _ in range(samples):
        x, y = throw(), throw()
        if x * x + y * y <= 1:
            hits += 1
    return hits


def main():
    plan = json.loads((directory("TASK_DIR") / "data.bin").read_text())
    samples = plan["samples"]
    hits = count_hits(plan["seed"], samples)
    result = {"hits": hits, "samples": samples}
    (directory("TASK_RESULTS_DIR") / "hits.json").write_text(json.dumps(result))
    print(f"{hits} of {samples} darts hit: {4 * hits / samples}")


if __name__ == "__main__":
    main()
