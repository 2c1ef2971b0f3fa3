"""The supervisor of one slot: a process that runs the slot's tasks one after another.

It is a child subreaper: whatever a task forks, daemonises or double-forks becomes its child in the
end, so a task is over exactly when waitpid says ECHILD, and only then `exited` is reported.
It owns the task's timers and enforces them alone: taskTimeout, and the deadline that the runner
renews through memory shared with the launcher. They work while the runner is stopped or dead; when
the launcher's socket closes, the tree is killed and the supervisor ends.

A task passes through: running -> (stopping: SIGTERM sent, grace runs) -> killing -> gone. The end of
the main process leads from running to killing within a moment, from stopping only after the grace.
"""
import gc
import json
import os
import select
import signal
import sys
import time

from fork_server import ServerFailed
from frames import DROPPED, EXITED, OUTPUT, PAYLOAD_BYTES, STARTED, FrameWriter
from linux import (
    PR_SET_CHILD_SUBREAPER,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    descendants,
    kill_descendants,
    kill_quietly,
    kill_user,
    prctl,
    threads_among,
)
from spawn import Spawner
from warm_servers import WarmServers
from zone import Zone

# Output and the news of the start wait this long, so that a short task costs one write.
HOLD_SECONDS = 0.02
KILL_PASS_SECONDS = 0.02
# What a finished task leaves is killed after this time: helpers that end with it need not be.
LEFTOVER_SECONDS = 0.02
# A fork server whose task was killed says so within this time, or ends itself.
LAST_WORD_SECONDS = 1
# For fork servers at the end of the slot.
LAST_PASS_SECONDS = 5
# How often fork servers are looked at that may have been idle for too long.
IDLE_LOOK_MS = 5000
PENDING_LIMIT = 64 * 1024
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
            "notes": self.server.problems if self.server else [],
        }


