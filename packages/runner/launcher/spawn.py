"""Starts a task: a list of system calls that a new process makes before it becomes the task.

A fork costs little in itself, but afterwards each page that parent or child touches must be copied,
which for two Python processes comes to a third of what it costs to start a small script. So on x86-64
the child shares the parent's memory until its exec (as in vfork), and because Python cannot run there,
a few instructions of machine code make the calls from a table. Elsewhere, or where the system allows no
such code, an ordinary fork makes the same calls from the same table.
"""
import ctypes
import mmap
import os
import resource
import signal
import time

from linux import PR_SET_PDEATHSIG, threads_of
from seccomp import PR_SET_SECCOMP, SECCOMP_MODE_FILTER, load_filter

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
PIDS_SPARE = 64
FAILURE_CODE = 127

CLONE_VM = 0x100
CLONE_VFORK = 0x4000

_X86_64 = {
    "write": 1,
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "execve": 59,
    "chdir": 80,
    "umask": 95,
    "getppid": 110,
    "setsid": 112,
    "setgroups": 116,
    "setresuid": 117,
    "setresgid": 119,
    "capset": 126,
    "pivot_root": 155,
    "prctl": 157,
    "mount": 165,
    "umount2": 166,
    "mkdirat": 258,
    "mknodat": 259,
    "unshare": 272,
    "dup3": 292,
    "prlimit64": 302,
    "setns": 308,
    "mount_setattr": 442,
}
# The numbers of arm64, riscv64 and other newer machines.
_GENERIC = {
    "dup3": 24,
    "mknodat": 33,
    "mkdirat": 34,
    "umount2": 39,
    "mount": 40,
    "pivot_root": 41,
    "chdir": 49,
    "write": 64,
    "capset": 91,
    "unshare": 97,
    "rt_sigaction": 134,
    "rt_sigprocmask": 135,
    "setresuid": 147,
    "setresgid": 149,
    "setsid": 157,
    "setgroups": 159,
    "umask": 166,
    "prctl": 167,
    "getppid": 173,
    "execve": 221,
    "prlimit64": 261,
    "setns": 268,
    "mount_setattr": 442,
}
_MACHINE = os.uname().machine
NUMBERS = _X86_64 if _MACHINE == "x86_64" else _GENERIC

# long spawn(struct call *calls, unsigned long clone_flags, struct { struct call *failed; long result; } *)
#
# The child runs on the parent's stack and writes nothing to it. A call fails when its result is negative,
# or, where `checked` is set, is not `expected`; then the child reports it and exits.
_CODE = bytes.fromhex(
    "f30f1efa"  #         endbr64
    "53 4154"  #          push rbx; push r12
    "4889fb 4989d4"  #    mov rbx, rdi; mov r12, rdx
    "4889f7 31f6 31d2"  # mov rdi, rsi; xor esi, esi; xor edx, edx
    "4531d2 4531c0"  #    xor r10d, r10d; xor r8d, r8d
    "b838000000 0f05"  #  mov eax, 56 (clone); syscall
    "4885c0 7404"  #      test rax, rax; jz child
    "415c 5b c3"  #       pop r12; pop rbx; ret
    # child:
    "488b03"  #           mov rax, [rbx]           number
    "488b7b08"  #         mov rdi, [rbx + 8]       arguments
    "488b7310"  #         mov rsi, [rbx + 16]
    "488b5318"  #         mov rdx, [rbx + 24]
    "4c8b5320"  #         mov r10, [rbx + 32]
    "4c8b4328"  #         mov r8, [rbx + 40]
    "0f05"  #             syscall
    "48837b3000"  #       cmp qword [rbx + 48], 0  checked
    "7408"  #             je sign
    "483b4338"  #         cmp rax, [rbx + 56]      expected
    "750d"  #             jne failed
    "eb05"  #             jmp advance
    # sign:
    "4885c0 7806"  #      test rax, rax; js failed
    # advance:
    "4883c340"  #         add rbx, 64
    "ebcd"  #             jmp child
    # failed:
    "49891c24"  #         mov [r12], rbx
    "4989442408"  #       mov [r12 + 8], rax
    "bf7f000000"  #       mov edi, 127
    "b8e7000000 0f05"  #  mov eax, 231 (exit_group); syscall
)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class Call(ctypes.Structure):
    _fields_ = [
        ("number", ctypes.c_ulong),
        ("arguments", ctypes.c_ulong * 5),
        ("checked", ctypes.c_ulong),
        ("expected", ctypes.c_ulong),
    ]


