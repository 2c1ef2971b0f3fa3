"""The cell of a fork server: the namespaces in which the tasks live that it becomes.

A server has no rights, so its children have none to set themselves up with. What a task gets of its own
is therefore put into the cell before it is born, by the supervisor, and taken out when it is gone: its
folders, an empty /tmp. The server itself is outside of the pid namespace that its children are born into:
they cannot see, name, signal or trace it. Process 1 of that namespace is ours. Its end ends them all, and
as long as it lives it tells whether a task has left a process behind.
"""
import array
import contextlib
import os
import select
import signal
import socket
import stat
import struct

import linux
from root import MEMORY_FOLDERS, TMP_FOLDERS, Root, folder_in_tmp

START_SECONDS = 10
LOOK_SECONDS = 5
# What there is, and CPU seconds of what was collected since the last look.
ANSWER = struct.Struct("=cd")
MS_OF_TMP = linux.MS_NOSUID | linux.MS_NODEV
TMP_INODES = 65536
# What the server itself has of a /tmp, before its tasks are given theirs.
SMALL_TMP = 1 << 20
KINDS = (linux.CLONE_NEWNS, linux.CLONE_NEWIPC, linux.CLONE_NEWPID)
NAMES = ("mnt", "ipc", "pid_for_children")
IPC_LISTS = ("/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg")
# Process 1 is asked, and says that there are processes, nothing, or objects without a process.
GO, ASK, HAS_PROCESSES, IS_EMPTY, HAS_OBJECTS = b"+", b"?", b"p", b"-", b"o"


class Cell:
    def __init__(self, zone, spec):
        """Makes a cell for tasks with these mounts; raises where it cannot be had."""
        self.zone = zone
        mounts = spec["zone"]["mounts"]
        fixed = [path for path, _, is_shared in mounts if is_shared]
        self.paths = [path for path, _, _ in mounts]
        self.init_pid, self.channel, self.namespaces = fork_init(
            lambda: build_root(zone, self.paths, fixed, spec["uid"])
        )
        self.home = open_here("/proc/self/ns/mnt")
        self.is_soiled = False
        self.lost_cpu = 0.0

    def add_entry(self, program, zone_spec):
        """The calls that put a new process into the cell, and its children into its pid namespace."""
        for fd, kind in zip(self.namespaces, KINDS):
            program.add("enter its cell", "setns", fd, kind)
        self.zone.add_closed_network(program, zone_spec)
        self.zone.add_dropped_rights(program)

    def furnish(self, spec):
        """Puts a task's own folders into the cell."""
        size = spec["zone"]["tmpBytes"]
        self.lost_cpu = 0.0
        with contextlib.ExitStack() as stack:
            trees = []
            for path, is_writable, is_shared in spec["zone"]["mounts"]:
                if is_shared and not folder_in_tmp(path):
                    continue
                tree = linux.open_tree(path, mount_flags(is_writable))
                stack.callback(os.close, tree)
                trees.append((path, is_folder(path), tree))
            with self.inside():
                make_memory_folders(size)
                for path, is_dir, tree in trees:
                    make_point_in_tmp(path, is_dir)
                    linux.move_mount(tree, path)

    def clear(self, spec):
        """Takes them out again. False when something of the task is left that is not in a folder."""
        with self.inside():
            for path, _, is_shared in spec["zone"]["mounts"]:
                if not is_shared and not folder_in_tmp(path):
                    linux.unmount(path)
            for folder in TMP_FOLDERS:
                linux.unmount(folder)
        return not self.is_soiled

    @contextlib.contextmanager
    def inside(self):
        """The supervisor's own steps in the cell."""
        linux.setns(self.namespaces[0], linux.CLONE_NEWNS)
        try:
            yield
        finally:
            try:
                linux.setns(self.home, linux.CLONE_NEWNS)
            except OSError:
                # Never to set anything up in the wrong place.
                os._exit(1)

    def is_empty(self):
        """Whether nothing lives in the cell but its process 1."""
        try:
            self.channel.send(ASK)
            answer, cpu = ANSWER.unpack(self.channel.recv(ANSWER.size))
        except (OSError, struct.error):
            return False
        self.lost_cpu += cpu
        self.is_soiled = answer == HAS_OBJECTS
        return answer in (IS_EMPTY, HAS_OBJECTS)

    def kill(self):
        linux.kill_quietly(self.init_pid, signal.SIGKILL)

    def close(self):
        self.channel.close()
        for fd in (*self.namespaces, self.home):
            os.close(fd)


