"""Cgroups of a runner: one parent per work folder, one child per slot, reused by its tasks.

Version 1 gives each controller a folder of its own, version 2 one folder for all. Reuse saves four
mkdir and rmdir per task; the kernel's counters go on counting, so a task's share is a difference.
"""
import os
import time

from linux import kill_quietly

V1_ROOT = "/sys/fs/cgroup"
V1_CONTROLLERS = ("memory", "pids", "cpu")


def _write(path, text):
    with open(path, "w") as file:
        file.write(text)


def _read(path):
    with open(path) as file:
        return file.read()


class Hierarchy:
    """Where this machine lets us limit tasks: version 1 or 2, or nothing (`version` is None)."""

    def __init__(self, name):
        self.name = name
        self.version = None
        self.parents = {}
        self.problem = ""
        try:
            if os.path.exists(os.path.join(V1_ROOT, "cgroup.controllers")):
                self._open_v2()
            else:
                self._open_v1()
        except OSError as error:
            self.problem = "%s: %s" % (error.filename, error.strerror)
            self.parents = {}

    def _open_v1(self):
        for controller in V1_CONTROLLERS:
            path = os.path.join(V1_ROOT, controller, self.name)
            try:
                os.makedirs(path, exist_ok=True)
                self.parents[controller] = path
            except OSError as error:
                self.problem = "%s: %s" % (path, error.strerror)
        if "memory" in self.parents or "pids" in self.parents:
            self.version = 1

    def _open_v2(self):
        controllers = _read(os.path.join(V1_ROOT, "cgroup.controllers")).split()
        path = os.path.join(V1_ROOT, self.name)
        os.makedirs(path, exist_ok=True)
        self.parents["unified"] = path
        usable = [c for c in V1_CONTROLLERS if c in controllers]
        for folder in (V1_ROOT, path):
            for controller in usable:
                _write(os.path.join(folder, "cgroup.subtree_control"), "+" + controller)
        self.version = 2

    def controllers(self):
        if self.version != 2:
            return sorted(self.parents)
        return _read(os.path.join(self.parents["unified"], "cgroup.controllers")).split()

    def sweep(self, seconds=10):
        """Kills what an earlier incarnation left in our cgroups; True when they are empty."""
        deadline = time.monotonic() + seconds
        while True:
            left = [pid for parent in self.parents.values() for pid in _pids_below(parent)]
            if not left:
                break
            for pid in left:
                kill_quietly(pid, 9)
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        for parent in self.parents.values():
            for entry in os.scandir(parent):
                if entry.is_dir():
                    _remove(entry.path)
        return True

    def remove(self):
        self.sweep(2)
        for parent in self.parents.values():
            _remove(parent)


class SlotGroup:
    """The cgroup of one slot, or of a fork server in it. Made once, limits changed only when a task asks for others."""

    def __init__(self, hierarchy, name):
        self.version = hierarchy.version
        self.paths = {}
        for controller, parent in hierarchy.parents.items():
            path = os.path.join(parent, name)
            os.makedirs(path, exist_ok=True)
            self.paths[controller] = path
        self.join_fds = [
            os.open(os.path.join(path, "cgroup.procs"), os.O_WRONLY) for path in self.paths.values()
        ]
        self._limits = None
        self._oom_fd = self._open_oom()
        self._pids_fd = self._open_first(("pids", "pids.events"), ("unified", "pids.events"))
        memory = self.paths.get("memory" if self.version == 1 else "unified")
        self.limits_memory = memory is not None and self._oom_fd is not None
        self.limits_pids = "pids" in self.paths or self._has("unified", "pids.max")
        kill = os.path.join(self.paths.get("unified", "/nonexistent"), "cgroup.kill")
        self._kill_path = kill if os.path.exists(kill) else None

    def _has(self, controller, file):
        path = self.paths.get(controller)
        return path is not None and os.path.exists(os.path.join(path, file))

    def _open_oom(self):
        return self._open_first(("memory", "memory.oom_control"), ("unified", "memory.events"))

    def _open_first(self, *places):
        for controller, file in places:
            if self._has(controller, file):
                return os.open(os.path.join(self.paths[controller], file), os.O_RDONLY)
        return None

    def limit(self, memory, pids, cpus):
        if self._limits == (memory, pids, cpus):
            return
        if self.version == 1:
            self._limit_v1(memory, pids, cpus)
        else:
            self._limit_v2(memory, pids, cpus)
        self._limits = (memory, pids, cpus)

    def _limit_v1(self, memory, pids, cpus):
        if "memory" in self.paths:
            base = os.path.join(self.paths["memory"], "memory.")
            # Memory with swap may never be below memory alone: lift it, set memory, set it.
            swap = os.path.exists(base + "memsw.limit_in_bytes")
            if swap:
                _write(base + "memsw.limit_in_bytes", "-1")
            _write(base + "limit_in_bytes", str(memory))
            if swap:
                _write(base + "memsw.limit_in_bytes", str(memory))
        if "pids" in self.paths:
            _write(os.path.join(self.paths["pids"], "pids.max"), str(pids))
        if "cpu" in self.paths:
            _write(os.path.join(self.paths["cpu"], "cpu.shares"), str(max(2, int(cpus * 1024))))

    def _limit_v2(self, memory, pids, cpus):
        weight = str(min(10000, max(1, int(cpus * 100))))
        values = {
            "memory.max": str(memory),
            "memory.swap.max": "0",
            "pids.max": str(pids),
            "cpu.weight": weight,
        }
        for file, value in values.items():
            if self._has("unified", file):
                _write(os.path.join(self.paths["unified"], file), value)

    def oom_kills(self):
        return counter(self._oom_fd, b"oom_kill ")

    def refused_processes(self):
        """How often a process or thread was refused at the limit, since the group was made."""
        return counter(self._pids_fd, b"max ")

    def pids(self):
        return {pid for path in self.paths.values() for pid in _pids(path)}

    def close(self):
        for fd in (*self.join_fds, self._oom_fd, self._pids_fd):
            if fd is not None:
                os.close(fd)

    def kill(self):
        """One pass of SIGKILL over the whole group; the caller repeats it until nothing is left."""
        if self._kill_path is not None:
            _write(self._kill_path, "1")
        for pid in self.pids():
            kill_quietly(pid, 9)


def counter(fd, name):
    """The number behind a name in one of the kernel's lists; 0 where there is no such list."""
    if fd is None:
        return 0
    for line in os.pread(fd, 4096, 0).split(b"\n"):
        if line.startswith(name):
            return int(line[len(name) :])
    return 0


def _pids(path):
    try:
        return [int(line) for line in _read(os.path.join(path, "cgroup.procs")).split()]
    except OSError:
        return []


def _pids_below(path):
    return [pid for folder, _, _ in os.walk(path) for pid in _pids(folder)]


def _remove(path):
    # A group is busy for some milliseconds after its last process has gone.
    for _ in range(100):
        try:
            os.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
