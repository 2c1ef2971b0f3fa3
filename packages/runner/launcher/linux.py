"""The few system calls that Python's standard library does not wrap, and a look at the process tree."""
import ctypes
import os
import signal
import struct

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAPABILITY_VERSION = 0x20080522
CAP_NET_ADMIN = 12

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MOUNT_READ_ONLY, MOUNT_NOSUID, MOUNT_NODEV = 1, 2, 4
MNT_DETACH = 2
SYS_MOUNT_SETATTR = 442
MOVE_MOUNT_F_EMPTY_PATH = 4
# These have the same number on all machines.
SYS_OPEN_TREE, SYS_MOVE_MOUNT = 428, 429
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 1, 0o2000000
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option, value):
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, "prctl(%d): %s" % (option, os.strerror(code)))


def _checked(what, result):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, "%s: %s" % (what, os.strerror(code)))


def unshare(flags):
    _checked("unshare(%#x)" % flags, _libc.unshare(ctypes.c_int(flags)))


def mount(source, target, kind=None, flags=0, data=None):
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    result = _libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _checked("mount %s" % target, result)


def unmount(target):
    """Takes a mount away with all that lies in it, at once to all who look and wholly when nobody uses it."""
    _checked("unmount %s" % target, _libc.umount2(os.fsencode(target), MNT_DETACH))


def pivot_root(path):
    """Makes a mount the root, and takes the old one away with all that hangs below it."""
    os.chdir(path)
    _checked("pivot_root", _libc.pivot_root(b".", b"."))
    _checked("umount2", _libc.umount2(b".", MNT_DETACH))
    os.chdir("/")


def setns(fd, kind):
    _checked("setns", _libc.setns(fd, kind))


def open_tree(path, attributes):
    """A mount of a file or folder that hangs nowhere yet, with these attributes, as a descriptor."""
    fd = _libc.syscall(
        ctypes.c_long(SYS_OPEN_TREE), AT_FDCWD, os.fsencode(path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
    )
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    request = mount_attributes(attributes)
    number, size = ctypes.c_long(SYS_MOUNT_SETATTR), ctypes.c_size_t(len(request))
    try:
        _checked("restrict %s" % path, _libc.syscall(number, fd, b"", AT_EMPTY_PATH, request, size))
    except OSError:
        os.close(fd)
        raise
    return fd


def move_mount(fd, target):
    number = ctypes.c_long(SYS_MOVE_MOUNT)
    result = _libc.syscall(
        number, fd, b"", AT_FDCWD, os.fsencode(target), MOVE_MOUNT_F_EMPTY_PATH
    )
    _checked("mount %s" % target, result)


def restrict_mount(target, attributes, recursive=False):
    """Adds attributes such as MOUNT_READ_ONLY to a mount, or to all that lie in its tree."""
    request = mount_attributes(attributes)
    number, flags = ctypes.c_long(SYS_MOUNT_SETATTR), AT_RECURSIVE if recursive else 0
    result = _libc.syscall(
        number, AT_FDCWD, os.fsencode(target), flags, request, ctypes.c_size_t(len(request))
    )
    _checked("restrict %s" % target, result)


def mount_attributes(attributes):
    """A `struct mount_attr` that sets these attributes and clears none."""
    return struct.pack("=QQQQ", attributes, 0, 0, 0)


def keep_across_exec(capability):
    """A capability of ours stays with the program that we become, although we are not root."""
    head, data = struct.pack("=II", CAPABILITY_VERSION, 0), ctypes.create_string_buffer(24)
    _checked("capget", _libc.capget(head, data))
    words = list(struct.unpack("=6I", data.raw))
    words[2] |= 1 << capability
    _checked("capset", _libc.capset(head, struct.pack("=6I", *words)))
    result = _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, ctypes.c_ulong(capability), 0, 0)
    _checked("keep capability %d" % capability, result)


def kill_quietly(pid, number):
    try:
        os.kill(pid, number)
        return True
    except OSError:
        return False


def parent_of(pid, proc="/proc"):
    """Raises where there is no such process."""
    with open("%s/%d/stat" % (proc, pid), "rb") as file:
        return int(_fields_of(file.read())[1])


def _fields_of(text):
    """From the state on: the command's name may hold spaces and brackets, the fields begin after the last bracket."""
    return text[text.rindex(b")") + 2 :].split()


def resident_bytes(pid, proc="/proc"):
    with open("%s/%d/statm" % (proc, pid), "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children_of(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), "rb") as file:
        return file.read().split()


def _parents():
    """Parent of each process that can be seen."""
    parents = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                text = file.read()
        except OSError:
            continue
        parents[int(name)] = int(_fields_of(text)[1])
    return parents


def threads_of(uid):
    """How many threads a user has, in all processes that can be seen."""
    count = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found = os.stat("/proc/%s/task" % name)
            except OSError:
                continue
            if found.st_uid == uid:
                count += found.st_nlink - 2
    return count


def threads_among(pids, proc="/proc"):
    """How many threads these processes have together."""
    count = 0
    for pid in pids:
        try:
            count += os.stat(os.path.join(os.fsdecode(proc), str(pid), "task")).st_nlink - 2
        except OSError:
            continue
    return count


def descendants(root, without=()):
    """Pids below `root`, not entering the subtrees in `without`."""
    children = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    found, queue = [], [root]
    while queue:
        for pid in children.get(queue.pop(), ()):
            if pid not in without:
                found.append(pid)
                queue.append(pid)
    return found


def kill_descendants(root, without=()):
    """One pass. Stopped first, so that a process that forks cannot outrun the pass."""
    seen = set()
    for _ in range(20):
        fresh = [pid for pid in descendants(root, without) if pid not in seen]
        if not fresh:
            break
        for pid in fresh:
            seen.add(pid)
            kill_quietly(pid, signal.SIGSTOP)
    for pid in seen:
        kill_quietly(pid, signal.SIGKILL)


def kill_user(uid):
    """SIGKILL to every process of a uid that belongs to one slot only."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        except OSError:
            pass
        finally:
            os._exit(0)
    return pid