def fork_init(build):
    """Starts process 1 of new namespaces: its pid, a channel to it, and their descriptors."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here.settimeout(START_SECONDS)
    middle = os.fork()
    if middle == 0:
        code = 1
        try:
            here.close()
            linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWIPC | linux.CLONE_NEWPID)
            pid = os.fork()
            if pid == 0:
                be_init(there, build)
            fds = [open_here("/proc/self/ns/" + name) for name in NAMES]
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
            there.sendmsg([b"%d" % pid], [rights])
            code = 0
        finally:
            os._exit(code)
    there.close()
    fds = []
    try:
        data, fds, _, _ = socket.recv_fds(here, 64, len(NAMES))
        os.waitpid(middle, 0)
        if not data:
            raise OSError("no namespaces to be had")
        here.send(GO)
        answer = here.recv(4096)
        if answer != b"+":
            raise OSError("the cell of a fork server: %s" % answer.decode("utf-8", "replace"))
        for fd in fds:
            os.set_inheritable(fd, False)
        here.settimeout(LOOK_SECONDS)
        return int(data), here, fds
    except OSError:
        here.close()
        for fd in fds:
            os.close(fd)
        raise


def be_init(channel, build):
    """Body of process 1 of a cell: it collects what tasks leave, and says whether something is left."""
    try:
        wake, wake_write = os.pipe()
        for fd in (wake, wake_write):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        # Not to be heard before the descriptors have been sent.
        if channel.recv(1) != GO:
            os._exit(1)
        try:
            queues = build()
        except BaseException as error:
            channel.send(str(error).encode()[:4000] or b"-")
            os._exit(1)
        close_all_but(channel.fileno(), wake, wake_write, queues)
        channel.send(b"+")
        answer_until_end(channel, wake, queues)
    finally:
        os._exit(0)


def answer_until_end(channel, wake, queues):
    poll = select.poll()
    for fd in (channel.fileno(), wake):
        poll.register(fd, select.POLLIN)
    cpu = 0.0
    while True:
        events = dict(poll.poll())
        if wake in events:
            os.read(wake, 4096)
        cpu += collect()
        if channel.fileno() in events:
            if channel.recv(1) != ASK:
                return
            channel.send(ANSWER.pack(look_around(queues), cpu))
            cpu = 0.0


def collect():
    """CPU seconds of those that have no parent any more and have ended."""
    cpu = 0.0
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu
        if pid == 0:
            return cpu
        cpu += usage.ru_utime + usage.ru_stime


def close_all_but(*kept):
    """Nothing of the supervisor's stays open here but these and its standard streams."""
    last = 2
    for fd in (*sorted(kept), 65536):
        os.closerange(last + 1, fd)
        last = fd


def look_around(queues):
    try:
        # Everybody else in this namespace, whoever started it.
        os.kill(-1, 0)
        return HAS_PROCESSES
    except ProcessLookupError:
        pass
    for path in IPC_LISTS:
        with open(path, "rb") as file:
            # Each has a line of headings.
            if file.read(4096).count(b"\n") > 1:
                return HAS_OBJECTS
    return HAS_OBJECTS if os.listdir(queues) else IS_EMPTY


def build_root(zone, paths, fixed, uid):
    """A root of its own for the cell, with what all its tasks see; the folder of its message queues."""
    root = Root(zone.root.path, zone.root.name_server)
    root.set_points(paths, uid)
    queues = open_queues(root.inside("/tmp"))
    trees = [(path, is_folder(path), linux.open_tree(path, mount_flags(False))) for path in fixed]
    linux.restrict_mount(root.inside("/"), linux.MOUNT_READ_ONLY)
    linux.pivot_root(root.inside("/"))
    make_memory_folders(SMALL_TMP)
    for path, is_dir, tree in trees:
        if folder_in_tmp(path):
            make_point_in_tmp(path, is_dir)
        linux.move_mount(tree, path)
    return queues


def open_queues(point):
    """The folder of the message queues of this namespace, which no task sees."""
    linux.mount("mqueue", point, "mqueue", MS_OF_TMP | linux.MS_NOEXEC)
    fd = open_here(point)
    linux.unmount(point)
    return fd


def make_memory_folders(size):
    data = "size=%d,nr_inodes=%d,mode=1777" % (size, TMP_INODES)
    for folder in MEMORY_FOLDERS:
        linux.mount("tmpfs", folder, "tmpfs", MS_OF_TMP, data)
    # The same folder by its other name, so that it takes no more memory.
    linux.mount("/tmp", "/var/tmp", None, linux.MS_BIND)


def make_point_in_tmp(path, is_dir):
    """A folder of ours that lies in the host's /tmp lies in the task's own, which is empty."""
    if folder_in_tmp(path) is None:
        return
    os.makedirs(path if is_dir else os.path.dirname(path), 0o711, exist_ok=True)
    if not is_dir:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o444))


def mount_flags(is_writable):
    flags = linux.MOUNT_NOSUID | linux.MOUNT_NODEV
    return flags if is_writable else flags | linux.MOUNT_READ_ONLY


def is_folder(path):
    return stat.S_ISDIR(os.stat(path).st_mode)


def open_here(path):
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
