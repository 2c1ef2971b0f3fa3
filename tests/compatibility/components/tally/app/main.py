"""Counts the words of a chunk; every task writes results of the same names."""
import json
import os

try:
    app_params = json.loads(os.getenv("APP_PARAMS"))
except (TypeError, ValueError) as error:
    raise RuntimeError("APP_PARAMS is no JSON") from error

task_dir = os.getenv("TASK_DIR")
results_dir = os.getenv("TASK_RESULTS_DIR")
if not task_dir or not results_dir:
    raise RuntimeError("TASK_DIR or TASK_RESULTS_DIR is not set")
if not os.path.isdir(task_dir) or not os.path.isdir(results_dir):
    raise RuntimeError("TASK_DIR or TASK_RESULTS_DIR is no directory")
if not os.access(results_dir, os.W_OK):
    raise RuntimeError("TASK_RESULTS_DIR is not writable")
if os.listdir(results_dir):
    raise RuntimeError("TASK_RESULTS_DIR is not empty")


def read_chunk():
    found = [name for name in os.listdir(task_dir) if name.endswith(".bin")]
    if found != ["data.bin"] or os.listdir(task_dir) != found:
        raise RuntimeError(f"expected data.bin alone, found {os.listdir(task_dir)}")
    with open(os.path.join(task_dir, found[0]), encoding="utf-8") as file:
        return file.read()


def write_task_result(name, content):
    path = os.path.join(results_dir, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


words = [word for word in read_chunk().split() if len(word) >= app_params["minLength"]]
print(f"counted {len(words)} words")
write_task_result("result.json", json.dumps({"words": len(words), "label": app_params["some_label"]}))
write_task_result("details/words.txt", "\n".join(words))
