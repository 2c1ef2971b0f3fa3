"""What a hostile task tries, one function each: returns when it got what it wanted, raises when refused.

The same text runs outside of the sandbox, where every case has to succeed, and inside. TARGETS, which is put
before it, says what there is to reach. A case whose name begins with `root_` is root's alone, outside.
"""
import ctypes
import errno
import os
import socket
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
IS_X86 = os.uname().machine == "x86_64"


def call(x86, other, *arguments):
    number = x86 if IS_X86 else other
    result = LIBC.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def is_victim(pid, mark=TARGETS["mark"]):
    with open("/proc/%d/cmdline" % pid, "rb") as file:
        if mark.encode() not in file.read():
            raise OSError(errno.ESRCH, "another process has this pid here")


def read_file_of_the_host(): open(TARGETS["open_file"]).read()
def read_token_of_the_runner(): open(TARGETS["token"]).read()
def read_database(): open(TARGETS["database"]).read()
def list_folder_of_the_host(): os.listdir(TARGETS["folder"])
def root_read_shadow(): open("/etc/shadow").read()
def root_read_token_of_this_runner(): open(TARGETS["runner_token"]).read()
def root_list_folder_of_another_task(): os.listdir(TARGETS["other_task"])


def root_read_environment_of_the_runner():
    is_victim(TARGETS["runner"], TARGETS["runner_token"])
    open("/proc/%d/environ" % TARGETS["runner"], "rb").read()


def root_enter_namespace_of_the_host():
    is_victim(TARGETS["runner"], TARGETS["runner_token"])
    fd = os.open("/proc/%d/ns/net" % TARGETS["runner"], os.O_RDONLY)
    in_a_child(lambda: call(308, 268, fd, 0x40000000))


def root_open_by_handle():
    handle, mount = ctypes.create_string_buffer(struct.pack("=Ii128x", 128, 0)), ctypes.c_int()
    call(303, 264, -100, b"/tmp", handle, ctypes.byref(mount), 0)
    fd = os.open("/tmp", os.O_RDONLY)
    os.close(call(304, 265, fd, handle, os.O_RDONLY))


def see_process_of_the_host(): is_victim(TARGETS["victim"])


def read_environment_of_a_process():
    is_victim(TARGETS["victim"])
    open("/proc/%d/environ" % TARGETS["victim"], "rb").read()


def signal_a_process():
    is_victim(TARGETS["victim"])
    os.kill(TARGETS["victim"], 0)


def trace_a_process():
    is_victim(TARGETS["victim"])
    call(101, 117, 16, TARGETS["victim"], 0, 0)
    os.waitpid(TARGETS["victim"], 0x40000000)
    call(101, 117, 17, TARGETS["victim"], 0, 0)


def write_memory_of_a_process():
    is_victim(TARGETS["victim"])
    open("/proc/%d/mem" % TARGETS["victim"], "r+b").close()


def trace_the_supervisor():
    call(101, 117, 16, TARGETS["supervisor"], 0, 0)
    os.waitpid(TARGETS["supervisor"], 0x40000000)
    call(101, 117, 17, TARGETS["supervisor"], 0, 0)


def write_memory_of_the_supervisor(): open("/proc/%d/mem" % TARGETS["supervisor"], "r+b").close()
def read_environment_of_the_supervisor(): open("/proc/%d/environ" % TARGETS["supervisor"], "rb").read()


def server_pid(pid=TARGETS["server"]):
    """What a warm task was forked from: outside a process of the same user, inside whatever its parent is."""
    if (pid or os.getppid()) == 0:
        raise OSError(errno.ESRCH, "it has no number here")
    return pid or os.getppid()


def server_signal(): os.kill(server_pid(), 0)
def server_write_memory(): open("/proc/%d/mem" % server_pid(), "r+b").close()
def server_read_environment(): open("/proc/%d/environ" % server_pid(), "rb").read()
def server_open_its_descriptors(): os.listdir("/proc/%d/fd" % server_pid())


def server_trace():
    call(101, 117, 16, server_pid(), 0, 0)
    os.waitpid(server_pid(), 0x40000000)
    call(101, 117, 17, server_pid(), 0, 0)


