"""The few system calls that Python's standard library does not wrap, and a look at the process tree."""
import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option, value):
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, "prctl(%d): %s" % (option, os.strerror(code)))


def kill_quietly(pid, number):
    try:
        os.kill(pid, number)
        return True
    except OSError:
        return False


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
        # The command's name may hold spaces and brackets: the fields begin after the last bracket.
        parents[int(name)] = int(text[text.rindex(b")") + 2 :].split()[1])
    return parents


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
