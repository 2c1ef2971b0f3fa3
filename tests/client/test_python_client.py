"""The Python client: against servers that fail in each way there is, and against a real platform."""

import ast
import http.server
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import bytenite

URL = os.environ["BYTENITE_TEST_URL"]
KEY = os.environ["BYTENITE_TEST_KEY"]
NO_PAGE = {"pagination": {"total": 0, "offset": 0, "hasPrevious": False, "hasNext": False}, "data": []}
SIZE = 200 * 1024 * 1024


class Server:
    """A real HTTP server; answer(handler, number) is called with each request, numbered from 1."""

    def __init__(self, test, answer):
        self.requests = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                server.requests.append((self.command, self.path, dict(self.headers)))
                answer(self, len(server.requests))

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

            def body(self):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def send(self, status, value, headers=()):
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                for name, text in headers:
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def drop(self):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)

    def client(self, **options):
        return bytenite.Client(self.url, "key", retry_base=0.001, retry_cap=0.002, **options)


def error(code, message, details=()):
    return {"code": code, "message": message, "details": list(details), "requestId": "req-1"}


class Calls(unittest.TestCase):
    def test_what_reads_is_repeated_when_the_connection_drops_or_the_server_is_away(self):
        def answer(request, number):
            if number == 1:
                return request.drop()
            if number == 2:
                request.send_response(200)
                request.send_header("Content-Length", "1000")
                request.end_headers()
                request.wfile.write(b"{")
                return request.drop()
            request.send(503 if number == 3 else 200, NO_PAGE)

        server = Server(self, answer)
        self.assertEqual(list(server.client().list_jobs()), [])
        self.assertEqual(len(server.requests), 4)

    def test_what_may_have_been_done_is_not_repeated(self):
        server = Server(self, lambda request, number: request.drop())
        with self.assertRaises(bytenite.ConnectionFailed) as caught:
            server.client().create_job(app="a")
        self.assertTrue(caught.exception.may_be_done)
        self.assertEqual(len(server.requests), 1)

    def test_a_key_of_idempotency_makes_a_post_repeatable(self):
        server = Server(self, lambda request, number: request.send(503 if number == 1 else 200, {"job": {"id": "j"}}))
        self.assertEqual(server.client().create_job(app="a", idempotency_key="once"), {"id": "j"})
        self.assertEqual([headers["Idempotency-Key"] for _, _, headers in server.requests], ["once", "once"])

    def test_a_key_repeats_no_post_of_which_the_platform_knows_no_keys(self):
        server = Server(self, lambda request, number: request.send(503, error(14, "away")))
        for path in ("/v1/customer/jobs/j/abort", "/v1/customer/jobs/filter", "/v1/dev/apps"):
            with self.assertRaises(bytenite.ApiError):
                server.client().call("POST", path, {}, idempotency_key="once")
        self.assertEqual(len(server.requests), 3)

    def test_run_and_wait_makes_and_starts_one_job_though_answers_are_lost(self):
        job = {"id": "j", "state": "JOB_STATE_COMPLETE"}

        def answer(request, number):
            request.body()
            if request.command == "POST" and number in (1, 3):
                return request.drop()
            value = {"results": []} if request.path.endswith("/results") else {"job": job}
            request.send(404 if "/events" in request.path else 200, value)

        server = Server(self, answer)
        self.assertEqual(server.client().run_and_wait(app="a").job, job)
        posts = [(path, headers["Idempotency-Key"]) for method, path, headers in server.requests if method == "POST"]
        self.assertEqual([path for path, _ in posts], ["/v1/customer/jobs"] * 2 + ["/v1/customer/jobs/j/run"] * 2)
        self.assertEqual(len({key for _, key in posts}), 2)

    def test_a_wait_with_a_limit_outlasts_a_platform_that_is_away_for_a_while(self):
        job = {"id": "j", "state": "JOB_STATE_COMPLETE"}
        server = Server(self, lambda request, number: request.send(503 if number < 10 else 200, {"job": job}))
        self.assertEqual(server.client().wait("j", timeout=60), job)

    def test_a_wait_with_a_limit_gives_up_a_platform_that_stays_away(self):
        server = Server(self, lambda request, number: request.send(503, {}))
        with self.assertRaises(bytenite.ConnectionFailed):
            server.client(retries=0).wait("j", timeout=60)
        self.assertEqual(len(server.requests), 11)

    def test_what_ends_a_stream_has_the_status_of_its_code(self):
        line = json.dumps({"error": error(16, "signed out")}).encode() + b"\n"
        server = Server(self, lambda request, number: request.send(200, line))
        with self.assertRaises(bytenite.ApiError) as caught:
            next(server.client().events("j"))
        self.assertEqual((caught.exception.status, caught.exception.code), (401, 16))

    def test_a_post_that_nobody_got_is_repeated(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            url = "http://127.0.0.1:%d" % probe.getsockname()[1]
        client = bytenite.Client(url, "key", retry_base=0.05)
        started = time.monotonic()
        with self.assertRaises(bytenite.ConnectionFailed) as caught:
            client.create_job(app="a")
        self.assertFalse(caught.exception.may_be_done)
        # Three pauses, of at least half of 50, 100 and 200 ms.
        self.assertGreater(time.monotonic() - started, 0.17)

    def test_429_is_repeated_not_before_the_time_that_it_names(self):
        times = []

        def answer(request, number):
            times.append(time.monotonic())
            if number == 1:
                return request.send(429, error(8, "slow down"), [("Retry-After", "1")])
            request.send(200, {"ok": True})

        Server(self, answer).client().abort("j")
        self.assertGreaterEqual(times[1] - times[0], 1)

    def test_a_pause_beyond_reason_is_told_not_taken(self):
        details = [{"fieldViolations": [{"field": "app", "description": "is required"}]}]
        server = Server(self, lambda r, n: r.send(429, error(8, "tomorrow", details), [("Retry-After", "3600")]))
        with self.assertRaises(bytenite.ApiError) as caught:
            server.client().get_job("a/b")
        refusal = caught.exception
        self.assertEqual((refusal.code, refusal.status, refusal.retry_after), (8, 429, 3600))
        self.assertEqual((refusal.message, refusal.request_id), ("tomorrow", "req-1"))
        self.assertEqual(refusal.violations, [{"field": "app", "description": "is required"}])
        self.assertEqual([path for _, path, _ in server.requests], ["/v1/customer/jobs/a%2Fb"])

    def test_credentials_do_not_follow_a_redirect(self):
        elsewhere = Server(self, lambda request, number: request.send(200, {}))
        server = Server(self, lambda r, n: r.send(302, {}, [("Location", elsewhere.url)]))
        with self.assertRaises(bytenite.ApiError):
            server.client().get_job("j")
        self.assertEqual(elsewhere.requests, [])

    def test_a_server_that_never_answers_is_given_up(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        client = bytenite.Client("http://127.0.0.1:%d" % silent.getsockname()[1], "k", timeout=0.1, retries=0)
        with self.assertRaisesRegex(bytenite.ConnectionFailed, "did not answer in time"):
            client.get_job("j")


class Transfers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_broken_download_goes_on_where_it_broke(self):
        content = os.urandom(1_000_000)

        def answer(request, number):
            start = int((request.headers.get("Range") or "bytes=0-")[6:-1])
            request.send_response(206 if start else 200)
            if start:
                request.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(content) - 1, len(content)))
            request.send_header("ETag", '"one"')
            request.send_header("Content-Length", str(len(content) - start))
            request.end_headers()
            request.wfile.write(content[start:] if number == 3 else content[start : start + 400_000])
            if number < 3:
                request.drop()

        server = Server(self, answer)
        target = self.folder / "sub" / "out.bin"
        self.assertEqual(server.client().download(server.url, target), len(content))
        self.assertEqual(target.read_bytes(), content)
        self.assertEqual([headers.get("If-Range") for _, _, headers in server.requests], [None, '"one"', '"one"'])

    def test_a_failed_download_leaves_an_older_file_as_it_was(self):
        target = self.folder / "out.bin"
        target.write_text("old")
        server = Server(self, lambda request, number: request.send(404, error(5, "gone")))
        with self.assertRaisesRegex(bytenite.ApiError, "gone"):
            server.client().download(server.url, target)
        self.assertEqual(target.read_text(), "old")
        self.assertEqual(os.listdir(self.folder), ["out.bin"])

    def test_an_upload_is_repeated_from_its_beginning(self):
        received = []

        def answer(request, number):
            if request.command == "PATCH":
                return request.send(200, {"ok": True})
            if number == 1:
                request.rfile.read(100)
                return request.drop()
            received.append(request.body())
            request.send(200, {})

        server = Server(self, answer)
        file = self.folder / "in.bin"
        file.write_bytes(b"x" * 300_000)
        job = {"id": "j", "dataSource": {"params": {"tempUrl": server.url + "/put"}}}
        server.client().upload(job, file)
        self.assertEqual(received, [b"x" * 300_000])
        self.assertNotIn("X-api-key", server.requests[0][2])

    def test_names_that_lead_out_of_the_folder_are_refused(self):
        for name in ("../evil", "/etc/evil", "a/../../evil", "", "."):
            results = {"results": [{"name": name, "link": "http://127.0.0.1:1/"}]}
            server = Server(self, lambda request, number, reply=results: request.send(200, reply))
            with self.assertRaisesRegex(bytenite.ByteniteError, "outside"):
                server.client().download_results("j", self.folder / "new")
        self.assertFalse((self.folder / "new").exists())