def server_find_by_its_words():
    words = TARGETS["server_words"]
    own = "/proc/%d/" % os.getpid()
    for name in os.listdir("/proc"):
        path = "/proc/%s/" % name
        if name.isdigit() and path != own and words.encode() in open(path + "cmdline", "rb").read():
            return
    raise OSError(errno.ESRCH, "nobody says them")


def take_a_descriptor_of_a_process():
    is_victim(TARGETS["victim"])
    os.close(call(438, 438, os.pidfd_open(TARGETS["victim"]), 0, 0))


def connect(address): socket.create_connection(address, 5).close()
def connect_to_loopback(): connect(("127.0.0.1", TARGETS["port"]))
def connect_to_platform(): connect(("127.0.0.1", TARGETS["platform_port"]))
def connect_to_address_of_the_host(): connect((TARGETS["host"], TARGETS["port"]))
def connect_to_private_range(): connect((TARGETS["private"], TARGETS["port"]))
def connect_to_metadata(): connect(("169.254.169.254", TARGETS["port"]))


def send_past_the_routes():
    with socket.socket() as any_socket:
        any_socket.settimeout(5)
        name = [n for _, n in socket.if_nameindex() if n != "lo"][0]
        any_socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
        any_socket.connect((TARGETS["private"], TARGETS["port"]))


def connect_to_abstract_socket():
    with socket.socket(socket.AF_UNIX) as any_socket:
        any_socket.connect("\0" + TARGETS["mark"])


def root_raw_socket(): socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close()
def root_packet_socket(): socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
def root_open_device(): os.close(os.open(TARGETS["disk"], os.O_RDONLY))
def root_make_device(): os.mknod(os.environ.get("TMPDIR", TARGETS["scratch"]) + "/node", 0o600 | 0o020000, os.makedev(1, 3))
def root_write_core_pattern(): open("/proc/sys/kernel/core_pattern", "r+").close()
def root_write_hostname(): open("/proc/sys/kernel/hostname", "r+").close()
def root_cgroup_files(): open(TARGETS["cgroup"], "r+").close()
def root_write_to_usr(): os.close(os.open("/usr", os.O_TMPFILE | os.O_RDWR))
def root_mount(): call(165, 40, b"tmpfs", os.environ.get("TMPDIR", TARGETS["scratch"]).encode(), b"tmpfs", 0, None)
def root_chroot():
    pid = os.fork()
    if pid == 0:
        try:
            os.chroot("/")
            os._exit(0)
        except OSError:
            os._exit(1)
    if os.waitpid(pid, 0)[1] != 0:
        raise OSError(errno.EPERM, "Operation not permitted")


def root_read_kernel_log(): LIBC.klogctl(10, None, 0) >= 0 or call(103, 116, 10, None, 0)
def root_bpf(): os.close(call(321, 280, 0, struct.pack("=IIIII60x", 2, 4, 4, 1, 0), 72))
def root_perf(): os.close(call(298, 241, struct.pack("=IIQ104x", 1, 120, 0), 0, -1, -1, 0))
def root_set_host_name(): socket.sethostname(socket.gethostname())
def keyring(): call(248, 217, b"user", b"bytenite-test", b"x", ctypes.c_size_t(1), -3)
def keyctl(): call(250, 219, 0, -3, 1)
def io_uring(): os.close(call(425, 425, 1, bytes(120)))
def userfaultfd(): os.close(call(323, 282, 1))


def in_a_child(act):
    pid = os.fork()
    if pid == 0:
        try:
            act()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != 0:
        raise OSError(code, os.strerror(code))


def nested_user_namespace(): in_a_child(lambda: call(272, 97, 0x10000000))


def clone_a_user_namespace():
    pid = call(56, 220, 0x10000000 | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def main():
    for name, act in list(globals().items()):
        if name in TARGETS["cases"]:
            try:
                act()
                print("%s\tdid it" % name, flush=True)
            except (OSError, IndexError) as error:
                print("%s\t%s" % (name, getattr(error, "strerror", None) or error), flush=True)


main()
