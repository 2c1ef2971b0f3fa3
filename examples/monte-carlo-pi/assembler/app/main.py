"""Adds the darts of all tasks up to an estimate of pi.

Reads every JSON file in TASK_RESULTS_DIR and writes pi.json to OUTPUT_DIR: the estimate, its standard
error, and the interval that holds pi in 95 of 100 runs.
"""

import json
import math
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


def estimate(results):
    hits = sum(result["hits"] for result in results)
    samples = sum(result["samples"] for result in results)
    share = hits / samples
    error = 4 * math.sqrt(share * (1 - share) / samples)
    pi = 4 * share
    return {
        "pi": pi,
        "samples": samples,
        "standardError": error,
        "interval95": [pi - 1.96 * error, pi + 1.96 * error],
    }


def main():
    results_dir, output_dir = directory("TASK_RESULTS_DIR"), directory("OUTPUT_DIR")
    results = [json.loads(path.read_text()) for path in results_dir.glob("*.json")]
    if not results:
        sys.exit("no task left a result")
    answer = estimate(results)
    (output_dir / "pi.json").write_text(json.dumps(answer, indent=1))
    print(f"pi is about {answer['pi']:.6f}, give or take {answer['standardError']:.6f}")


if __name__ == "__main__":
    main()
