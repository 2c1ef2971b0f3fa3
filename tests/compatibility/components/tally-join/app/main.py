"""Adds up what all tasks wrote; takes no parameters, and does not look at them."""
import json
import os

results_dir = os.environ["TASK_RESULTS_DIR"]
output_dir = os.environ["OUTPUT_DIR"]
if os.environ["RESULTS_DIR"] != results_dir:
    raise RuntimeError("RESULTS_DIR is not TASK_RESULTS_DIR")
for path, mode in ((results_dir, os.R_OK), (output_dir, os.W_OK)):
    if not os.path.isdir(path) or not os.access(path, mode):
        raise RuntimeError(f"{path} cannot be used")


def read_result_files(folder):
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                yield name, file.read()


def save_output_file(name, content):
    path = os.path.join(output_dir, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


results = {name: json.loads(text) for name, text in read_result_files(results_dir)}
details = dict(read_result_files(os.path.join(results_dir, "details")))
total = {
    "words": sum(result["words"] for result in results.values()),
    "labels": sorted({result["label"] for result in results.values()}),
    "results": list(results),
    "details": list(details),
    "longest": max("\n".join(details.values()).split(), key=len),
}
save_output_file("totals/words.json", json.dumps(total))
