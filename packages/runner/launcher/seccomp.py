"""The system calls that a task of the `namespace` tier may not make, as a filter for the kernel.

Namespaces and the lack of capabilities already refuse most of these; the filter keeps tasks away from
the code behind them as well, because that is where kernels have had their holes. What a program only
tries in order to do something better gets ENOSYS, so that it falls back to what it did before.
"""
import ctypes
import errno
import os
import struct

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2

_RET_ALLOW = 0x7FFF0000
_RET_ERRNO = 0x00050000
_RET_KILL = 0x80000000

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16

# Name: number on x86-64, number on aarch64; None where there is no such call.
DENIED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "_sysctl": (156, None),
    "ustat": (136, None),
}

# Here because programs ask whether they are there.
ABSENT = {
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}

_CLONE = (56, 220)
_UNSHARE = (272, 97)
_SOCKET = (41, 198)
_IOCTL = (16, 29)

# What clone(2) and unshare(2) may not make; in clone the low byte is a signal.
NEW_NAMESPACES = 0x7E020000
NEW_TIME_NAMESPACE = 0x80
# Unix, IPv4, IPv6 and netlink: vsock, for one, knows no network namespaces.
SOCKET_FAMILIES = (1, 2, 10, 16)
# Puts characters into a terminal, as if typed there.
TERMINAL_INPUT = (0x5412, 0x541C)
# Newer calls than these are not known to be harmless.
FIRST_UNKNOWN = 463
# Numbers of the x32 calls begin here.
X32 = 0x40000000

MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}


def _step(code, value, if_true=0, if_false=0):
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(number):
    return _step(_RETURN, _RET_ERRNO | number)


def _unless_equal(value, steps):
    """Skips the steps unless the loaded value is this one."""
    return [_step(_JUMP_EQUAL, value, 0, len(steps)), *steps]


def _argument(index):
    return _step(_LOAD, _ARGUMENTS_AT + 8 * index)


def _if_any_bit(bits, index, number):
    """Refuses when the argument has one of the bits; the call is allowed otherwise."""
    return [
        _argument(index),
        _step(_AND, bits),
        _step(_JUMP_EQUAL, 0, 1, 0),
        _refuse(number),
        _step(_RETURN, _RET_ALLOW),
    ]


def assemble(machine):
    """The filter of a machine, in the kernel's format; None for a machine that is not in the list."""
    if machine not in MACHINES:
        return None
    audit, column = MACHINES[machine]
    steps = [
        _step(_LOAD, _MACHINE_AT),
        _step(_JUMP_EQUAL, audit, 1, 0),
        _step(_RETURN, _RET_KILL),
        _step(_LOAD, _NUMBER_AT),
        # x32 and the unknown both lie here.
        _step(_JUMP_AT_LEAST, FIRST_UNKNOWN, 0, 1),
        _refuse(errno.ENOSYS),
    ]
    steps += _unless_equal(_CLONE[column], _if_any_bit(NEW_NAMESPACES, 0, errno.EPERM))
    both = NEW_NAMESPACES | NEW_TIME_NAMESPACE
    steps += _unless_equal(_UNSHARE[column], _if_any_bit(both, 0, errno.EPERM))
    steps += _unless_equal(_SOCKET[column], _allow_only(0, SOCKET_FAMILIES, errno.EAFNOSUPPORT))
    steps += _unless_equal(_IOCTL[column], _refuse_values(1, TERMINAL_INPUT, errno.EPERM))
    for numbers in ABSENT.values():
        steps += _unless_equal(numbers[column], [_refuse(errno.ENOSYS)])
    for numbers in DENIED.values():
        if numbers[column] is not None:
            steps += _unless_equal(numbers[column], [_refuse(errno.EPERM)])
    steps.append(_step(_RETURN, _RET_ALLOW))
    return b"".join(steps)


def _allow_only(index, values, number):
    steps = [_argument(index)]
    for value in values:
        steps += _unless_equal(value, [_step(_RETURN, _RET_ALLOW)])
    return [*steps, _refuse(number)]


def _refuse_values(index, values, number):
    steps = [_argument(index)]
    for value in values:
        steps += _unless_equal(value, [_refuse(number)])
    return [*steps, _step(_RETURN, _RET_ALLOW)]


_loaded = []


def load_filter():
    """A `struct sock_fprog` of this machine's filter, which stays in memory."""
    if not _loaded:
        machine = os.uname().machine
        program = assemble(machine)
        if program is None:
            known = ", ".join(sorted(MACHINES))
            raise OSError("there is no list of system calls for %s, only for %s" % (machine, known))
        steps = ctypes.create_string_buffer(program, len(program))
        head = struct.pack("=H6xQ", len(program) // 8, ctypes.addressof(steps))
        _loaded.extend((ctypes.create_string_buffer(head, len(head)), steps))
    return _loaded[0]
