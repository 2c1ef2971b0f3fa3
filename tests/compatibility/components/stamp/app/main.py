"""Needs no input and no parameters; looks for any *.bin, as early components do."""
import glob
import os

chunks = glob.glob(os.path.join(os.environ["TASK_DIR"], "*.bin"))
if len(chunks) != 1:
    raise RuntimeError(f"expected one chunk, found {chunks}")
if os.environ["APP_PARAMS"] != "{}":
    raise RuntimeError(f"expected {{}}, got {os.environ['APP_PARAMS']}")
with open(os.path.join(os.environ["TASK_RESULTS_DIR"], "stamp.txt"), "w") as file:
    file.write(f"stamped {os.path.basename(chunks[0])}")