class FindingThePlatform(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.home = Path(home.name)
        kept = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(kept)))
        for name in [name for name in os.environ if name.startswith("BYTENITE_")]:
            del os.environ[name]
        os.environ["HOME"] = home.name

    def announce(self, folder, pid):
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({"pid": pid, "url": "http://127.0.0.1:9"}))
        (folder / "api-key").write_text("local key\n")

    def store(self):
        base = "Library/Application Support" if sys.platform == "darwin" else ".config"
        folder = self.home / base / "bytenite-cli"
        folder.mkdir(parents=True)
        stored = {"apiUrl": "https://far.example.org", "accessToken": "t", "refreshToken": "k", "expiresAt": "x"}
        (folder / "auth-prod.json").write_text(json.dumps(stored))
        return folder

    def found(self, *args):
        platform = bytenite.find_platform(*args)
        return platform.base_url, platform.api_key

    def test_the_order_is_that_of_the_command_line(self):
        self.announce(self.home / ".bytenite", os.getpid())
        self.assertEqual(self.found(), ("http://127.0.0.1:9", "local key"))
        self.store()
        self.assertEqual(self.found(), ("https://far.example.org", "k"))
        os.environ["BYTENITE_API_URL"] = "https://env.example.org/"
        os.environ["BYTENITE_API_KEY"] = " env key\n"
        self.assertEqual(self.found(), ("https://env.example.org", "env key"))
        self.assertEqual(self.found("http://arg:1", "arg key"), ("http://arg:1", "arg key"))

    def test_a_key_is_never_sent_to_another_address(self):
        self.announce(self.home / ".bytenite", os.getpid())
        self.store()
        with self.assertRaisesRegex(bytenite.ByteniteError, "no API key"):
            bytenite.find_platform("https://other.example.org")
        self.assertEqual(self.found("http://localhost:9"), ("http://localhost:9", "local key"))

    def test_a_platform_whose_process_is_gone_is_none(self):
        self.announce(self.home / ".bytenite", 2**22 + 1)
        with self.assertRaisesRegex(bytenite.ByteniteError, "no platform to talk to"):
            bytenite.find_platform()

    def test_damaged_credentials_are_said_to_be(self):
        (self.store() / "auth-prod.json").write_text('{"apiUrl":')
        with self.assertRaisesRegex(bytenite.ByteniteError, "is damaged"):
            bytenite.find_platform()


