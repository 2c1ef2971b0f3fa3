"""Starts the tasks of one runner, from a process small enough that a fork costs little.

Commands come as lines on stdin: `renew <seconds>` or `<slot> <json>`; the JSON goes unread to the
slot's supervisor, which is forked at the first. Frames (frames.py) go to stdout, most of them written
by the supervisors themselves. When stdin ends, the runner is dead: the launcher closes its sockets
and with that every supervisor kills its task and ends.

A lock file in the work folder is held by the launcher and all its supervisors. A new launcher waits
for it, so it starts only after everything of an earlier one has ended. In the same way runners on one
machine share out the uids of their slots: a uid in use twice would let tasks reach each other.
"""
import contextlib
import fcntl
import json
import mmap
import os
import select
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cgroups  # noqa: E402
import linux  # noqa: E402
from frames import LOST, READY, FrameWriter  # noqa: E402
from network import Network  # noqa: E402
from supervisor import run_supervisor  # noqa: E402
from zone import fork_into_zone, probe_zone  # noqa: E402

SWEEP_SECONDS = 10
UID_LOCKS = "/run/bytenite"
UID_RANGE = 1000
UID_RANGES = 64
# `nobody`, and the end of what a container with mapped uids usually has.
NOBODY = (65534, 65535)


class Deadline:
    """When all tasks end unless the runner renews: CLOCK_MONOTONIC seconds in shared memory."""

    def __init__(self):
        self.memory = mmap.mmap(-1, mmap.PAGESIZE)

    def set(self, at):
        self.memory[:8] = struct.pack("=d", at)

    def value(self):
        return struct.unpack("=d", self.memory[:8])[0]


class Member:
    """A supervisor as the launcher sees it."""

    def __init__(self, slot, pid, uplink, channel, group):
        self.slot = slot
        self.pid = pid
        self.uplink = uplink
        self.channel = channel
        self.group = group
        self.unsent = bytearray()

    def send(self, line):
        self.unsent += line
        self.flush()

    def flush(self):
        while self.unsent:
            try:
                sent = self.channel.send(self.unsent)
            except BlockingIOError:
                return
            except OSError:
                self.unsent.clear()
                return
            del self.unsent[:sent]


class Launcher:
    def __init__(self, hierarchy, uid_base, allow_native, zone_plan):
        self.hierarchy = hierarchy
        # Folder of the roots and network of the zones; None where there are none.
        self.zone_plan = zone_plan
        self.uid_base = uid_base
        self.allow_native = allow_native
        self.deadline = Deadline()
        self.writer = FrameWriter(1)
        self.members = {}
        self.buffer = bytearray()
        self.wake_read, wake_write = os.pipe()
        for fd in (self.wake_read, wake_write):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)

    def serve(self):
        while True:
            poll = select.poll()
            poll.register(0, select.POLLIN)
            poll.register(self.wake_read, select.POLLIN)
            if self.writer.pending:
                poll.register(1, select.POLLOUT)
            for member in self.members.values():
                if member.unsent:
                    poll.register(member.channel.fileno(), select.POLLOUT)
            events = dict(poll.poll())
            if self.wake_read in events:
                os.read(self.wake_read, 4096)
                self.reap()
            for member in self.members.values():
                member.flush()
            if 0 in events and not self.receive():
                return
            self.writer.flush()

    def receive(self):
        data = os.read(0, 1 << 20)
        if not data:
            return False
        self.buffer += data
        start = 0
        while True:
            end = self.buffer.find(b"\n", start)
            if end < 0:
                break
            word, _, rest = bytes(self.buffer[start : end + 1]).partition(b" ")
            start = end + 1
            if word == b"renew":
                self.deadline.set(time.monotonic() + float(rest))
            else:
                self.pass_on(int(word), rest)
        del self.buffer[:start]
        return True

    def pass_on(self, slot, line):
        """A slot that gets no supervisor loses this task only: those of the other slots run on."""
        try:
            if slot not in self.members:
                self.members[slot] = self.fork_member(slot)
        except OSError as error:
            print("a slot has no supervisor: %s" % error, file=sys.stderr, flush=True)
            problem = "the task got no supervisor: %s" % error
            self.writer.put_json(LOST, 0, {"slot": slot, "problem": problem})
            return
        self.members[slot].send(line)

    def fork_member(self, slot):
        with contextlib.ExitStack() as unused:
            group = cgroups.SlotGroup(self.hierarchy, "slot-%d" % slot) if self.hierarchy.version else None
            if group:
                unused.callback(group.close)
            ours, theirs = socket.socketpair()
            unused.callback(ours.close)
            unused.callback(theirs.close)
            pid = fork_into_zone(self.zone_plan[1]) if self.zone_plan else os.fork()
            unused.pop_all()
        if pid == 0:
            code = 1
            try:
                # An end of another supervisor's socket kept here would hide the launcher's death from it.
                ours.close()
                for member in self.members.values():
                    member.channel.close()
                os.close(0)
                os.open(os.devnull, os.O_RDONLY)
                theirs.setblocking(False)
                plan = (self.allow_native, self.zone_plan, self.hierarchy, slot)
                run_supervisor(theirs, 1, self.deadline, group, *plan)
                code = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(code)
        theirs.close()
        ours.setblocking(False)
        return Member(slot, pid, self.connect(pid), ours, group)

    def connect(self, pid):
        """A zone without the network that its tasks were promised ends: they run elsewhere."""
        try:
            return self.zone_plan[1].connect(pid) if self.zone_plan else None
        except OSError as error:
            print("a slot has no network: %s" % error, file=sys.stderr, flush=True)
            linux.kill_quietly(pid, signal.SIGKILL)
            return None

    def reap(self):
        """A supervisor that died leaves its task to us: we are a subreaper too."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for member in list(self.members.values()):
                if member.pid == pid:
                    self.bury(member)
                elif member.uplink == pid:
                    # Its tasks are cut off: their supervisor goes too, and is buried in its turn.
                    member.uplink = None
                    linux.kill_quietly(member.pid, signal.SIGKILL)

    def bury(self, member):
        del self.members[member.slot]
        member.channel.close()
        if member.uplink is not None:
            linux.kill_quietly(member.uplink, signal.SIGKILL)
        deadline = time.monotonic() + SWEEP_SECONDS
        while time.monotonic() < deadline:
            others = {pid for m in self.members.values() for pid in (m.pid, m.uplink)}
            if member.group:
                member.group.kill()
            if self.uid_base is not None:
                linux.kill_user(self.uid_base + member.slot)
            linux.kill_descendants(os.getpid(), others)
            time.sleep(0.005)
            self.reap_strays(others)
            if not linux.descendants(os.getpid(), others):
                break
        if member.group:
            member.group.close()
        self.writer.put_json(LOST, 0, {"slot": member.slot, "problem": None})

    def reap_strays(self, others):
        for pid in linux.descendants(os.getpid(), others):
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def take_lock(path, seconds):
    """Held as long as any process that inherits the descriptor lives."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SystemExit("another runner uses %s" % os.path.dirname(path))
            time.sleep(0.02)


