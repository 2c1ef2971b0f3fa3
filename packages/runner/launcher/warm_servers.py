"""The fork servers of one slot: which there are, and for which task.

A server is started for tasks of one kind and key, beside the task that asks for it first, which does not wait:
it and whatever comes before the server is ready has a plain start. Whatever is not as it should be ends the
server, never a task. A slot that comes to another account's task ends all servers first: nothing of one
account is there while a task of another runs.
"""
import os
import sys
import time

from cgroups import SlotGroup
from fork_server import FAILURES, ForkServer, places_of
from spawn import Spawner

IDLE_SECONDS = 60
# One that holds this much memory makes room sooner: what is idle is in nobody's account.
LARGE_BYTES = 64 << 20
LARGE_IDLE_SECONDS = 10
MOST_SERVERS = 2
# A server that could not be had is not asked for again at once.
RETRY_SECONDS = 10
MOST_KEYS = 64
# A module that takes longer to load is loaded by each task.
LOAD_SECONDS = 120
END_SECONDS = 10
# The kernel takes no longer variable when it starts a program, and no more of them.
VARIABLE_BYTES, ALL_BYTES = 128 << 10, 1 << 20


class WarmServers:
    def __init__(self, hierarchy, slot, null_fd, allow_native, zone):
        self.hierarchy = hierarchy
        self.slot = slot
        self.spawner = Spawner(null_fd, None, allow_native, zone)
        self.zone = zone
        self.servers = []
        self.ending = []
        self.groups = []
        # Key of a server that was of no use, and when that was.
        self.failures = {}
        # Keys of tasks that there were here, the latest last.
        self.seen = {}

    def find(self, spec):
        """A server that is ready for this task, or None: then one may be on its way for the next."""
        warm = spec.get("warm")
        key = warm and warm["key"]
        for server in list(self.servers):
            if server.owner != spec["owner"] or (server.key != key and server.resident > LARGE_BYTES):
                self.end_now(server)
        if warm is None or not is_short(spec):
            return None
        found = next((server for server in self.servers if server.key == key), None)
        if found is not None and found.places != places_of(spec):
            self.end_now(found)
            found = None
        if found is None and self.is_wanted(warm):
            self.start(spec)
        if found is None or not found.is_ready:
            return None
        found.used_at = time.monotonic()
        return found

    def is_wanted(self, warm):
        key, now = warm["key"], time.monotonic()
        was_here = key in self.seen
        remember(self.seen, key)
        has_failed = now - self.failures.get(key, float("-inf")) < RETRY_SECONDS
        return (was_here or warm["starts"]) and not has_failed

    def start(self, spec):
        while len(self.servers) >= MOST_SERVERS:
            self.end_now(min(self.servers, key=lambda server: server.used_at))
        try:
            self.servers.append(ForkServer(spec, self.take_group(), self.spawner, self.zone))
        except Exception as error:
            remember(self.failures, spec["warm"]["key"])
            tell("a slot has no fork server", error)

    def take_group(self):
        """One that no living server is in; they are used again, as those of the slots."""
        if not self.hierarchy.version:
            return None
        taken = [server.group for server in (*self.servers, *self.ending)]
        for group in self.groups:
            if group not in taken:
                return group
        name = "slot-%d-warm-%d" % (self.slot, len(self.groups))
        self.groups.append(SlotGroup(self.hierarchy, name))
        return self.groups[-1]

    def listen(self, server):
        """How its task ended, if it says so."""
        try:
            return server.listen()
        except FAILURES as error:
            tell("a fork server ends", error)
            server.kill()
            return None

    def release(self, server, spec):
        """Its task is gone: it may have the next one, if nothing of this one is left."""
        server.is_busy = False
        server.used_at = time.monotonic()
        try:
            if server.clear(spec):
                return
        except OSError as error:
            tell("a fork server ends", error)
        self.end(server)

    def end(self, server):
        if not server.is_ready:
            remember(self.failures, server.key)
        server.kill()
        if server in self.servers:
            self.servers.remove(server)
            self.ending.append(server)

    def end_now(self, server):
        """Returns when all that lived in its cell is gone. No task of the slot runs meanwhile."""
        self.end(server)
        deadline = time.monotonic() + END_SECONDS
        while server.pids:
            # What the server left is ours to collect too: its process 1 waits for that.
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                if time.monotonic() > deadline:
                    raise OSError("a fork server does not end")
                time.sleep(0.0005)
            else:
                self.note_end(pid)

    def end_idle(self, now=None):
        """Those that have been idle for too long, or all of them."""
        for server in list(self.servers):
            if not server.is_busy and (now is None or is_over(server, now)):
                self.end(server)

    def end_failed(self, server):
        """Its task was not to be had, or did not leave it as it was: not again at once."""
        remember(self.failures, server.key)
        self.end_now(server)

    def note_end(self, pid):
        """True when it was one of ours that has ended."""
        for server in (*self.servers, *self.ending):
            if pid not in server.pids:
                continue
            server.pids.remove(pid)
            # While a task runs it is for the task to see to it that all of it ends.
            if server in self.servers and not server.is_busy:
                self.end(server)
            if not server.pids:
                (self.servers if server in self.servers else self.ending).remove(server)
                server.close()
            return True
        return False

    @property
    def process_count(self):
        return sum(len(server.pids) for server in (*self.servers, *self.ending))


def is_over(server, now):
    if not server.is_ready:
        return now - server.started_at > LOAD_SECONDS
    return now - server.used_at > (LARGE_IDLE_SECONDS if server.resident > LARGE_BYTES else IDLE_SECONDS)


def is_short(spec):
    """Whether the task could have been started plainly: what follows it would have to be, too."""
    sizes = [len(os.fsencode("%s=%s" % pair)) for pair in spec["env"].items()]
    return max(sizes, default=0) < VARIABLE_BYTES and sum(sizes) < ALL_BYTES and not has_nul(spec)


def has_nul(spec):
    return any("\0" in value for value in (*spec["argv"], *spec["env"], *spec["env"].values()))


def remember(times, key):
    times.pop(key, None)
    while len(times) >= MOST_KEYS:
        del times[next(iter(times))]
    times[key] = time.monotonic()


def tell(what, error):
    print("%s: %s" % (what, error), file=sys.stderr, flush=True)
