"""The fork servers of one slot, as its supervisor sees them (warm.py is what runs in them).

A server is started for tasks of one kind and key, beside the task that asks for it first, which does not wait:
it and whatever comes before the server is ready has a plain start. Whatever is not as it should be ends the
server, never a task: the next one has a plain start again.
"""
import array
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time

from cell import Cell
from cgroups import SlotGroup
from linux import descendants, kill_quietly
from spawn import Spawner

IDLE_SECONDS = 60
MOST_SERVERS = 2
# A server that could not be had is not asked for again at once.
RETRY_SECONDS = 60
MOST_KEYS = 64
FORK_SECONDS = 5
STOP_SECONDS = 1
# A module that takes longer to load is loaded by each task.
LOAD_SECONDS = 120
PACKET_BYTES = 1 << 16
HIGH_FD = 200
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "warm.py")
# Not to be traced or looked into, not even by its own user: PR_SET_DUMPABLE is 4. In its cell a server has
# no /proc to find its program in.
START = "import ctypes,os;ctypes.CDLL(None).prctl(4,0,0,0,0);s=os.pread(3,1<<20,0);os.close(3);exec(compile(s,'<fork server>','exec'))"


class ServerFailed(Exception):
    """The task was not born: it may have a plain start."""


class WarmServer:
    def __init__(self, spec, group, spawner, zone):
        self.key = spec["warm"]["key"]
        self.group = group
        self.problems = []
        self.is_ready = False
        self.is_busy = False
        self.is_paused = False
        self.used_at = self.started_at = time.monotonic()
        # Only what was asked for by name can be code of the user's.
        self.is_trusted = not spec["warm"]["preload"]
        if group:
            group.limit(spec["memory"], spec["pids"] + 1, spec["cpus"])
        self.cell = Cell(zone, spec) if zone else None
        try:
            self.channel, self.pid = start(spec, group, spawner, self.cell)
        except Exception:
            if self.cell:
                self.cell.kill()
                self.cell.close()
            raise
        self.pids = {self.pid, *([self.cell.init_pid] if self.cell else [])}

    def fork(self, spec, stdout_fd, stderr_fd):
        """Pid of the new task."""
        message = json.dumps({name: spec[name] for name in ("argv", "cwd", "env")})
        check_strings(spec)
        try:
            if self.cell:
                self.cell.furnish(spec)
            self.is_busy = True
            self.resume()
            fd = os.memfd_create("task")
            try:
                os.write(fd, message.encode())
                fds = array.array("i", [stdout_fd, stderr_fd, fd])
                self.channel.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            finally:
                os.close(fd)
            return self.wait_for("pid")
        except (OSError, ValueError, KeyError) as error:
            raise ServerFailed(str(error)) from error

    def wait_for(self, name):
        poll = select.poll()
        poll.register(self.channel.fileno(), select.POLLIN)
        if not poll.poll(FORK_SECONDS * 1000):
            raise OSError("no answer in time")
        return self.receive()[name]

    def receive(self):
        """The next word of the server; raises when there is none to come."""
        data = self.channel.recv(PACKET_BYTES)
        if not data:
            raise OSError("it is gone")
        return json.loads(data)

    def listen(self):
        """The end of its task, if that is what it says: status, CPU seconds, peak memory in bytes."""
        said = self.receive()
        if "problems" in said:
            self.problems = said["problems"]
            self.is_ready = True
            self.pause()
            return None
        return said["status"], said["cpu"], said["rss"]

    def is_quiet(self):
        """Whether nothing of its task is left but the server, which does nothing until the next one."""
        try:
            self.pause()
        except OSError:
            return False
        return self.cell is None or self.cell.is_empty()

    def clear(self, spec):
        """Makes room for the next task; False when it cannot have one."""
        return self.cell is None or self.cell.clear(spec)

    def pause(self):
        """Without a task it has nothing to do; code of a user's that runs in it could do it all the same."""
        if self.is_trusted or self.is_paused:
            return
        kill_quietly(self.pid, signal.SIGSTOP)
        deadline = time.monotonic() + STOP_SECONDS
        while os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                raise OSError("it does not stop")
            time.sleep(0.0005)
        self.is_paused = True

    def resume(self):
        if self.is_paused:
            kill_quietly(self.pid, signal.SIGCONT)
            self.is_paused = False

    def kill_task(self):
        """Ends its task alone, so that the server can still say how it ended."""
        if self.cell:
            self.cell.kill()
            return
        inside = self.group.pids() if self.group else descendants(self.pid)
        for pid in inside:
            if pid != self.pid:
                kill_quietly(pid, signal.SIGKILL)

    def kill(self):
        """Ends it and all that lives in its cell."""
        if self.cell:
            self.cell.kill()
        kill_quietly(self.pid, signal.SIGKILL)

    def close(self):
        self.channel.close()
        if self.cell:
            self.cell.close()


