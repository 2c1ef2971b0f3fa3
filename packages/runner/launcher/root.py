"""The root of a zone: a small tmpfs with the host's programs and libraries, and nothing else of the host.

Built once per slot. What only one task needs is mounted onto points that are made before it starts and
taken away when the next one has others, so that no task sees what ran before it.
"""
import os
import stat

import linux

SIZE = "size=8m,nr_inodes=8192,mode=755"
MS_PLAIN = linux.MS_NOSUID | linux.MS_NODEV
READ_ONLY = linux.MOUNT_READ_ONLY | linux.MOUNT_NOSUID | linux.MOUNT_NODEV
PROGRAMS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
# What programs read at their start; nothing that says who uses this machine.
SETTINGS = (
    "alternatives",
    "ca-certificates",
    "fonts",
    "java-17-openjdk",
    "java-21-openjdk",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "mime.types",
    "perl",
    "pki",
    "protocols",
    "python3",
    "python3.11",
    "python3.12",
    "python3.13",
    "R",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
)
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = (
    ("/proc/self/fd", "dev/fd"),
    ("/proc/self/fd/0", "dev/stdin"),
    ("/proc/self/fd/1", "dev/stdout"),
    ("/proc/self/fd/2", "dev/stderr"),
)
# Looked up as mounts of the host already: nothing may be made below them, nor need it.
# Empty at the start of each task, and in memory.
MEMORY_FOLDERS = ("/tmp", "/dev/shm")
TMP_FOLDERS = (*MEMORY_FOLDERS, "/var/tmp")
SHARED_FOLDERS = tuple("/%s/" % name for name in PROGRAMS)


class Root:
    def __init__(self, path, name_server):
        self.path = path
        self.name_server = name_server
        self.points = (None, [])
        linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
        linux.mount("tmpfs", path, "tmpfs", MS_PLAIN, SIZE)
        for name in PROGRAMS:
            self.show(name)
        for name in ("etc/ssl", "proc", *(folder[1:] for folder in TMP_FOLDERS)):
            os.makedirs(self.inside("/" + name), 0o755)
        for name in SETTINGS:
            self.show(os.path.join("etc", name))
        for name in DEVICES:
            self.bind("/dev/" + name, self.inside("/dev/" + name))
        for target, name in LINKS:
            os.symlink(target, self.inside("/" + name))
        self.make_proc()

    def inside(self, path):
        """Where a path of the task lies, seen from the supervisor."""
        return os.fsencode(self.path + path)

    def show(self, name):
        """Shows one of the host's files or folders, read-only; one that is not there is left out."""
        source, target = "/" + name, self.inside("/" + name)
        if os.path.islink(source) and name in PROGRAMS:
            os.symlink(os.readlink(source), target)
        elif os.path.exists(source):
            self.bind(source, target)
            linux.restrict_mount(target, READ_ONLY, recursive=True)

    def bind(self, source, target):
        make_point(target, os.path.isdir(source), 0o755)
        linux.mount(source, target, None, linux.MS_BIND | linux.MS_REC)

    def make_proc(self):
        """Only the zone's own processes, and of those only what the task may trace anyway."""
        proc, settings = self.inside("/proc"), self.inside("/proc/sys")
        flags = MS_PLAIN | linux.MS_NOEXEC
        linux.mount("proc", proc, "proc", flags, "hidepid=invisible")
        linux.mount(settings, settings, None, linux.MS_BIND | linux.MS_REC)
        linux.restrict_mount(settings, READ_ONLY)

    def set_points(self, paths, uid):
        """Makes the points that a task's mounts need, and removes those of the task before."""
        key = (tuple(paths), uid)
        if self.points[0] == key:
            return
        made = self.points[1]
        # What fails below is not taken for done by the next task of the same places.
        self.points = (None, made)
        while made:
            path, is_folder = made[-1]
            os.rmdir(path) if is_folder else os.unlink(path)
            made.pop()
        for path in paths:
            if path.startswith(SHARED_FOLDERS) or folder_in_tmp(path):
                continue
            parts = path.split("/")
            for end in range(2, len(parts) + 1):
                point = self.inside("/".join(parts[:end]))
                if os.path.lexists(point):
                    continue
                is_folder = end < len(parts) or stat.S_ISDIR(os.stat(path).st_mode)
                make_point(point, is_folder, 0o711)
                made.append((point, is_folder))
        self.describe_users(uid)
        self.points = (key, made)

    def describe_users(self, uid):
        """Names for the ids that a task can meet."""
        uid = os.geteuid() if uid is None else uid
        self.put("passwd", "root:x:0:0:root:/:/usr/sbin/nologin\n", "task:x:%d:%d:task:/tmp:/bin/sh\n" % (uid, uid))
        self.put("group", "root:x:0:\n", "task:x:%d:\n" % uid)
        self.put("hosts", "127.0.0.1 localhost task\n", "::1 localhost task\n")
        self.put("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
        self.put("resolv.conf", self.describe_names())

    def describe_names(self):
        if self.name_server is not None:
            return "nameserver %s\n" % self.name_server
        try:
            with open("/etc/resolv.conf") as file:
                return file.read()
        except OSError:
            return ""

    def put(self, name, *lines):
        with open(self.inside("/etc/" + name), "w") as file:
            file.writelines(lines)


def folder_in_tmp(path):
    """Which of the folders that are made anew for each task the path lies in, if any."""
    return next((folder for folder in TMP_FOLDERS if path.startswith(folder + "/")), None)


def make_point(target, is_folder, mode):
    if is_folder:
        os.makedirs(target, mode, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o444))