def lock_uids(first):
    """One lock per thousand, so that ranges which only overlap exclude each other too."""
    locked = []
    for thousand in sorted({first // UID_RANGE, (first + UID_RANGE - 1) // UID_RANGE}):
        path = os.path.join(UID_LOCKS, "uids-%d.lock" % (thousand * UID_RANGE))
        locked.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            fcntl.flock(locked[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            for fd in locked:
                os.close(fd)
            return False
    return True


def take_uids(base, is_exact):
    """Locks a range of uids for this runner: the first free one from `base` on."""
    try:
        os.makedirs(UID_LOCKS, 0o700, exist_ok=True)
    except OSError:
        return base
    for first in range(base, base + (1 if is_exact else UID_RANGES) * UID_RANGE, UID_RANGE):
        if any(first <= uid < first + UID_RANGE for uid in NOBODY):
            continue
        if lock_uids(first):
            return first
    raise SystemExit("other runners use all uids from %d on" % base)


def sweep_marked(marker):
    """Kills processes of a dead runner that were never in a cgroup: their TMPDIR is below ours."""
    needle = b"\0TMPDIR=" + os.fsencode(marker)
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open("/proc/%s/environ" % name, "rb") as file:
                found = needle in b"\0" + file.read()
        except OSError:
            continue
        if found:
            linux.kill_quietly(int(name), signal.SIGKILL)


def choose_zones(options, uid):
    """The first network that works here in a zone, with what kept the others from it."""
    problems = {}
    for mode in options["networks"]:
        network = Network(mode, options["opened"])
        problem = probe_zone(options["zoneRoot"], uid, options["nativeSpawn"], network)
        if not problem:
            return (options["zoneRoot"], network), problems
        problems[mode] = problem
    return None, problems


def main():
    options = json.loads(sys.argv[1])
    os.closerange(3, 65536)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    take_lock(options["lock"], options["lockSeconds"])
    hierarchy = cgroups.Hierarchy(options["cgroup"])
    if not hierarchy.sweep(SWEEP_SECONDS):
        raise SystemExit("processes of an earlier runner do not end")
    sweep_marked(options["attempts"])
    os.set_blocking(1, False)
    uid_base = options["uidBase"]
    if uid_base is not None:
        uid_base = take_uids(uid_base, options["uidExact"])
    zone_plan, problems = choose_zones(options, uid_base)
    launcher = Launcher(hierarchy, uid_base, options["nativeSpawn"], zone_plan)
    launcher.writer.put_json(
        READY,
        0,
        {
            "version": hierarchy.version,
            "controllers": hierarchy.controllers() if hierarchy.version else [],
            "problem": hierarchy.problem,
            "uidBase": uid_base,
            "network": zone_plan[1].mode if zone_plan else None,
            "problems": problems,
        },
    )
    launcher.writer.flush()
    launcher.serve()
    for member in launcher.members.values():
        member.channel.close()
    for member in launcher.members.values():
        if member.uplink is not None:
            linux.kill_quietly(member.uplink, signal.SIGKILL)
        try:
            os.waitpid(member.pid, 0)
        except ChildProcessError:
            pass
    if hierarchy.version:
        hierarchy.remove()


main()
