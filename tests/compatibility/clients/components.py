"""Pushes components as people do: a tar of the folder, made by tarfile."""
import base64
import io
import os
import tarfile

from promises import APP, ENGINE, ENGINE_MESSAGE, GENERIC
from session import COMPONENTS


def archive(name, mode="w"):
    """The folder in itself, with owners, times and entries for folders, as tarfile leaves them."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode=mode) as tar:
        tar.add(os.path.join(COMPONENTS, name), arcname=name)
    return memory.getvalue()


def standard(data):
    return base64.b64encode(data).decode()


def url_safe(data):
    """The other alphabet, without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def push_app(session, name, mode="w", encode=standard):
    pushed = session.call(APP, "POST", "/dev/apps", json={"data": encode(archive(name, mode))})
    assert pushed["name"] == name and pushed["revision"] == "1", pushed
    session.call(GENERIC, "POST", f"/dev/apps/{name}@{pushed['version']}/activate")
    status = session.call(GENERIC, "GET", f"/dev/apps/{name}/status")
    assert status["message"] == "active", status
    return pushed


def push_engine(session, name, mode="w", encode=standard):
    body = {"engineData": encode(archive(name, mode))}
    pushed = session.call(ENGINE, "POST", "/dev/engines", json=body)
    assert pushed["name"] == name and pushed["revision"] == 1, pushed
    message = session.call(ENGINE_MESSAGE, "POST", f"/dev/engines/{name}/activate")
    assert message["engineStatus"] == "active", message
    return pushed


def push_tally(session, **how):
    push_engine(session, "tally-split", **how)
    push_app(session, "tally", **how)
    join = push_engine(session, "tally-join", **how)
    assert join["platformConfig"]["username"] == "team", join
    assert join["platformConfig"]["token"] == "", join