class Supervisor:
    def __init__(self, socket, events_fd, deadline, group, allow_native, zone, hierarchy, slot):
        self.socket = socket
        self.deadline = deadline
        self.group = group
        self.writer = FrameWriter(events_fd)
        self.task = None
        self.buffer = bytearray()
        self.queue = []
        self.orphaned = False
        self.poll = select.poll()
        self.watched = {}
        null_fd = os.open(os.devnull, os.O_RDONLY)
        self.spawner = Spawner(null_fd, group, allow_native, zone)
        self.warm = WarmServers(hierarchy, slot, null_fd, allow_native, zone)
        self.children_fd = open_children()
        self.wake_read, wake_write = os.pipe()
        for fd in (self.wake_read, wake_write):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)

    def serve(self):
        while self.task or not self.orphaned:
            self.watch()
            events = dict(self.poll.poll(self.wait_ms()))
            now = time.monotonic()
            if self.wake_read in events:
                os.read(self.wake_read, 4096)
            if self.socket.fileno() in events:
                self.receive()
            self.listen(events)
            has_no_children = self.reap()
            if self.task:
                self.attend(self.task, events, now, has_no_children)
            self.warm.end_idle(now)
            self.writer.flush()
        self.end_servers()
        self.writer.flush_blocking(5)

    def stop(self, reason, grace):
        # A signal that wakes what a task has stopped would wake idle servers too.
        self.warm.end_idle()
        self.task.stop(reason, grace)

    def end_servers(self):
        """In a zone they end with us, elsewhere with nobody."""
        deadline = time.monotonic() + LAST_PASS_SECONDS
        self.warm.end_idle()
        while not self.reap_all() and time.monotonic() < deadline:
            for server in self.warm.ending:
                server.kill()
            time.sleep(0.001)

    def watch(self):
        """Tells poll what is of interest now: output only while it can be passed on."""
        wanted = {self.wake_read: select.POLLIN}
        if not self.orphaned:
            wanted[self.socket.fileno()] = select.POLLIN
        if self.writer.pending:
            wanted[self.writer.fd] = select.POLLOUT
        for server in self.warm.servers:
            wanted[server.channel.fileno()] = select.POLLIN
        if self.task and not self.task.paused and self.writer.pending < PENDING_LIMIT:
            for fd in self.task.streams:
                wanted[fd] = select.POLLIN
        if wanted != self.watched:
            for fd in self.watched.keys() - wanted.keys():
                self.poll.unregister(fd)
            for fd, mask in wanted.items():
                self.poll.register(fd, mask)
            self.watched = wanted

    def wait_ms(self):
        task = self.task
        if task is None:
            return IDLE_LOOK_MS if self.warm.servers else None
        now = time.monotonic()
        times = [now + KILL_PASS_SECONDS if task.killing else task.kill_at]
        if task.reason is None:
            times += [self.lease_end(task), task.timeout_at]
        if not task.announced:
            times.append(task.started + HOLD_SECONDS)
        if task.output.held_at is not None and not self.writer.pending:
            times.append(task.output.held_at + HOLD_SECONDS)
        due = min((t for t in times if t is not None), default=now + 60)
        return max(0, min(60000, int((due - now) * 1000) + 1))

    def receive(self):
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.orphaned = True
            self.queue.clear()
            if self.task:
                self.stop("lost", 0)
            return
        self.buffer += data
        while True:
            end = self.buffer.find(b"\n")
            if end < 0:
                return
            command = json.loads(bytes(self.buffer[:end]))
            del self.buffer[: end + 1]
            self.obey(command)

    def obey(self, command):
        kind = command["do"]
        if kind == "run":
            self.queue.append(command)
            self.start_next()
            return
        self.queue = [c for c in self.queue if not (kind == "stop" and c["id"] == command["id"])]
        task = self.task
        if task is None or task.run != command["id"]:
            return
        if kind == "stop":
            self.stop(command["reason"], command["grace"])
        elif kind == "flow":
            task.paused = command["paused"]

    def start_next(self):
        if self.task or not self.queue:
            return
        spec = self.queue.pop(0)
        try:
            self.task = self.start(spec)
        except Exception as error:
            # A NUL or a lone surrogate in a variable, a limit that is refused, no process to be had.
            failure = "cannot start the task: %s" % (getattr(error, "strerror", None) or error)
            self.writer.put_json(EXITED, spec["id"], {"failure": failure, "reason": None})

    def start(self, spec):
        server = None if self.children_fd is None else self.warm.find(spec)
        if server:
            try:
                return Task(spec, self.group, self.writer, self.spawner, server)
            except ServerFailed as error:
                print("a fork server failed: %s" % error, file=sys.stderr, flush=True)
                self.warm.end_failed(server)
        return Task(spec, self.group, self.writer, self.spawner)

    def listen(self, events):
        """Hears what fork servers say of their tasks."""
        for server in [s for s in self.warm.servers if s.channel.fileno() in events]:
            ended = self.warm.listen(server)
            if ended and self.task and self.task.server is server:
                self.task.note_end(*ended, is_main=True)

    def reap(self):
        """Collects what has ended of our children; True when none is left but fork servers."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return self.has_only_servers()
            if not self.warm.note_end(pid) and self.task:
                cpu = usage.ru_utime + usage.ru_stime
                self.task.note_end(status, cpu, usage.ru_maxrss * 1024, pid == self.task.pid)

    def reap_all(self):
        self.reap()
        return not self.warm.process_count

    def has_only_servers(self):
        count = self.warm.process_count
        return count > 0 and len(os.pread(self.children_fd, 4096, 0).split()) == count

    def attend(self, task, events, now, has_no_children):
        for fd in [fd for fd in task.streams if fd in events]:
            if task.read(fd, now) == 0:
                os.close(fd)
                del task.streams[fd]
        if task.is_gone(has_no_children):
            self.finish(task)
            return
        self.keep_limits(task, now)
        if not task.announced and now >= task.started + HOLD_SECONDS:
            task.announced = True
            self.writer.put_json(STARTED, task.run, {"pid": task.pid, "started": task.started})
        held_at = task.output.held_at
        if held_at is not None and now >= held_at + HOLD_SECONDS:
            task.output.flush()

    def keep_limits(self, task, now):
        if task.reason is None:
            if task.timeout_at is not None and now >= task.timeout_at:
                self.stop("timeout", task.spec["grace"])
            elif now >= self.lease_end(task):
                self.stop("notRenewed", task.spec["grace"])
        over = task.status is not None and task.reason is None
        if over and task.kill_at is None:
            task.look_at_crowd()
            task.kill_at = now + LEFTOVER_SECONDS
        if task.killing or (task.kill_at is not None and now >= task.kill_at):
            task.kill_pass(now)

    def lease_end(self, task):
        return max(self.deadline.value(), task.lease_until)

    def finish(self, task):
        task.drain()
        failure = None
        if task.server is None:
            failure = self.spawner.failure()
        elif task.server.pids:
            self.warm.release(task.server, task.spec)
        self.writer.put_json(EXITED, task.run, task.outcome(failure))
        self.task = None
        self.start_next()


def open_children():
    """The list of our children; None where the kernel keeps none."""
    try:
        return os.open("/proc/thread-self/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def run_supervisor(socket, events_fd, deadline, group, allow_native, zone_plan, hierarchy, slot):
    """Body of a supervisor process; returns when the launcher is gone and the tree is dead."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    # Both are inherited by everything that is forked from here: no set-uid program gains anything.
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    zone = Zone(*zone_plan) if zone_plan else None
    gc.freeze()
    Supervisor(socket, events_fd, deadline, group, allow_native, zone, hierarchy, slot).serve()
