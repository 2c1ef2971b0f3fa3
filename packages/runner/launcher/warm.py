"""The fork server: an interpreter that has started already, and becomes a task with each fork.

Run by a task's own interpreter, in its sandbox and as its user; it has no rights that a task has not. What
runs in a child is a task like any other: nothing of it comes back here, and nothing of a task's message is
ever read here, so that the next child inherits neither its environment nor its secrets.

Nobody of the same user may look into it or trace it (its starter sees to that, as the first thing it does);
tasks with plain starts live beside it.

Descriptor 4 is a socket (SOCK_SEQPACKET) to the supervisor. From it: one packet per task, with descriptors
of its standard output, its standard error, a gate that it waits at, and its message (JSON: argv, cwd, env). To it, all JSON: what could
not be loaded, once; then for each task its pid, and at its end its wait status and usage.
"""
import atexit
import builtins
import ctypes
import gc
import io
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import types
from importlib.machinery import SourceFileLoader

CHANNEL = 4
PR_SET_DUMPABLE = 4
MESSAGE_BYTES = 1 << 24
PR_SET_PDEATHSIG = 1
# Holds the interpreter's lock: no thread goes on while the process ends.
_libc = ctypes.PyDLL(None)


def load(modules):
    """Imports what tasks would; returns what went wrong with which."""
    problems = []
    for name in modules:
        try:
            __import__(name)
        except BaseException as error:
            problems.append(("%s: %s: %s" % (name, type(error).__name__, error))[:200])
    return problems[:10]


def compile_script(path):
    """The script as a plain start compiles it; None where that is for the task to find out."""
    try:
        with open(path, "rb") as file:
            return compile(file.read(), path, "exec", dont_inherit=True)
    except BaseException:
        return None


class Server:
    def __init__(self, channel):
        self.channel = channel
        self.child = None
        self.wake, self.wake_write = os.pipe()
        for fd in (self.wake, self.wake_write):
            os.set_blocking(fd, False)

    def serve(self):
        """Returns only in a child: the descriptors of its output and its message."""
        # A task that is asked to end is another process; the handler makes its end known.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self.channel.fileno(), select.POLLIN)
        poll.register(self.wake, select.POLLIN)
        while True:
            events = dict(poll.poll())
            if self.wake in events:
                os.read(self.wake, 4096)
                self.report_end()
            if self.channel.fileno() in events:
                descriptors = self.receive()
                if self.fork():
                    return descriptors
                for fd in descriptors:
                    os.close(fd)

    def receive(self):
        data, ancillary, _, _ = self.channel.recvmsg(16, socket.CMSG_SPACE(4 * 4))
        if not data:
            os._exit(0)
        return struct.unpack("4i", ancillary[0][2])

    def fork(self):
        """True in the child."""
        pid = os.fork()
        if pid == 0:
            self.become_child()
            return True
        self.child = pid
        self.send({"pid": pid})
        return False

    def become_child(self):
        signal.set_wakeup_fd(-1)
        _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for fd in (self.wake, self.wake_write):
            os.close(fd)
        self.channel.close()
        # Without namespaces nothing else ties a task's life to ours.
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.setsid()

    def report_end(self):
        while self.child is not None:
            pid, status, usage = os.wait4(self.child, os.WNOHANG)
            if pid == 0:
                return
            self.child = None
            cpu = usage.ru_utime + usage.ru_stime
            self.send({"status": status, "cpu": cpu, "rss": usage.ru_maxrss * 1024})

    def send(self, value):
        self.channel.send(json.dumps(value).encode())


def reseed():
    """Random numbers that were seeded before the fork; the standard library sees to its own."""
    numbers = sys.modules.get("numpy.random")
    if numbers is not None:
        numbers.seed()


def dress(descriptors):
    """Gives a child what a new process would have been started with, once it is known to be there."""
    out, err, gate, message = descriptors
    if os.read(gate, 1) != b"+":
        os._exit(1)
    os.close(gate)
    task = json.loads(os.pread(message, MESSAGE_BYTES, 0))
    os.close(message)
    for fd, target in ((out, 1), (err, 2)):
        os.dup2(fd, target)
        os.close(fd)
    os.environ.clear()
    os.environ.update(task["env"])
    os.chdir(task["cwd"])
    sys.argv = task["argv"][1:]
    sys.orig_argv = task["argv"]
    reseed()


def new_main(path):
    """The module that a script runs in, as the interpreter makes it."""
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__cached__ = None
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    main.__builtins__ = builtins
    main.__loader__ = SourceFileLoader("__main__", path)
    sys.modules["__main__"] = main
    return main


def run(path, code):
    """Runs the script; the code that its process ends with."""
    main = new_main(path)
    try:
        if code is None:
            with open(path, "rb") as file:
                code = compile(file.read(), path, "exec", dont_inherit=True)
        exec(code, main.__dict__)
        return 0
    except SystemExit as end:
        return exit_code(end.code)
    except BaseException as error:
        # Our own frame is the first; an error of the compiler has no other.
        error.__traceback__ = error.__traceback__.tb_next
        tell(error)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def exit_code(value):
    if value is None or isinstance(value, int):
        return (value or 0) & 0xFF
    print(value, file=sys.stderr)
    return 1


def tell(error):
    """What the interpreter does with an exception that nobody caught."""
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException:
        sys.__excepthook__(*sys.exc_info())
        sys.__excepthook__(type(error), error, error.__traceback__)


def leave(code, modules):
    """Ends a child as the interpreter would end it, but for what the server had made before.

    To take all of that apart as well would mean to copy it, which is most of what a short task costs.
    """
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.last_type = sys.last_value = sys.last_traceback = None
    for name in [name for name in sys.modules if name not in modules]:
        del sys.modules[name]
    # Collected with what holds it, a file that was never closed may lose its buffer before it is written.
    flush_files()
    sys.modules["__main__"] = None
    gc.collect()
    # And what was written just now, or is held by something older than the task.
    flush_files()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    # Not os._exit: libraries have something to do at the end as well.
    _libc.exit(code)


def flush_files():
    files = [found for found in gc.get_objects() if isinstance(found, io.IOBase)]
    # What holds text in front of a file comes before the file.
    files.sort(key=lambda found: not isinstance(found, io.TextIOBase))
    for found in (*files, sys.stdout, sys.stderr):
        try:
            found.flush()
        except Exception:
            pass


def main():
    order = json.loads(sys.argv[1])
    # Stays for as long as this code runs in it, though a child's script takes its name.
    own = sys.modules["__main__"]
    sys.path[0] = os.path.dirname(os.path.realpath(order["script"]))
    channel = socket.socket(fileno=CHANNEL)
    problems = load(order["preload"])
    code = compile_script(order["script"])
    # What is here now is never collected, so that no child copies it only for looking at it.
    gc.collect()
    gc.freeze()
    server = Server(channel)
    server.send({"problems": problems})
    descriptors = server.serve()
    modules = set(sys.modules)
    dress(descriptors)
    leave(run(order["script"], code), modules)
    del own


main()
