"""A client of the ByteNite platform in one file: copy it beside your program. Needs Python 3.9 and nothing else.

    import bytenite

    client = bytenite.Client()  # the platform that runs here, or that the command line is signed in to
    done = client.run_and_wait(template="word-count", params={"app": {"min_length": 4}}, input="book.txt")
    client.download_results(done.job["id"], "results")

Replies are the API's own JSON as dicts. Whatever the platform refuses is an ApiError with its code; what does not
get through is a ConnectionFailed. Calls that do no harm when they are made twice are repeated with a growing pause.
"""

from __future__ import annotations

import email.utils
import http.client
import io
import json
import os
import random
import re
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Union

__version__ = "0.1.0"
__all__ = [
    "ApiError",
    "ByteniteError",
    "Client",
    "ConnectionFailed",
    "Finished",
    "JobFailed",
    "Platform",
    "find_platform",
]

Json = Dict[str, Any]
PathOrFile = Union[str, "os.PathLike[str]", BinaryIO]

JOBS = "/v1/customer/jobs"
PAGE = 200
BLOCK = 256 * 1024
# Keep-alives of the stream of events come every 15 s: two missed and it is taken for dead.
EVENTS_IDLE = 40.0
TRANSFER_IDLE = 60.0
MAX_RETRY_AFTER = 60.0
MAX_LINE = 16 * 1024 * 1024
PASSING = (502, 503, 504)
# The calls that the platform does once by their key: what makes, runs and retries a job.
TAKES_KEY = re.compile(r"/v1/(customer|computing)/jobs(/[^/]+/(run|retry)|/run/[^/]+)?")
TOO_MANY_REQUESTS = 429
# What ends a stream comes as its code alone.
STATUS_IN_STREAMS = {8: 429, 14: 503, 16: 401}
# A wait looks this often at a platform that does not answer; each look has tried several times itself.
LOOKS_IN_VAIN = 10
ENDED = ("JOB_STATE_COMPLETE", "JOB_STATE_FAILED")


class ByteniteError(Exception):
    """What every error of this module is."""


class ApiError(ByteniteError):
    """The platform refused a call."""

    def __init__(self, status: int, body: Json, retry_after: Optional[float] = None, request_id: str = "") -> None:
        self.status = status
        #: Number of the gRPC code; 0 where something else than the platform answered.
        self.code: int = body["code"] if isinstance(body.get("code"), int) else 0
        self.message: str = body.get("message") or "HTTP %d %s" % (status, http.client.responses.get(status, ""))
        self.details: List[Any] = body.get("details") if isinstance(body.get("details"), list) else []
        #: What an operator finds the call by in the server's log.
        self.request_id: str = body.get("requestId") or request_id
        #: Seconds after which the platform wants to be asked again.
        self.retry_after = retry_after
        super().__init__(self.message)

    @property
    def violations(self) -> List[Json]:
        """The fields that were refused: `{"field", "description"}`."""
        found: List[Json] = []
        for detail in self.details:
            if isinstance(detail, dict):
                found += detail.get("fieldViolations") or []
        return found


class ConnectionFailed(ByteniteError):
    """No answer: the platform was not reached, the connection broke, or time ran out."""

    def __init__(self, message: str, may_be_done: bool = True) -> None:
        #: False when the platform cannot have got the request.
        self.may_be_done = may_be_done
        super().__init__(message)


class JobFailed(ByteniteError):
    """A job that was waited for has failed; `job` says how."""

    def __init__(self, job: Json) -> None:
        self.job = job
        super().__init__("job %s failed: %s" % (job["id"], job["errorMessage"] or job["failureReason"]))


class Finished(NamedTuple):
    job: Json
    results: List[Json]


# ---------------------------------------------------------------------------------------------------------------
# Which platform, and as whom


@dataclass
class Platform:
    base_url: str
    api_key: Optional[str] = None
    token: Optional[str] = None


