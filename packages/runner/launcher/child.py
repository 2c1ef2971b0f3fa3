"""What happens between fork and exec of a task."""
import os
import resource
import signal

from linux import PR_SET_PDEATHSIG, prctl

# Python ignores the first two, the launcher the others; a task starts with the defaults.
RESET_SIGNALS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGCHLD,
)
MAX_OPEN_FILES = 65536


def exec_task(spec, stdio, group, parent, failure_fd):
    """Never returns: becomes the task, or writes why it could not to `failure_fd`."""
    step = "prepare"
    try:
        os.setsid()
        for fd, target in enumerate(stdio):
            os.dup2(target, fd)
        step = "join its cgroup"
        for fd in group.join_fds if group else ():
            os.write(fd, b"0")
        step = "set its limits"
        _set_limits(spec, group)
        os.umask(spec["umask"])
        step = "become uid %s" % spec["uid"]
        if spec["uid"] is not None:
            os.setgroups(spec["groups"])
            os.setresgid(spec["gid"], spec["gid"], spec["gid"])
            os.setresuid(spec["uid"], spec["uid"], spec["uid"])
        # Changing the uid clears the parent-death signal, so it is set only now.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(127)
        step = "enter %s" % spec["cwd"]
        os.chdir(spec["cwd"])
        for number in RESET_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        step = "execute %s" % spec["argv"][0]
        os.execve(spec["argv"][0], spec["argv"], spec["env"])
    except BaseException as error:
        reason = getattr(error, "strerror", None) or str(error)
        os.write(failure_fd, ("cannot %s: %s" % (step, reason)).encode("utf-8", "replace")[:1000])
    finally:
        os._exit(127)


def _set_limits(spec, group):
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    if spec["fileBytes"]:
        _limit(resource.RLIMIT_FSIZE, spec["fileBytes"])
    # Counted per uid over the whole machine: of use only where the slot has a uid of its own.
    if spec["uid"] is not None:
        _limit(resource.RLIMIT_NPROC, spec["pids"])
    # Private writable memory of each process. RLIMIT_AS would also count what node or a JVM only
    # reserves, and stop them from starting.
    if not (group and group.limits_memory):
        _limit(resource.RLIMIT_DATA, spec["memory"])


def _limit(kind, value):
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))
