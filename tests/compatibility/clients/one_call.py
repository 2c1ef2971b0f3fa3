"""A one-call client: everything in POST /jobs, then run without a body, then polling."""
import json
import time

from components import push_tally
from promises import GENERIC, JOB_REPLY, TASK, check, fields, items, text
from session import MANY, SOURCE_URL, Session, download, get_token

session = Session(f"Bearer {get_token()}")
push_tally(session, mode="w:gz")

reply = session.call(
    JOB_REPLY,
    "POST",
    "/customer/jobs",
    json={
        "name": "One call",
        "description": "All in one request",
        "app": "tally",
        "partitioner": "tally-split@0.1",
        "assembler": "tally-join@0",
        "dataSource": {
            "dataSourceDescriptor": "url",
            "params": {
                "@type": "type.googleapis.com/bytenite.data_source.HttpDataSource",
                "url": SOURCE_URL,
                "name": "",
                "username": "",
                "password": "",
            },
        },
        "dataDestination": {"dataSourceDescriptor": "bucket"},
        "params": {
            "partitioner": {"lines_per_chunk": 2},
            "app": {"minLength": 3, "some_label": "one call", "untouched_key": {"a_b": 1.50}},
            "assembler": {},
        },
        "config": {"taskTimeout": "600", "jobTimeout": "7200", "isTestJob": True},
    },
)
job = reply["job"]
assert job["state"] == "JOB_STATE_NEW", job
assert job["config"]["taskTimeout"] == 600 and job["config"]["jobTimeout"] == 7200, job["config"]
assert job["config"]["maxTaskRetries"] == 3, job["config"]
assert job["params"]["app"]["untouched_key"] == {"a_b": 1.5}, job["params"]
assert job["dataSource"]["params"]["@type"].endswith(".HttpDataSource"), job["dataSource"]
path = f"/customer/jobs/{job['id']}"

assert session.refused(400, 9, "GET", f"{path}/results") == "job has not yet been completed"
session.call(GENERIC, "POST", f"{path}/run")
assert session.refused(400, 9, "POST", f"{path}/run") == "job has already been started"

for _ in range(MANY):
    job = session.call(JOB_REPLY, "GET", path)["job"]
    if job["state"] in ("JOB_STATE_COMPLETE", "JOB_STATE_FAILED"):
        break
    time.sleep(0.1)
assert job["state"] == "JOB_STATE_COMPLETE", job
assert job["numChunks"] == 3 and job["appId"] == "tally@0.1", job
assert job["taskCounts"] == {"TASK_STATE_COMPLETED": 3}, job["taskCounts"]
assert job["paymentAmount"] == 0, "a test job costs nothing"
assert job["duration"] > 0 and job["errorMessage"] == "", job

tasks = session.call(fields(data=items(TASK)), "GET", f"{path}/tasks", params={"kind": "APP"})
assert [task["chunkNumber"] for task in tasks["data"]] == [0, 1, 2], tasks

results = session.call(fields(results=items(fields(name=text, link=text))), "GET", f"{path}/results")
files = {result["name"]: download(result["link"]).json() for result in results["results"]}
check(lambda names: names == {"totals/words.json"}, set(files))
print(json.dumps({"jobId": job["id"], "files": files}))
