"""The zone of a slot: the namespaces that its tasks live in, one task after another.

The supervisor itself is process 1 of the slot's pid namespace. So one signal reaches everything that a
task has started, whatever it did to get away, nothing is left when waitpid finds no child, and no pid
outside can be seen or named. The user namespace gives the supervisor the rights to set tasks up, and
takes all rights over the host's things from whatever lives in it. It may have no further ones below it.

What is the same for all tasks (root.py) is made once; each task gets a copy of the mounts with its own
folders added, and an IPC namespace. All of it are system calls in the table of its start (spawn.py).
"""
import array
import fcntl
import os
import signal
import socket
import stat
import struct

import linux
from network import NAME_SERVER
from root import MEMORY_FOLDERS, Root, folder_in_tmp

MS_OF_TMP = linux.MS_NOSUID | linux.MS_NODEV
# Each; the runner's messages name it.
TMP_INODES = 65536
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def fork_into_zone(network):
    """Like os.fork, but the child is process 1 of a new pid and user namespace."""
    network.look()
    flags = linux.CLONE_NEWUSER | linux.CLONE_NEWPID
    if network.mode != "host":
        flags |= linux.CLONE_NEWNET
    here, there = socket.socketpair()
    try:
        middle = os.fork()
    except OSError:
        here.close()
        there.close()
        raise
    if middle == 0:
        here.close()
        try:
            linux.unshare(flags)
            there.send(b"+")
            if there.recv(1) != b"+":
                os._exit(1)
            pid = os.fork()
        except OSError as error:
            there.send(("-%s" % (error.strerror or error)).encode())
            os._exit(1)
        if pid == 0:
            there.close()
            return 0
        there.send(b"%d" % pid)
        os._exit(0)
    there.close()
    try:
        _expect(here.recv(4096))
        _map_ids(middle)
        here.send(b"+")
        answer = here.recv(4096)
        if not answer.isdigit():
            _expect(answer)
        return int(answer)
    finally:
        here.close()
        os.waitpid(middle, 0)


def _expect(answer):
    if answer != b"+":
        raise OSError(answer[1:].decode() or "it ended without a word")


def _map_ids(pid):
    """Every id keeps its number inside. Who is not root may map only his own."""
    if os.geteuid() != 0:
        _write("/proc/%d/setgroups" % pid, "deny")
    for kind, own in (("uid", os.geteuid()), ("gid", os.getegid())):
        if os.geteuid() == 0:
            with open("/proc/self/%s_map" % kind) as file:
                lines = [line.split() for line in file]
            ranges = ["%s %s %s\n" % (inside, inside, count) for inside, _, count in lines]
        else:
            ranges = ["%d %d 1\n" % (own, own)]
        _write("/proc/%d/%s_map" % (pid, kind), "".join(ranges))


def _write(path, text):
    with open(path, "w") as file:
        file.write(text)


def probe_zone(root_path, uid, allow_native, network):
    """Why this machine gives no zones, in words; empty when a program ran in one."""
    from spawn import Spawner

    here, there = socket.socketpair()
    try:
        pid = fork_into_zone(network)
    except OSError as error:
        return "user namespaces: %s" % (error.strerror or error)
    if pid == 0:
        here.close()
        problem = "it ended without a word"
        try:
            null = os.open(os.devnull, os.O_RDWR)
            linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
            spawner = Spawner(null, None, allow_native, Zone(root_path, network))
            spawner.spawn(probe_spec(uid), null, null)
            _, status = os.wait()
            problem = spawner.failure() or ("" if status == 0 else "a program failed in it")
        except Exception as error:
            problem = str(error)
        finally:
            there.send(problem.encode() or b"+")
            # Stays until the uplink has been tried.
            there.recv(1)
            os._exit(0)
    there.close()
    uplink, problem = None, ""
    try:
        uplink = network.connect(pid)
    except OSError as error:
        problem = str(error)
    answer = here.recv(4096) or b"it ended without a word"
    here.close()
    os.waitpid(pid, 0)
    if uplink is not None:
        linux.kill_quietly(uplink, signal.SIGKILL)
        os.waitpid(uplink, 0)
    return problem if answer == b"+" else answer.decode()


def probe_spec(uid):
    zone = {"mounts": [], "network": "none", "tmpBytes": 1 << 20}
    return {
        "argv": ["/bin/sh", "-c", "exec 3</dev/null && test -e /proc/self"],
        "env": {},
        "cwd": "/",
        "uid": uid,
        "gid": uid,
        "groups": [],
        "umask": 0o022,
        "fileBytes": 0,
        "pids": 64,
        "memory": 1 << 28,
        "zone": zone,
    }