class Program:
    """The calls of one task, what each is for, and the buffers that they point into."""

    def __init__(self):
        self.calls = []
        self.steps = []
        self.buffers = []

    def add(self, step, name, *arguments, expected=None):
        values = [self.pointer(a) if isinstance(a, (ctypes.Array, bytes)) else a for a in arguments]
        self.calls.append(
            Call(NUMBERS[name], tuple(values), expected is not None, expected if expected else 0)
        )
        self.steps.append(step)

    def pointer(self, value):
        if isinstance(value, bytes):
            value = ctypes.create_string_buffer(value)
        self.buffers.append(value)
        return ctypes.addressof(value)

    def strings(self, values):
        """A C array of strings."""
        if any(b"\0" in value for value in values):
            raise ValueError("an argument or a variable holds a NUL")
        pointers = (ctypes.c_char_p * (len(values) + 1))(*values, None)
        return self.pointer(pointers)


class Spawner:
    """Starts the tasks of one supervisor, one at a time."""

    def __init__(self, null_fd, group, allow_native=True, zone=None):
        self.null_fd = null_fd
        self.group = group
        self.zone = zone
        self.native = load_native() if allow_native else None
        # Shared, so that a forked child reports in the same way as one that shares all memory.
        self.report = (ctypes.c_long * 2).from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
        self.steps = []
        self.calls_at = 0

    def spawn(self, spec, stdout_fd, stderr_fd):
        """Pid of what becomes the task, or ends with code 127 and leaves a `failure`."""
        if (spec.get("zone") is None) != (self.zone is None):
            raise RuntimeError("this launcher gives another tier than the runner counts on")
        if self.zone:
            self.zone.prepare(spec)
        entry = self.zone and (lambda program: self.zone.add_entry(program, spec))
        return self.spawn_into(spec, self.group, (stdout_fd, stderr_fd), entry)

    def spawn_into(self, spec, group, fds, entry):
        """Starts a program with these descriptors from 1 on, where `entry` puts it; None is right here."""
        program = Program()
        describe(program, spec, group, (self.null_fd, *fds), self.zone, entry)
        calls = (Call * len(program.calls))(*program.calls)
        self.steps = program.steps
        self.calls_at = ctypes.addressof(calls)
        self.report[0] = 0
        # A handler would run in the child, in the parent's memory.
        old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            return self.start(calls)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, old_mask)

    def start(self, calls):
        if self.native is None:
            pid = os.fork()
            if pid == 0:
                run_calls(calls, self.report)
            return pid
        flags = CLONE_VM | CLONE_VFORK | signal.SIGCHLD
        pid = self.native(self.calls_at, flags, ctypes.addressof(self.report))
        if pid < 0:
            raise OSError(-pid, os.strerror(-pid))
        return pid

    def failure(self):
        """Why the last task was not started, or None; to be asked when its process has ended."""
        failed_at, result = self.report
        if failed_at == 0:
            return None
        step = self.steps[(failed_at - self.calls_at) // ctypes.sizeof(Call)]
        why = os.strerror(-result) if result < 0 else "its parent is gone"
        return "cannot %s: %s" % (step, why)


def describe(program, spec, group, stdio, zone, entry):
    """All that happens between the birth of a task's process and its exec, in this order."""
    add = program.add
    add("start a session", "setsid")
    for target, fd in enumerate(stdio):
        add("connect its output", "dup3", fd, target, 0)
    for fd in group.join_fds if group else ():
        add("join its cgroup", "write", fd, b"0", 1)
    if entry:
        entry(program)
    for kind, value in limits_of(spec, group, zone is not None):
        add("set its limits", "prlimit64", 0, kind, (ctypes.c_ulong * 2)(value, value), 0)
    add("set its umask", "umask", spec["umask"])
    uid, gid = spec["uid"], spec["gid"]
    if uid is not None:
        step = "become uid %d" % uid
        groups = (ctypes.c_uint * len(spec["groups"]))(*spec["groups"])
        add(step, "setgroups", len(groups), groups)
        add(step, "setresgid", gid, gid, gid)
        add(step, "setresuid", uid, uid, uid)
    if zone:
        zone.add_surrender(program)
    # Changing the uid clears the parent-death signal, so it is set only now.
    add("tie its life to ours", "prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    add("tie its life to ours", "getppid", expected=os.getpid())
    add("enter %s" % spec["cwd"], "chdir", os.fsencode(spec["cwd"]))
    default = ctypes.create_string_buffer(32)
    for number in RESET_SIGNALS:
        add("reset its signals", "rt_sigaction", number, default, 0, 8)
    add("reset its signals", "rt_sigprocmask", signal.SIG_SETMASK, bytes(8), 0, 8)
    if zone:
        # Last of all, because it refuses what the calls above need.
        add("restrict its system calls", "prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, load_filter())
    argv = [os.fsencode(argument) for argument in spec["argv"]]
    env = [os.fsencode("%s=%s" % pair) for pair in spec["env"].items()]
    step = "execute %s" % spec["argv"][0]
    add(step, "execve", argv[0], program.strings(argv), program.strings(env))


class RecentCount:
    """Threads of this process's user, counted anew when the last count is some seconds old."""

    def __init__(self):
        self.value, self.at = 0, float("-inf")

    def count(self):
        now = time.monotonic()
        if now - self.at > 5:
            self.value, self.at = threads_of(os.getuid()), now
        return self.value


threads_now = RecentCount()


def limits_of(spec, group, is_zone):
    wanted = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, MAX_OPEN_FILES)]
    if spec["fileBytes"]:
        wanted.append((resource.RLIMIT_FSIZE, spec["fileBytes"]))
    # Counted per uid and user namespace. A slot that shares its uid gets so many more than that user has
    # now: others' processes count too, but no task takes all processes that the machine can have.
    if spec["uid"] is not None or is_zone:
        # Above that of a cgroup, which tells when it is reached.
        spare = PIDS_SPARE if group and group.limits_pids else 0
        wanted.append((resource.RLIMIT_NPROC, spec["pids"] + spare))
    elif not (group and group.limits_pids):
        wanted.append((resource.RLIMIT_NPROC, threads_now.count() + spec["pids"]))
    # Private writable memory of each process. RLIMIT_AS would also count what node or a JVM only
    # reserves, and stop them from starting.
    if not (group and group.limits_memory):
        wanted.append((resource.RLIMIT_DATA, spec["memory"]))
    for kind, value in wanted:
        hard = resource.getrlimit(kind)[1]
        yield kind, value if hard == resource.RLIM_INFINITY else min(value, hard)


def run_calls(calls, report):
    """What the machine code does, in a forked child: never returns."""
    for call in calls:
        result = _libc.syscall(ctypes.c_long(call.number), *map(ctypes.c_ulong, call.arguments))
        if result < 0:
            result = -ctypes.get_errno()
        if result < 0 or (call.checked and result != call.expected):
            report[1] = result
            report[0] = ctypes.addressof(call)
            break
    os._exit(FAILURE_CODE)


def load_native():
    """The machine code as a function, or None where it cannot be had."""
    if _MACHINE != "x86_64":
        return None
    try:
        memory = mmap.mmap(-1, mmap.PAGESIZE)
        memory.write(_CODE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        # Never writable and executable at once.
        if _libc.mprotect(ctypes.c_void_p(address), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC):
            return None
    except (OSError, ValueError):
        return None
    # Holds the interpreter's lock: nothing else may run while the child shares our memory.
    prototype = ctypes.PYFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p)
    function = prototype(address)
    function.memory = memory
    return function
