"""An early client: POST aliases, snake_case, `local` for a file and `s3` for a secret."""
import json
import time

import requests

from components import push_tally
from promises import GENERIC, JOB_REPLY, SECRET, check, fields, integer, items, mapping, string_int, text
from session import MANY, Session, download, get_token

session = Session(get_token())
push_tally(session)

secret = {"secret": {"id": "early_store", "secret_type": "s3", "access_key": "early"}, "secret_key": "hush"}
session.call(GENERIC, "POST", "/auth/secrets", json=secret)
secrets = session.call(
    fields(secrets=items(SECRET)), "GET", "/auth/secrets", params={"secret_type": "s3"}
)["secrets"]
assert [(s["id"], s["secretType"]) for s in secrets] == [("early_store", "aws")], secrets
assert "hush" not in json.dumps(secrets), secrets
session.call(GENERIC, "DELETE", "/auth/secrets/s3/early_store")

template = {
    "id": "early-template",
    "app": "tally",
    "partitioner": "tally-split",
    "assembler": "tally-join",
    "data_destination": {"data_source_descriptor": "bucket"},
    "config": {"task_timeout": "120", "is_test_job": "true"},
}
session.call(GENERIC, "POST", "/dev/templates", json=template)

job = session.call(
    JOB_REPLY, "POST", "/customer/jobs", json={"template_id": "early-template", "name": "Early", "job_id": ""}
)["job"]
assert job["config"]["taskTimeout"] == 120 and job["config"]["isTestJob"] is True, job["config"]
job_id = job["id"]
store = {
    "data_source_descriptor": "s3",
    "params": {
        "@type": "type.googleapis.com/bytenite.data_source.S3DataSource",
        "name": "/july/",
        "bucket_name": "archive",
        "cloud_region": "eu-west-1",
        "secret_id": "early_store",
    },
}
# Not in this version: refused under the name that is emitted for it, and never ignored.
message = session.refused(
    501, 12, "POST", f"/customer/jobs/{job_id}/datasource", json={"data_source": store}
)
assert message == "the data source aws is not available in this version", message
local = {
    "data_source_descriptor": "local",
    "params": {
        "@type": "type.googleapis.com/bytenite.data_source.LocalFileDataSource",
        "name": "",
        "url": "",
        "username": "",
        "password": "",
    },
}
job = session.call(
    JOB_REPLY, "POST", f"/customer/jobs/datasource/{job_id}", json={"data_source": local}
)["job"]
assert job["dataSource"]["dataSourceDescriptor"] == "file", job["dataSource"]

assert session.refused(400, 9, "POST", f"/customer/jobs/uploadcompleted/{job_id}") == "no file has been uploaded"
upload = requests.put(
    job["dataSource"]["params"]["tempUrl"],
    files={"file": ("words.txt", b"one two three\nfour five six\n")},
    timeout=30,
)
assert 200 <= upload.status_code < 300, upload.text
session.call(GENERIC, "POST", f"/customer/jobs/uploadcompleted/{job_id}")

params = {"partitioner": {"lines_per_chunk": "1"}, "app": {"minLength": 3, "some_label": "early"}}
job = session.call(JOB_REPLY, "POST", f"/customer/jobs/params/{job_id}", json=params)["job"]
assert job["params"]["partitioner"] == {"lines_per_chunk": "1"}, "user data is never touched"

info = fields(filename=text, path=text, size=string_int, properties=mapping, tempUrl=text)
bypass = {"data_source": {"data_source_descriptor": "bypass"}, "list_files": "true"}
session.call(info, "POST", "/customer/jobs/datasource/info", json=bypass)

session.call(GENERIC, "POST", f"/customer/jobs/run/{job_id}")
running = session.call(
    fields(jobsRunningTasks=mapping), "POST", "/customer/jobs/runningTasks", json={"jobs_ids": [job_id]}
)
check(integer, running["jobsRunningTasks"][job_id])
for _ in range(MANY):
    job = session.call(JOB_REPLY, "GET", f"/customer/jobs/{job_id}")["job"]
    if job["state"] in ("JOB_STATE_COMPLETE", "JOB_STATE_FAILED"):
        break
    time.sleep(0.1)
assert job["state"] == "JOB_STATE_COMPLETE", job

results = session.call(
    fields(results=items(fields(name=text, link=text))), "GET", f"/customer/jobs/{job_id}/results"
)
files = {result["name"]: download(result["link"]).json() for result in results["results"]}
print(json.dumps({"jobId": job_id, "files": files}))
