"""The supervisor of one slot: a process that runs the slot's tasks one after another.

It is a child subreaper: whatever a task forks, daemonises or double-forks becomes its child in the end,
so a task is over exactly when it has no children but fork servers, and only then `exited` is reported. What
a fork server has become is looked at in the server's cell (cell.py) instead, or among its children.
It owns the task's timers and enforces them alone: taskTimeout, and the deadline that the runner
renews through memory shared with the launcher. They work while the runner is stopped or dead; when
the launcher's socket closes, the tree is killed and the supervisor ends.
"""
import gc
import json
import os
import select
import signal
import sys
import time

from fork_server import ServerFailed
from frames import EXITED, STARTED, FrameWriter
from linux import PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, prctl
from spawn import Spawner
from task import Task
from warm_servers import WarmServers
from zone import Zone

# Output and the news of the start wait this long, so that a short task costs one write.
HOLD_SECONDS = 0.02
KILL_PASS_SECONDS = 0.02
# What a finished task leaves is killed after this time: helpers that end with it need not be.
LEFTOVER_SECONDS = 0.02
# For fork servers at the end of the slot.
LAST_PASS_SECONDS = 5
# How often fork servers are looked at that may have been idle for too long.
IDLE_LOOK_MS = 5000
PENDING_LIMIT = 64 * 1024


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
