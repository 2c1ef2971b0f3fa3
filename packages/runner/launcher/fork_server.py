"""A fork server as its supervisor sees it (warm.py is what runs in it).

It has the rights of a task and may run code of the user's, if only because a task could have got hold of it while
it started. So its words are looked at before they are used, it stands still while it has no task, and whatever
is not as it should be ends it.
"""
import array
import fcntl
import json
import math
import os
import select
import signal
import socket
import time

from cell import Cell
from linux import children_of, descendants, kill_quietly, parent_of, resident_bytes

FORK_SECONDS = 5
STOP_SECONDS = 5
PACKET_BYTES = 1 << 16
HIGH_FD = 200
# What it needs itself beside its tasks, which have a limit to themselves.
OWN_MEMORY = 16 << 20
MOST_PROBLEMS, PROBLEM_CHARACTERS = 10, 150
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "warm.py")
# Not to be traced or looked into, not even by its own user: PR_SET_DUMPABLE is 4. In its cell a server has
# no /proc to find its program in.
START = "import ctypes,os;ctypes.CDLL(None).prctl(4,0,0,0,0);s=os.pread(3,1<<20,0);os.close(3);exec(compile(s,'<fork server>','exec'))"
# What a server may do wrong, by itself or by what it says.
FAILURES = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


class ServerFailed(Exception):
    """The task was not born, nor will it be: it may have a plain start."""


class ForkServer:
    def __init__(self, spec, group, spawner, zone):
        self.key = spec["warm"]["key"]
        self.owner = spec["owner"]
        self.places = places_of(spec)
        self.group = group
        self.proc = os.fsdecode(zone.root.inside("/proc")) if zone else "/proc"
        self.problems = []
        self.resident = 0
        self.is_ready = False
        self.is_busy = False
        self.is_paused = False
        self.used_at = self.started_at = time.monotonic()
        if group:
            group.limit(spec["memory"] + OWN_MEMORY, spec["pids"] + 1, spec["cpus"])
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
        """Pid of the new task. It begins when that is known, and never if it is not."""
        message = json.dumps({name: spec[name] for name in ("argv", "cwd", "env")})
        self.is_busy = True
        gate, opened = os.pipe()
        try:
            if self.cell:
                self.cell.furnish(spec)
            self.resume()
            if self.has_words():
                raise ValueError("it speaks out of turn")
            self.order(message, stdout_fd, stderr_fd, gate)
            pid = whole_number(self.wait_for("pid"), 2, 1 << 22)
            if parent_of(pid, self.proc) != self.pid:
                raise ValueError("it names a process that it did not start")
            os.write(opened, b"+")
            return pid
        except FAILURES as error:
            raise ServerFailed(str(error)) from error
        finally:
            os.close(gate)
            os.close(opened)

    def order(self, message, *descriptors):
        fd = os.memfd_create("task")
        try:
            os.write(fd, message.encode())
            rights = array.array("i", [*descriptors, fd])
            self.channel.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        finally:
            os.close(fd)

    def has_words(self, seconds=0):
        poll = select.poll()
        poll.register(self.channel.fileno(), select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def wait_for(self, name):
        if not self.has_words(FORK_SECONDS):
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
        try:
            said = self.receive()
        except BlockingIOError:
            return None
        if self.is_ready:
            cpu = float(said["cpu"])
            if not (math.isfinite(cpu) and cpu >= 0):
                raise ValueError("no number of seconds")
            return whole_number(said["status"], 0, 0xFFFF), cpu, whole_number(said["rss"], 0, 1 << 50)
        self.problems = [str(text)[:PROBLEM_CHARACTERS] for text in said["problems"][:MOST_PROBLEMS]]
        self.resident = resident_bytes(self.pid, self.proc)
        self.pause()
        self.is_ready = True
        return None

    def take_problems(self):
        """What could not be loaded, told with its first task and not with every one."""
        problems, self.problems = self.problems, []
        return problems

    def is_quiet(self):
        """Whether nothing of its task is left but the server, which does nothing until the next one."""
        try:
            self.pause()
            return self.cell.is_empty() if self.cell else not children_of(self.pid)
        except OSError:
            return False

    def clear(self, spec):
        """Makes room for the next task; False when it cannot have one."""
        return self.cell is None or self.cell.clear(spec)

    @property
    def lost_cpu(self):
        """CPU seconds of what its last task left to others to collect."""
        return self.cell.lost_cpu if self.cell else 0.0

    def pause(self):
        if self.is_paused:
            return
        kill_quietly(self.pid, signal.SIGSTOP)
        deadline = time.monotonic() + STOP_SECONDS
        while os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                raise OSError("it does not stop")
            time.sleep(0.0001)
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


def whole_number(value, least, most):
    if type(value) is not int or not least <= value <= most:
        raise ValueError("no number that it could mean")
    return value


def places_of(spec):
    """What of the host its tasks share, each as the folder that it is now, whatever lies there later."""
    paths = [path for path, _, is_shared in spec["zone"]["mounts"] if is_shared] if spec.get("zone") else []
    places = []
    for path in (*paths, spec["cwd"]):
        status = os.stat(path)
        places.append((path, status.st_dev, status.st_ino))
    return places


def start(spec, group, spawner, cell):
    """Starts a server's process: the socket to it and its pid."""
    warm = spec["warm"]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
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
    # Modules may print when they are loaded.
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    sources = (null, program, theirs.fileno())
    fds = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_FD) for fd in sources]
    try:
        entry = cell and (lambda calls: cell.add_entry(calls, spec["zone"]))
        pid = spawner.spawn_into(own, group, (fds[0], *fds), entry)
        return ours, pid
    except Exception:
        ours.close()
        raise
    finally:
        theirs.close()
        for fd in (null, program, *fds):
            os.close(fd)