def find_platform(base_url: Optional[str] = None, api_key: Optional[str] = None) -> Platform:
    """What the command line would use: the arguments, then BYTENITE_API_URL and BYTENITE_API_KEY, then what
    `bytenite auth` stored, then the platform that `bytenite up` runs on this machine."""
    stored = _read_credentials(_config_dir() / "auth-prod.json")
    data_dir = os.environ.get("BYTENITE_DATA_DIR")
    local = _find_local(data_dir)
    url = base_url or os.environ.get("BYTENITE_API_URL")
    if not url and stored.get("apiUrl") and not data_dir:
        url = stored["apiUrl"]
    if not url and local:
        url = local["url"]
    if not url:
        raise ByteniteError(
            "no platform to talk to: none runs on this machine, and none was named. Start one with "
            "`bytenite up`, or set BYTENITE_API_URL and BYTENITE_API_KEY, or pass base_url and api_key"
        )
    url = _checked_url(url)
    key = api_key or os.environ.get("BYTENITE_API_KEY")
    if key:
        return Platform(url, api_key=key.strip())
    if local and _same_url(local["url"], url):
        local_key = _read_text(Path(local["dataDir"]) / "api-key").strip()
        if local_key:
            return Platform(url, api_key=local_key)
    # A key is never sent to another address than the one it is for.
    if stored.get("refreshToken") and _same_url(stored.get("apiUrl", ""), url):
        return Platform(url, api_key=stored["refreshToken"])
    raise ByteniteError(
        "no API key for %s: pass api_key, set BYTENITE_API_KEY, or sign in with "
        "`bytenite auth --url %s --api-key KEY`" % (url, url)
    )


def _config_dir() -> Path:
    base = "Library/Application Support" if sys.platform == "darwin" else ".config"
    return Path.home() / base / "bytenite-cli"


def _read_credentials(file: Path) -> Json:
    stored = _read_json(file)
    if file.exists() and not all(isinstance(stored.get(name), str) for name in ("apiUrl", "refreshToken")):
        raise ByteniteError("%s is damaged: sign in again with `bytenite auth --api-key KEY`, or delete it" % file)
    return stored


def _find_local(data_dir: Optional[str]) -> Optional[Json]:
    if data_dir:
        return _read_local(Path(data_dir).resolve())
    found = _read_local(Path.home() / ".bytenite")
    if found:
        return found
    pointer = _read_json(_config_dir() / "local-platform.json").get("dataDir")
    return _read_local(Path(pointer)) if isinstance(pointer, str) else None


def _read_local(data_dir: Path) -> Optional[Json]:
    run = _read_json(data_dir / "run.json")
    if not isinstance(run.get("pid"), int) or not isinstance(run.get("url"), str) or not _is_alive(run["pid"]):
        return None
    return {"url": run["url"], "dataDir": str(data_dir)}


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # alive, and someone else's
    except (OSError, OverflowError):
        return False
    return True


def _read_text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError:
        return ""