class WarmServers:
    def __init__(self, hierarchy, slot, null_fd, allow_native, zone):
        self.hierarchy = hierarchy
        self.slot = slot
        self.null_fd = null_fd
        self.spawner = Spawner(null_fd, None, allow_native, zone)
        self.zone = zone
        self.servers = []
        self.ending = []
        self.groups = []
        # Key of a server that was of no use, and when that was.
        self.failures = {}
        # Keys of tasks that there were here, the latest last.
        self.seen = {}

    def find(self, spec):
        """A server that is ready for this task, or None: then one may be on its way for the next."""
        warm = spec.get("warm")
        if warm is None:
            return None
        found = next((server for server in self.servers if server.key == warm["key"]), None)
        if found is None and self.is_wanted(warm):
            self.start(spec)
        if found is None or not found.is_ready:
            return None
        found.used_at = time.monotonic()
        return found

    def is_wanted(self, warm):
        key, now = warm["key"], time.monotonic()
        was_here = key in self.seen
        remember(self.seen, key, now)
        has_failed = now - self.failures.get(key, float("-inf")) < RETRY_SECONDS
        return (was_here or warm["starts"]) and not has_failed

    def start(self, spec):
        while len(self.servers) >= MOST_SERVERS:
            self.end(min(self.servers, key=lambda server: server.used_at))
        try:
            self.servers.append(WarmServer(spec, self.take_group(), self.spawner, self.zone))
        except Exception as error:
            remember(self.failures, spec["warm"]["key"], time.monotonic())
            print("a slot has no fork server: %s" % error, file=sys.stderr, flush=True)

    def take_group(self):
        """One that no living server is in; they are used again, as those of the slots."""
        if not self.hierarchy.version:
            return None
        taken = [server.group for server in (*self.servers, *self.ending)]
        for group in self.groups:
            if group not in taken:
                return group
        name = "slot-%d-warm-%d" % (self.slot, len(self.groups))
        self.groups.append(SlotGroup(self.hierarchy, name))
        return self.groups[-1]

    def release(self, server, spec):
        """Its task is gone: it may have the next one, if nothing of this one is left."""
        server.is_busy = False
        server.used_at = time.monotonic()
        try:
            if server.clear(spec):
                return
        except OSError as error:
            print("a fork server ends: %s" % error, file=sys.stderr, flush=True)
        self.end(server)

    def end(self, server):
        if not server.is_ready:
            remember(self.failures, server.key, time.monotonic())
        server.kill()
        if server in self.servers:
            self.servers.remove(server)
            self.ending.append(server)

    def end_now(self, server):
        """Returns when all that lived in its cell is gone."""
        self.end(server)
        for pid in list(server.pids):
            os.waitpid(pid, 0)
            self.note_end(pid)

    def end_idle(self, now):
        for server in list(self.servers):
            is_late = not server.is_ready and now - server.started_at > LOAD_SECONDS
            if is_late or (not server.is_busy and server.is_ready and now - server.used_at > IDLE_SECONDS):
                self.end(server)

    def note_end(self, pid):
        """True when it was one of ours that has ended."""
        for server in (*self.servers, *self.ending):
            if pid not in server.pids:
                continue
            server.pids.remove(pid)
            # While a task runs it is for the task to see to it that all of it ends.
            if server in self.servers and not server.is_busy:
                self.end(server)
            if not server.pids:
                (self.servers if server in self.servers else self.ending).remove(server)
                server.close()
            return True
        return False

    @property
    def process_count(self):
        return sum(len(server.pids) for server in (*self.servers, *self.ending))


def remember(times, key, now):
    times.pop(key, None)
    while len(times) >= MOST_KEYS:
        del times[next(iter(times))]
    times[key] = now


def start(spec, group, spawner, cell):
    """Starts a server's process: the socket to it and its pid."""
    warm = spec["warm"]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    script = os.path.join(spec["cwd"], spec["argv"][1])
    order = json.dumps({"script": script, "preload": warm["preload"]})
    own = {
        **spec,
        "argv": [spec["argv"][0], "-c", START, order],
        "env": warm["env"],
        # Its folder is there before its tasks are, but not always what lies above it.
        "cwd": "/",
        "pids": spec["pids"] + 1,
    }
    program = os.open(PROGRAM, os.O_RDONLY | os.O_CLOEXEC)
    fds = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_FD) for fd in (program, theirs.fileno())]
    try:
        entry = cell and (lambda calls: cell.add_entry(calls, spec["zone"]))
        null = spawner.null_fd
        pid = spawner.spawn_into(own, group, (null, null, *fds), entry)
        return ours, pid
    except Exception:
        ours.close()
        raise
    finally:
        theirs.close()
        for fd in (program, *fds):
            os.close(fd)


def check_strings(spec):
    for value in (*spec["argv"], *spec["env"], *spec["env"].values()):
        if b"\0" in os.fsencode(value):
            raise ValueError("an argument or a variable holds a NUL")

