"""One caller of the API with requests, and a platform's address and key from the environment."""
import os

import requests

from promises import check, check_error, fields, string_int, text

URL = os.environ["BYTENITE_URL"]
API_KEY = os.environ["BYTENITE_API_KEY"]
SOURCE_URL = os.environ["SOURCE_URL"]
COMPONENTS = os.environ["COMPONENTS"]
TIMEOUT = 30
MANY = 600


def get_token():
    reply = requests.post(f"{URL}/v1/auth/access_token", json={"apiKey": API_KEY}, timeout=TIMEOUT)
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"] == "application/json", reply.headers
    body = check(fields(token=text, expiresIn=string_int, scope=text), reply.json())
    assert body["expiresIn"] == "3600", body
    return body["token"]


class Session:
    def __init__(self, authorization):
        self.headers = {"Authorization": authorization}

    def send(self, method, path, **options):
        url = f"{URL}/v1{path}"
        return requests.request(method, url, headers=self.headers, timeout=TIMEOUT, **options)

    def call(self, shape, method, path, **options):
        reply = self.send(method, path, **options)
        assert reply.status_code == 200, f"{method} {path}: {reply.status_code} {reply.text}"
        return check(shape, reply.json())

    def refused(self, status, code, method, path, **options):
        reply = self.send(method, path, **options)
        assert reply.status_code == status, f"{method} {path}: {reply.status_code} {reply.text}"
        check_error(status, reply.json(), code)
        return reply.json()["message"]


def download(link):
    """Without a token: the link is enough."""
    reply = requests.get(link, timeout=TIMEOUT)
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Disposition"].startswith("attachment"), reply.headers
    return reply