class Zone:
    """To be made by the process that fork_into_zone started; sets up what all its tasks share."""

    def __init__(self, root_path, network):
        os.umask(0o022)
        linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWUTS)
        socket.sethostname("task")
        _write("/proc/sys/user/max_user_namespaces", "0")
        if network.mode != "host":
            raise_loopback()
        if network.mode == "egress":
            network.close_zone()
        # A look at the names goes through the uplink; without one the host's settings are as good as any.
        self.root = Root(root_path, NAME_SERVER if network.mode == "egress" else None)
        self.closed_network = None if network.mode == "none" else open_closed_network()
        with open("/proc/sys/kernel/cap_last_cap") as file:
            self.last_capability = int(file.read())

    def threads(self):
        """How many threads there are beside the supervisor's."""
        proc = self.root.inside("/proc")
        pids = [int(name) for name in os.listdir(proc) if name.isdigit()]
        return linux.threads_among((pid for pid in pids if pid != 1), proc)

    def prepare(self, spec):
        """What of a task's start is done in the supervisor: places for its mounts."""
        self.root.set_points([path for path, _, _ in spec["zone"]["mounts"]], spec["uid"])

    def add_entry(self, program, spec):
        """The calls that put a task into the zone; they need the supervisor's rights."""
        add, zone = program.add, spec["zone"]
        add("get namespaces", "unshare", linux.CLONE_NEWNS | linux.CLONE_NEWIPC)
        self.add_closed_network(program, zone)
        data = b"size=%d,nr_inodes=%d,mode=1777" % (zone["tmpBytes"], TMP_INODES)
        for folder in MEMORY_FOLDERS:
            target = self.root.inside(folder)
            add("mount %s" % folder, "mount", b"tmpfs", target, b"tmpfs", MS_OF_TMP, data)
        # The same folder by its other name, so that it takes no more memory.
        tmp, other = self.root.inside("/tmp"), self.root.inside("/var/tmp")
        add("mount /var/tmp", "mount", tmp, other, 0, linux.MS_BIND, 0)
        made = set()
        for path, is_writable, _ in zone["mounts"]:
            self._add_point_in_tmp(program, path, made)
            self._add_bind(program, path, is_writable)
        step = "enter its own root"
        only_read = linux.mount_attributes(linux.MOUNT_READ_ONLY)
        root = self.root.inside("/")
        add(step, "mount_setattr", linux.AT_FDCWD, root, 0, only_read, len(only_read))
        add(step, "chdir", root)
        # The old root comes to lie on the new one, and is taken away with all that hangs below it.
        add(step, "pivot_root", b".", b".")
        add(step, "umount2", b".", linux.MNT_DETACH)
        self.add_dropped_rights(program)

    def add_closed_network(self, program, zone):
        if zone["network"] == "none" and self.closed_network is not None:
            step = "leave the host's network"
            program.add(step, "setns", self.closed_network, linux.CLONE_NEWNET)

    def add_dropped_rights(self, program):
        for number in range(self.last_capability + 1):
            program.add("give up its rights", "prctl", linux.PR_CAPBSET_DROP, number)

    def _add_bind(self, program, path, is_writable):
        attributes = linux.MOUNT_NOSUID | linux.MOUNT_NODEV
        if not is_writable:
            attributes |= linux.MOUNT_READ_ONLY
        request, target = linux.mount_attributes(attributes), self.root.inside(path)
        step, add = "mount %s" % path, program.add
        add(step, "mount", os.fsencode(path), target, 0, linux.MS_BIND, 0)
        add(step, "mount_setattr", linux.AT_FDCWD, target, 0, request, len(request))

    def _add_point_in_tmp(self, program, path, made):
        """A folder of ours that lies in the host's /tmp lies in the task's own, which is empty."""
        tmp = folder_in_tmp(path)
        if tmp is None:
            return
        parts = path.split("/")
        is_file = not stat.S_ISDIR(os.stat(path).st_mode)
        for end in range(len(tmp.split("/")) + 1, len(parts) + 1):
            folder = "/".join(parts[:end])
            if folder in made:
                continue
            made.add(folder)
            target = self.root.inside(folder)
            if is_file and end == len(parts):
                mode = stat.S_IFREG | 0o444
                program.add("make %s" % path, "mknodat", linux.AT_FDCWD, target, mode, 0)
            else:
                program.add("make %s" % path, "mkdirat", linux.AT_FDCWD, target, 0o711)

    def add_surrender(self, program):
        """Gives up all rights. Who becomes another user has none left by then."""
        head = struct.pack("=II", linux.CAPABILITY_VERSION, 0)
        program.add("give up its rights", "capset", head, bytes(24))


def open_closed_network():
    """A network namespace with nothing but a loopback of its own, as a descriptor."""
    here, there = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            linux.unshare(linux.CLONE_NEWNET)
            raise_loopback()
            fd = os.open("/proc/self/ns/net", os.O_RDONLY)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))
            there.sendmsg([b"+"], [rights])
            code = 0
        finally:
            os._exit(code)
    there.close()
    _, fds, _, _ = socket.recv_fds(here, 1, 1)
    here.close()
    os.waitpid(pid, 0)
    if not fds:
        raise OSError("no network namespace to be had")
    os.set_inheritable(fds[0], False)
    return fds[0]


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH22x", b"lo", 0)
        flags = struct.unpack("16sH22x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        request = struct.pack("16sH22x", b"lo", flags | IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)