def _read_json(file: Path) -> Json:
    try:
        value = json.loads(_read_text(file))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _checked_url(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ByteniteError("%r is not an address: give it like http://127.0.0.1:4280" % url)
    return url.rstrip("/")


def _same_url(one: str, other: str) -> bool:
    def normal(url: str) -> str:
        return url.rstrip("/").replace("//localhost", "//127.0.0.1")

    return normal(one) == normal(other)


# ---------------------------------------------------------------------------------------------------------------
# One HTTP exchange


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect of the API would take the credentials along."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_api_opener = urllib.request.build_opener(_NoRedirect)
_link_opener = urllib.request.build_opener()


def _open(opener: urllib.request.OpenerDirector, request: urllib.request.Request, timeout: float) -> Any:
    """Sends a request and returns the reply with its body unread; every failure is one of this module's errors."""
    try:
        return opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        raise _api_error(error) from None
    except urllib.error.URLError as error:
        raise _connection_failed(request, error.reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise _connection_failed(request, error) from error


def _api_error(error: urllib.error.HTTPError) -> ApiError:
    with error:
        try:
            body = json.loads(error.read(1024 * 1024))
        except (ValueError, OSError, http.client.HTTPException):
            body = {}
    retry_after = _parse_retry_after(error.headers.get("Retry-After"))
    request_id = error.headers.get("X-Request-Id") or ""
    return ApiError(error.code, body if isinstance(body, dict) else {}, retry_after, request_id)


def _connection_failed(request: urllib.request.Request, reason: Any) -> ConnectionFailed:
    origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(request.full_url))
    if isinstance(reason, (socket.timeout, TimeoutError)):
        return ConnectionFailed("%s did not answer in time" % origin)
    before_sending = isinstance(reason, (ConnectionRefusedError, socket.gaierror))
    return ConnectionFailed("%s could not be reached: %s" % (origin, reason), may_be_done=not before_sending)


def _parse_retry_after(header: Optional[str]) -> Optional[float]:
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        date = email.utils.parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    return max(0.0, date.timestamp() - time.time())


# ---------------------------------------------------------------------------------------------------------------
# The client


class Client:
    """One platform. Without arguments, the one that the command line would use; see find_platform.

    timeout is the limit in seconds of connecting and of every wait for bytes; retries is the number of tries
    after the first; a pause before one of them begins at retry_base seconds and doubles.
    """

    def __init__(
        self,
        base_url: Optional[str] = None,
        api_key: Optional[str] = None,
        *,
        token: Optional[str] = None,
        timeout: float = 30.0,
        retries: int = 3,
        retry_base: float = 0.2,
        retry_cap: float = 2.0,
    ) -> None:
        if token is not None:
            platform = Platform(_checked_url(base_url or os.environ.get("BYTENITE_API_URL") or ""), token=token)
        else:
            platform = find_platform(base_url, api_key)
        self.base_url = platform.base_url
        self.timeout = timeout
        self.retries = retries
        self.retry_base = retry_base
        self.retry_cap = retry_cap
        self._login = {"X-API-KEY": platform.api_key} if platform.api_key else {"Authorization": "Bearer %s" % token}

    # Calls

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        *,
        repeatable: Optional[bool] = None,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Json:
        """Makes any call of the API and returns its reply. A call that did not get through is repeated when it
        cannot have been done, or when it is repeatable: so is everything but POST, and what makes, runs or retries a
        job with an idempotency_key, by which the platform knows it again. Other calls do not take the key."""
        if method != "POST" or not TAKES_KEY.fullmatch(path):
            idempotency_key = None
        if repeatable is None:
            repeatable = method != "POST" or idempotency_key is not None
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self._login}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        data = None if body is None else json.dumps(body).encode()
        if data is None and method in ("POST", "PATCH"):
            data = b"{}"

        def once() -> Json:
            request = urllib.request.Request(self._url(path, query), data, headers, method=method)
            with _open(_api_opener, request, timeout or self.timeout) as response:
                try:
                    text = response.read()
                except (OSError, http.client.HTTPException) as error:
                    raise _connection_failed(request, error) from error
            try:
                return json.loads(text)
            except ValueError:
                raise ByteniteError("the reply to %s %s is not JSON: is %s a platform?" % (method, path, self.base_url))

        return self._with_tries(once, repeatable)

    def _url(self, path: str, query: Optional[Mapping[str, Any]] = None) -> str:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        search = {name: ",".join(value) if isinstance(value, (list, tuple)) else value for name, value in given.items()}
        return self.base_url + path + ("?" + urllib.parse.urlencode(search) if search else "")

    def _with_tries(self, once: Callable[[], Any], repeatable: bool) -> Any:
        tries = 0
        while True:
            try:
                return once()
            except (ApiError, ConnectionFailed) as error:
                tries += 1
                pause = self._pause(error, tries, repeatable)
                if pause is None:
                    raise
            time.sleep(pause)

    def _pause(self, error: Union[ApiError, ConnectionFailed], tries: int, repeatable: bool) -> Optional[float]:
        """Seconds before the next try; None when there is to be none."""
        if tries > self.retries:
            return None
        full = min(self.retry_cap, self.retry_base * 2 ** (tries - 1))
        backoff = full / 2 + random.random() * full / 2
        if isinstance(error, ConnectionFailed):
            return backoff if repeatable or not error.may_be_done else None
        # Refused at the door: nothing has been done.
        if error.status != TOO_MANY_REQUESTS and not (repeatable and error.status in PASSING):
            return None
        asked = error.retry_after or 0.0
        return None if asked > MAX_RETRY_AFTER else asked + backoff

    # Lists

    def pages(
        self, path: str, query: Optional[Mapping[str, Any]] = None, *, filter: Optional[Mapping[str, Any]] = None
    ) -> Iterator[Json]:
        """Every item of a list, page by page as they are asked for. With filter, the call is a POST."""
        offset = 0
        last: set = set()
        while True:
            if filter is None:
                reply = self.call("GET", path, None, {"limit": PAGE, **(query or {}), "offset": offset})
            else:
                pagination = {"limit": PAGE, **filter.get("pagination", {}), "offset": offset}
                reply = self.call("POST", path, {**filter, "pagination": pagination}, repeatable=True)
            items = next((value for name, value in reply.items() if name != "pagination" and isinstance(value, list)), [])
            for item in items:
                # New items push others onto the next page: those were given already.
                if item["id"] not in last:
                    yield item
            if not items or not reply["pagination"]["hasNext"]:
                return
            last = {item["id"] for item in items}
            offset += len(items)

    def list_jobs(self, order_by: Optional[str] = None) -> Iterator[Json]:
        """All jobs, newest first unless order_by says otherwise."""
        return self.pages(JOBS, {"orderBy": order_by})

    def filter_jobs(self, filters: List[Json], order_by: Optional[str] = None) -> Iterator[Json]:
        """Jobs that meet all conditions: `{"field", "condition", "value"}`."""
        body: Json = {"filters": filters}
        if order_by is not None:
            body["orderBy"] = order_by
        return self.pages(JOBS + "/filter", filter=body)

    def list_tasks(self, job_id: str, **query: Any) -> Iterator[Json]:
        return self.pages(self._job(job_id, "/tasks"), query)

    def list_templates(self) -> Iterator[Json]:
        """Templates that a job can be made of: own ones and public ones."""
        return self.pages(JOBS + "/templates")

    # Jobs

    def create_job(
        self,
        *,
        template: Optional[str] = None,
        app: Optional[str] = None,
        partitioner: Optional[str] = None,
        assembler: Optional[str] = None,
        name: Optional[str] = None,
        description: Optional[str] = None,
        job_id: Optional[str] = None,
        params: Optional[Mapping[str, Any]] = None,
        config: Optional[Mapping[str, Any]] = None,
        data_source: Optional[Mapping[str, Any]] = None,
        data_destination: Optional[Mapping[str, Any]] = None,
        run: bool = False,
        idempotency_key: Optional[str] = None,
    ) -> Json:
        """Makes a draft of a template or of an app; with run, starts it at once. Returns the job."""
        body = {
            "templateId": template,
            "app": app,
            "partitioner": partitioner,
            "assembler": assembler,
            "name": name,
            "description": description,
            "jobId": job_id,
            "params": params,
            "config": config,
            "dataSource": data_source,
            "dataDestination": data_destination,
            "run": run or None,
        }
        given = {field: value for field, value in body.items() if value is not None}
        return self.call("POST", JOBS, given, idempotency_key=idempotency_key)["job"]

    def get_job(self, job_id: str) -> Json:
        return self.call("GET", self._job(job_id))["job"]

    def run(self, job_id: str, config: Optional[Mapping[str, Any]] = None) -> None:
        """Starts a draft, once, also where the answer is lost."""
        self.call("POST", self._job(job_id, "/run"), config or {}, idempotency_key=uuid.uuid4().hex)

    def abort(self, job_id: str) -> None:
        """Stops a job that runs; deletes a draft."""
        self.call("POST", self._job(job_id, "/abort"))

    def delete_job(self, job_id: str) -> None:
        self.call("DELETE", self._job(job_id))

    def results(self, job_id: str) -> List[Json]:
        """`{"name", "link"}` of every delivered file."""
        return self.call("GET", self._job(job_id, "/results"))["results"]

    def logs(self, job_id: str, **filters: Any) -> Json:
        """Lines by stage; filters as in the API: taskIds, levels, services, since, until, limit, after."""
        body = {"jobId": job_id, **filters}
        return self.call("POST", "/v1/customer/logs", body, repeatable=True, timeout=max(self.timeout, 120.0))

    def _job(self, job_id: str, rest: str = "") -> str:
        return "%s/%s%s" % (JOBS, urllib.parse.quote(job_id, safe=""), rest)

    # Waiting

    def events(
        self,
        job_id: Optional[str] = None,
        events: Optional[Iterable[str]] = None,
        last_event_id: Optional[str] = None,
        *,
        keep_alives: bool = False,
    ) -> Iterator[Json]:
        """Changes as they happen, `{"event", "id", "data"}`, without end; a connection that breaks is opened again
        behind the last event. Leave the loop, or close() the iterator, to stop. With keep_alives, None comes when the
        stream is connected and about every 15 s after: what came before is not in the stream, so look then."""
        failures = 0
        while True:
            failure: Union[ApiError, ConnectionFailed]
            try:
                query = {"jobId": job_id, "events": list(events) if events else None, "lastEventId": last_event_id}
                for number, line in enumerate(self._event_lines(query)):
                    # A server that lets in and hangs up at once is no better than one that does not answer.
                    if number > 0:
                        failures = 0
                    if line is None:
                        if keep_alives:
                            yield None  # type: ignore[misc]
                        continue
                    last_event_id = line["id"]
                    yield line
                failure = ConnectionFailed("%s keeps ending the stream of events" % self.base_url)
            except (ApiError, ConnectionFailed) as error:
                if isinstance(error, ApiError) and error.status != TOO_MANY_REQUESTS and error.status not in PASSING:
                    raise
                failure = error
            failures += 1
            if failures > 12:
                raise failure
            asked = min(getattr(failure, "retry_after", None) or 0.0, MAX_RETRY_AFTER)
            time.sleep(asked + min(5.0, self.retry_base * 2**failures) * (0.5 + random.random() / 2))

    def _event_lines(self, query: Mapping[str, Any]) -> Iterator[Optional[Json]]:
        headers = {"Accept": "application/x-ndjson", **self._login}
        request = urllib.request.Request(self._url("/v1/customer/events", query), None, headers)
        with _open(_api_opener, request, EVENTS_IDLE) as response:
            yield None
            while True:
                try:
                    line = response.readline(MAX_LINE)
                except (OSError, http.client.HTTPException) as error:
                    raise _connection_failed(request, error) from error
                if not line:
                    return
                if not line.endswith(b"\n"):
                    raise ConnectionFailed("%s broke off in the middle of an event" % self.base_url)
                if not line.strip():
                    yield None
                    continue
                envelope = json.loads(line)
                if envelope.get("error"):
                    error = envelope["error"]
                    raise ApiError(STATUS_IN_STREAMS.get(error.get("code"), 400), error)
                yield envelope["result"]

    def wait(
        self,
        job_id: str,
        *,
        timeout: Optional[float] = None,
        on_update: Optional[Callable[[Json], None]] = None,
    ) -> Json:
        """The job at its end, told by events, or seen by asking where none get through and where there is a
        timeout. Raises JobFailed when it failed, TimeoutError when it has not ended after timeout seconds (the job
        goes on)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        for job in self._states(job_id, deadline):
            if on_update is not None:
                on_update(job)
            if job["state"] == "JOB_STATE_NEW":
                raise ByteniteError("job %s is a draft: there is nothing to wait for until it is run" % job_id)
            if job["state"] == "JOB_STATE_FAILED":
                raise JobFailed(job)
            if job["state"] == "JOB_STATE_COMPLETE":
                return job
        raise TimeoutError("job %s has not ended after %s s" % (job_id, timeout))

    def _states(self, job_id: str, deadline: Optional[float]) -> Iterator[Json]:
        # Events block until they come, so a wait with a deadline asks.
        while deadline is None:
            try:
                for event in self.events(job_id, ["job.updated"], keep_alives=True):
                    # An event is a hint and the job the truth: at the connection and in silence, look.
                    job = self._look(job_id) if event is None else event["data"]["job"]
                    if job is not None:
                        yield job
            except ApiError as error:
                if error.code == 11:
                    continue  # what happened in between can no longer be replayed: begin anew
                if error.status == 401:
                    raise
                break
        looks = in_vain = 0
        while deadline is None or time.monotonic() < deadline:
            job = self._look(job_id)
            looks += 1
            in_vain = in_vain + 1 if job is None else 0
            if in_vain > LOOKS_IN_VAIN:
                raise ConnectionFailed("%s has not answered for long" % self.base_url)
            if job is not None:
                yield job
            pause = min(2.0, 0.1 * 1.5 ** min(looks, 20))
            time.sleep(pause if deadline is None else max(0.0, min(pause, deadline - time.monotonic())))

    def _look(self, job_id: str) -> Optional[Json]:
        """The job; None while the platform is away, as it is when it is started again."""
        try:
            return self.get_job(job_id)
        except ConnectionFailed:
            return None
        except ApiError as error:
            if error.status >= 500 or error.status == TOO_MANY_REQUESTS:
                return None
            raise

    def run_and_wait(
        self,
        *,
        input: Optional[PathOrFile] = None,
        input_name: Optional[str] = None,
        timeout: Optional[float] = None,
        on_update: Optional[Callable[[Json], None]] = None,
        **spec: Any,
    ) -> Finished:
        """Creates a job (see create_job for spec), uploads its input, runs it, and waits for its end. A draft that
        comes to nothing is deleted; after a timeout the job goes on."""
        if input is not None:
            spec["data_source"] = _file_source(input, input_name)
        spec.setdefault("idempotency_key", uuid.uuid4().hex)
        job = self.create_job(**spec)
        try:
            if input is not None:
                self.upload(job, input)
            self.run(job["id"])
        except BaseException:
            if not spec.get("job_id"):
                self._drop_draft(job["id"])
            raise
        finished = self.wait(job["id"], timeout=timeout, on_update=on_update)
        return Finished(finished, self.results(job["id"]))

    def _drop_draft(self, job_id: str) -> None:
        try:
            self.delete_job(job_id)
        except ByteniteError:
            pass  # what went wrong before is what the caller has to know

    # Transfers

    def upload(self, job: Union[Json, str], source: PathOrFile) -> None:
        """Uploads the input of a draft whose source is `file`, and says that it is complete. A file object that
        cannot go back to its beginning is sent once; everything else is repeated when the connection breaks."""
        if isinstance(job, str):
            job = self.get_job(job)
        url = ((job.get("dataSource") or {}).get("params") or {}).get("tempUrl")
        if not url:
            raise ByteniteError(
                "job %s has no address to upload to: only a draft whose dataSourceDescriptor is \"file\" has one" % job["id"]
            )
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                self._put(url, file)
        else:
            self._put(url, source)
        self.call("PATCH", self._job(job["id"], "/uploadcompleted"))

    def _put(self, url: str, file: BinaryIO) -> None:
        start, size = _extent(file)

        def once() -> None:
            if start is not None:
                file.seek(start)
            headers = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
            if size is not None:
                headers["Content-Length"] = str(size)
            body = _blocks(file, size)
            request = urllib.request.Request(url, body, headers, method="PUT")  # type: ignore[arg-type]
            with _open(_link_opener, request, TRANSFER_IDLE) as response:
                response.read(BLOCK)

        self._with_tries(once, repeatable=start is not None)

    def download(self, result: Union[Json, str], target: PathOrFile) -> int:
        """Gets a result (or any link) into a file, which appears under its name only when it is complete, or into a
        file object. A broken download goes on where it broke. Returns the size."""
        link = result if isinstance(result, str) else result["link"]
        if not isinstance(target, (str, os.PathLike)):
            return self._fetch(link, target)
        path = Path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(".%s.%d.part" % (path.name, os.getpid()))
        try:
            with open(part, "wb") as file:
                size = self._fetch(link, file)
            os.replace(part, path)
        finally:
            if part.exists():
                part.unlink()
        return size

    def download_results(self, job_id: str, folder: Union[str, "os.PathLike[str]"], at_once: int = 4) -> List[Path]:
        """Gets every delivered file of a job into a folder, under its own name; returns where they are."""
        results = self.results(job_id)
        targets = [_inside(Path(folder), result["name"]) for result in results]
        Path(folder).mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            list(pool.map(self.download, results, targets))
        return targets

    def _fetch(self, link: str, out: BinaryIO) -> int:
        done = 0
        etag: Optional[str] = None
        failures = 0
        while True:
            headers = {"Accept-Encoding": "identity"}
            if done:
                headers["Range"] = "bytes=%d-" % done
                if etag:
                    headers["If-Range"] = etag
            request = urllib.request.Request(link, None, headers)
            before = done
            try:
                with _open(_link_opener, request, TRANSFER_IDLE) as response:
                    if done and not _is_rest(response, done):
                        done = _start_anew(out, done)
                    if not done:
                        etag = _strong_tag(response)
                    for block in _read_blocks(request, response):
                        out.write(block)
                        done += len(block)
                return done
            except (ApiError, ConnectionFailed) as error:
                failures = 1 if done > before else failures + 1
                pause = self._pause(error, failures, True)
                if pause is None:
                    raise
            time.sleep(pause)


def _file_source(source: PathOrFile, name: Optional[str]) -> Json:
    if name is None:
        path = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
        name = os.path.basename(path) if isinstance(path, (str, os.PathLike)) else ""
    params = {"@type": "type.googleapis.com/bytenite.data_source.LocalFileDataSource", "name": name}
    return {"dataSourceDescriptor": "file", "params": params}


def _extent(file: BinaryIO) -> Tuple[Optional[int], Optional[int]]:
    """Where a file object stands and how much is to come; nothing where it cannot go back."""
    try:
        start = file.tell()
        end = file.seek(0, io.SEEK_END)
        file.seek(start)
    except (AttributeError, OSError, ValueError):
        return None, None
    return start, end - start


def _blocks(file: BinaryIO, size: Optional[int]) -> Iterator[bytes]:
    """No byte beyond the size that was promised, should the file be growing."""
    left = size
    while left is None or left > 0:
        block = file.read(BLOCK if left is None else min(BLOCK, left))
        if not block:
            return
        if left is not None:
            left -= len(block)
        yield block


def _read_blocks(request: urllib.request.Request, response: Any) -> Iterator[bytes]:
    while True:
        try:
            block = response.read(BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise _connection_failed(request, error) from error
        if not block:
            # Reading in parts, Python takes a connection that broke for the end.
            if getattr(response, "length", None):
                raise ConnectionFailed("%s broke off %d bytes before the end" % (request.host, response.length))
            return
        yield block


def _is_rest(response: Any, done: int) -> bool:
    content_range = response.headers.get("Content-Range") or ""
    return response.status == 206 and content_range.startswith("bytes %d-" % done)


def _start_anew(out: BinaryIO, done: int) -> int:
    """The file is another one by now, or parts are not to be had."""
    try:
        out.seek(-done, io.SEEK_CUR)
        out.truncate()
    except (AttributeError, OSError, ValueError):
        raise ByteniteError("the download broke, and cannot begin anew in a file object that cannot go back") from None
    return 0


def _strong_tag(response: Any) -> Optional[str]:
    etag = response.headers.get("ETag") or ""
    return etag if etag.startswith('"') else None


def _inside(folder: Path, name: str) -> Path:
    """Names come from whoever made the job's components: none may lead out of the folder."""
    parts = PurePosixPath(name).parts
    unsafe = not parts or name.startswith("/") or ".." in parts
    if os.name == "nt":
        unsafe = unsafe or any(character in name for character in ':\\')
    if unsafe:
        raise ByteniteError("a result is called %r: it would lie outside of %s" % (name, folder))
    return folder.joinpath(*parts)
