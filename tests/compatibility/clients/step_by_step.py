"""A step-by-step client: an empty job, then PATCH by PATCH, with the raw token and a flat body for run."""
import json
import time

from components import push_tally, url_safe
from promises import GENERIC, JOB_REPLY, LOG_LINE, fields, items, mapping, text
from session import MANY, SOURCE_URL, Session, download, get_token

session = Session(get_token())
push_tally(session, encode=url_safe)

create = {"name": "Steps", "app": "tally@0.1", "partitioner": "tally-split", "assembler": "tally-join"}
job = session.call(JOB_REPLY, "POST", "/computing/jobs", json=create)["job"]
assert job["dataSource"] is None and job["dataDestination"] is None, job
path = f"/computing/jobs/{job['id']}"

source = {
    "dataSourceDescriptor": "url",
    "params": {
        "@type": "type.googleapis.com/bytenite.data_source.HttpDataSource",
        "url": SOURCE_URL,
        "password": "not echoed",
    },
}
sources = {"dataSource": source, "dataDestination": {"dataSourceDescriptor": "bucket", "params": None}}
job = session.call(JOB_REPLY, "PATCH", f"{path}/datasource", json=sources)["job"]
assert job["dataSource"]["params"]["url"] == SOURCE_URL, job["dataSource"]
assert job["dataSource"]["params"]["password"] == "", job["dataSource"]

message = session.refused(
    400, 3, "PATCH", f"{path}/datasource", json={"dataSource": {"dataSourceDescriptor": "bucket"}}
)
assert message == "bucket cannot be used as a data source", message

params = {"partitioner": {"lines_per_chunk": 2}, "app": {"minLength": 3, "some_label": "first"}}
session.call(JOB_REPLY, "PATCH", f"{path}/params", json=params)
job = session.call(JOB_REPLY, "PATCH", f"{path}/params", json={"app": {"minLength": 3, "some_label": "steps"}})["job"]
assert job["params"]["partitioner"] == {"lines_per_chunk": 2}, job["params"]
assert job["params"]["app"]["some_label"] == "steps", job["params"]

job = session.call(JOB_REPLY, "PATCH", f"{path}/jobname", json="Renamed by a bare string")["job"]
assert job["name"] == "Renamed by a bare string", job
job = session.call(JOB_REPLY, "PATCH", f"{path}/configs", json={"jobTimeout": 900})["job"]
assert job["config"]["jobTimeout"] == 900, job["config"]

session.call(GENERIC, "POST", f"{path}/run", json={"taskTimeout": 60, "isTestJob": False})
for _ in range(MANY):
    job = session.call(JOB_REPLY, "GET", path)["job"]
    if job["endedAt"] is not None:
        break
    time.sleep(0.1)
assert job["state"] == "JOB_STATE_COMPLETE", job
assert job["config"]["taskTimeout"] == 60 and job["config"]["jobTimeout"] == 900, job["config"]
assert job["paymentAmount"] > 0, job
session.refused(400, 9, "PATCH", f"{path}/params", json=params)

logs = session.call(
    fields(partitioner=items(LOG_LINE), assembler=items(LOG_LINE), taskrunner=mapping),
    "POST",
    "/computing/logs",
    json={"jobId": job["id"], "services": ["TASKRUNNER"]},
)
lines = [line["log"] for task in logs["taskrunner"].values() for line in task["logs"]]
assert "counted 3 words" in lines, lines

results = session.call(fields(results=items(fields(name=text, link=text))), "GET", f"{path}/results")
files = {result["name"]: download(result["link"]).json() for result in results["results"]}

# The draft's end: aborting it deletes it.
draft = session.call(JOB_REPLY, "POST", "/computing/jobs", json=create)["job"]["id"]
session.call(GENERIC, "POST", f"/computing/jobs/{draft}/abort")
assert session.refused(404, 5, "GET", f"/computing/jobs/{draft}") == "job not found"
session.call(GENERIC, "POST", "/auth/signout", json={})
assert session.refused(401, 16, "GET", path) == "invalid token"
print(json.dumps({"jobId": job["id"], "files": files}))
