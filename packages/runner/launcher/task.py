"""One task of a slot: what it printed, how it is stopped and killed, and when nothing of it is left.

A task passes through: running -> (stopping: SIGTERM sent, grace runs) -> killing -> gone. The end of
the main process leads from running to killing within a moment, from stopping only after the grace.
"""
import os
import signal
import time

from frames import DROPPED, OUTPUT, PAYLOAD_BYTES
from linux import descendants, kill_descendants, kill_quietly, kill_user, threads_among

# A fork server whose task was killed says so within this time, or ends itself.
LAST_WORD_SECONDS = 1
READ_BYTES = 64 * 1024
TAIL_BYTES = 1024 * 1024
# Of the limit of processes, by which a task counts as having come up against it where no one tells.
CROWD_SHARE = 0.9


class Output:
    """What a task printed: passed on up to a limit, after that only the tail is kept."""

    def __init__(self, writer, run, limit):
        self.writer = writer
        self.run = run
        self.left = limit
        self.held = bytearray()
        self.held_stream = 0
        self.held_at = None
        self.tail = []
        self.tail_bytes = 0
        self.dropped = 0

    def add(self, stream, data, now):
        if self.left > 0:
            self.left -= len(data)
            if self.held and (stream != self.held_stream or len(self.held) >= PAYLOAD_BYTES):
                self.flush()
            if not self.held:
                self.held_stream, self.held_at = stream, now
            self.held += data
            return
        self.tail.append((stream, data, now))
        self.tail_bytes += len(data)
        while self.tail_bytes - len(self.tail[0][1]) >= TAIL_BYTES:
            first = len(self.tail.pop(0)[1])
            self.tail_bytes -= first
            self.dropped += first

    def flush(self):
        if self.held:
            self.writer.put(OUTPUT, self.run, bytes(self.held), self.held_stream, self.held_at)
            self.held = bytearray()
            self.held_at = None

    def finish(self):
        self.flush()
        if self.dropped:
            self.writer.put_json(DROPPED, self.run, {"bytes": self.dropped})
        for stream, data, now in self.tail:
            self.writer.put(OUTPUT, self.run, data, stream, now)


class Task:
    """One task from fork to the moment its whole tree is gone; of a fork server, or of our own."""

    def __init__(self, spec, group, writer, spawner, server=None):
        self.spec = spec
        self.run = spec["id"]
        self.server = server
        self.group = group = server.group if server else group
        self.zone = spawner.zone
        self.is_alone = self.zone is not None
        self.output = Output(writer, self.run, spec["logBytes"])
        self.reason = None
        self.kill_at = None
        self.killing = False
        self.killed_at = None
        self.status = None
        self.cpu = 0.0
        self.rss = 0
        self.announced = False
        self.paused = False
        if group and not server:
            group.limit(spec["memory"], spec["pids"], spec["cpus"])
        self.oom_before = group.oom_kills() if group else 0
        self.refused_before = group.refused_processes() if group else 0
        self.is_crowded = False
        self.streams = {}
        ends = []
        try:
            for stream in (1, 2):
                read_end, write_end = os.pipe()
                os.set_blocking(read_end, False)
                self.streams[read_end] = stream
                ends.append(write_end)
            self.started = time.monotonic()
            self.pid = (server.fork if server else spawner.spawn)(spec, *ends)
        except Exception:
            for fd in self.streams:
                os.close(fd)
            raise
        finally:
            for fd in ends:
                os.close(fd)
        # A lease granted just now holds for its own time, whatever was renewed before.
        self.lease_until = self.started + spec["lease"]
        timeout = spec["timeout"]
        self.timeout_at = None if timeout is None else self.started + timeout

    def stop(self, reason, grace):
        if self.reason is not None:
            # A second order can only shorten the grace of the first.
            if self.kill_at is not None:
                self.kill_at = min(self.kill_at, time.monotonic() + grace)
            return
        self.reason = reason
        self.kill_at = min(self.kill_at or float("inf"), time.monotonic() + grace)
        if grace <= 0 or self.status is not None:
            return
        if self.is_alone:
            # As process 1 of a namespace: all there is, except ourselves.
            kill_quietly(-1, signal.SIGTERM)
            kill_quietly(-1, signal.SIGCONT)
        else:
            kill_quietly(-self.pid, signal.SIGTERM)
            for pid in self.group.pids() if self.group else descendants(os.getpid()):
                if pid != self.pid:
                    kill_quietly(pid, signal.SIGTERM)
                kill_quietly(pid, signal.SIGCONT)

    def note_end(self, status, cpu, rss, is_main):
        """Something of the task has ended; the end of its main process is its own."""
        self.cpu += cpu
        self.rss = max(self.rss, rss)
        if is_main:
            self.status = status

    def is_gone(self, has_no_children):
        """Whether nothing of it lives any more; `has_no_children`: we have none but fork servers."""
        if self.server is None:
            return has_no_children and self.status is not None
        if not self.server.pids:
            # It took with it how its task ended, but it was by force.
            if self.status is None:
                self.status = signal.SIGKILL
            return self.is_alone or has_no_children
        if self.killing or self.status is None:
            return False
        if not ((self.is_alone or has_no_children) and self.server.is_quiet()):
            return False
        self.cpu += self.server.lost_cpu
        return True

    def kill_pass(self, now):
        self.killing = True
        if self.killed_at is None:
            self.killed_at = now
        if self.server:
            if self.status is None and now - self.killed_at < LAST_WORD_SECONDS:
                self.server.kill_task()
                return
            self.server.kill()
        if self.is_alone:
            kill_quietly(-1, signal.SIGKILL)
            return
        if self.group:
            self.group.kill()
        if self.spec["uid"] is not None:
            kill_user(self.spec["uid"])
        else:
            kill_descendants(os.getpid())

    def look_at_crowd(self):
        """Where no cgroup counts refusals: whether as many are left as there may be."""
        if self.group and self.group.limits_pids:
            return
        count = self.zone.threads() if self.zone else threads_among(descendants(os.getpid()))
        self.is_crowded = count >= self.spec["pids"] * CROWD_SHARE

    def has_been_refused(self):
        if self.is_crowded:
            return True
        return bool(self.group) and self.group.refused_processes() > self.refused_before

    def read(self, fd, now):
        """Takes what the pipe holds: the number of bytes, 0 at its end, None when it is empty."""
        try:
            data = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return None
        if data:
            self.output.add(self.streams[fd], data, now)
        return len(data)

    def drain(self):
        """The tree is gone: what is in the pipes now is all that there will be."""
        now = time.monotonic()
        for fd in list(self.streams):
            while self.read(fd, now):
                pass
            os.close(fd)
        self.output.finish()

    def outcome(self, failure):
        oom = self.group.oom_kills() - self.oom_before if self.group and self.status else 0
        return {
            "code": os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else None,
            "signal": os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else None,
            "reason": self.reason,
            "failure": failure,
            "oomKills": oom,
            "refusedProcesses": self.has_been_refused(),
            "cpu": round(self.cpu, 4),
            "rss": self.rss,
            "started": self.started,
            "isWarm": self.server is not None,
            "notes": self.server.take_problems() if self.server else [],
        }