class OnAPlatform(unittest.TestCase):
    def setUp(self):
        self.client = bytenite.Client(URL, KEY)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_run_and_wait_counts_the_words_of_a_file(self):
        book = self.folder / "book.txt"
        book.write_text("call me ishmael\nsome years ago\n" * 400)
        states = []
        done = self.client.run_and_wait(
            template="word-count",
            params={"app": {"min_length": 6}},
            input=book,
            on_update=lambda job: states.append(job["state"]),
        )
        self.assertEqual(done.job["dataSource"]["params"]["name"], "book.txt")
        self.assertEqual(states[-1], "JOB_STATE_COMPLETE")
        self.assertEqual(sorted(result["name"] for result in done.results), ["summary.txt", "words.json"])
        files = self.client.download_results(done.job["id"], self.folder / "results")
        words = next(file for file in files if file.name == "words.json")
        self.assertEqual(json.loads(words.read_text()), [{"word": "ishmael", "count": 400}])
        logs = self.client.logs(done.job["id"])
        self.assertTrue(logs["taskrunner"])
        kinds = {task["kind"] for task in self.client.list_tasks(done.job["id"])}
        self.assertEqual(kinds, {"PARTITIONER", "APP", "ASSEMBLER"})

    def test_a_stream_is_an_input_and_a_timeout_polls(self):
        read, write = os.pipe()
        with os.fdopen(write, "wb") as out:
            out.write(b"ishmael ishmael\n")
        with os.fdopen(read, "rb") as pipe:
            done = self.client.run_and_wait(template="word-count", input=pipe, input_name="pipe.txt", timeout=60)
        self.assertEqual(done.job["state"], "JOB_STATE_COMPLETE")

    def test_a_failed_job_says_why(self):
        with self.assertRaisesRegex(bytenite.JobFailed, "no such luck") as caught:
            self.client.run_and_wait(app="failing", config={"maxTaskRetries": 0})
        self.assertEqual(caught.exception.job["failureReason"], "TASK_FAILED")

    def test_a_job_that_cannot_be_run_leaves_no_draft(self):
        before = [job["id"] for job in self.client.list_jobs()]
        with self.assertRaises(bytenite.ApiError) as caught:
            self.client.run_and_wait(app="unknown")
        self.assertEqual((caught.exception.status, caught.exception.code), (400, 9))
        self.assertEqual([job["id"] for job in self.client.list_jobs()], before)

    def test_a_wait_has_a_limit_and_the_job_goes_on(self):
        job = self.client.create_job(app="sleeper")
        self.client.run(job["id"])
        with self.assertRaises(TimeoutError):
            self.client.wait(job["id"], timeout=0.2)
        self.client.abort(job["id"])
        with self.assertRaises(bytenite.JobFailed) as caught:
            self.client.wait(job["id"])
        self.assertEqual(caught.exception.job["failureReason"], "ABORTED")

    def test_lists_are_read_page_by_page(self):
        ids = {self.client.create_job(app="none", name="paged")["id"] for _ in range(25)}
        filters = [{"field": "name", "condition": "FILTER_CONDITION_EQ", "value": "paged"}]
        found = self.client.pages("/v1/customer/jobs/filter", filter={"filters": filters, "pagination": {"limit": 10}})
        self.assertEqual(sorted(job["id"] for job in found), sorted(ids))
        every = [job["id"] for job in self.client.pages("/v1/customer/jobs", {"limit": 7})]
        self.assertEqual(len(every), len(set(every)))
        self.assertLessEqual(ids, set(every))

    def test_200_mb_go_up_and_come_down_without_being_held_in_memory(self):
        file = self.folder / "large.bin"
        with open(file, "wb") as large:
            large.truncate(SIZE)
        out = subprocess.run(
            [sys.executable, __file__, "move", str(file), str(self.folder / "down")],
            stdout=subprocess.PIPE,
            timeout=110,
            check=True,
        ).stdout
        self.assertEqual((self.folder / "down" / "copy.bin").stat().st_size, SIZE)
        self.assertLess(int(out), 30 * 1024)


class Itself(unittest.TestCase):
    def test_it_is_written_in_python_3_9(self):
        ast.parse(Path(bytenite.__file__).read_text("utf-8"), feature_version=(3, 9))


def move(file, folder):
    """Prints by how many KiB memory grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    client = bytenite.Client(URL, KEY)
    done = client.run_and_wait(app="copy", input=file)
    client.download_results(done.job["id"], folder)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


if __name__ == "__main__":
    if sys.argv[1:2] == ["move"]:
        move(*sys.argv[2:])
    else:
        unittest.main(verbosity=2)
