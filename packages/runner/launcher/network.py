"""The way out of a zone's own network: slirp4netns as its uplink, nftables for what it may not reach.

The rules lie in the zone's network namespace, where tasks have no rights to change them, and are loaded
before there is an uplink. An uplink is a process in the host's network that passes on what a zone sends;
it belongs to the launcher, so that it is no process of the zone, and dies with it.
"""
import os
import select
import signal

from linux import CAP_NET_ADMIN, PR_SET_PDEATHSIG, keep_across_exec, kill_quietly, prctl

TOOL_FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin")
READY_MS = 10_000

# A range for measurements between networks: no machine has it, so it can be in nobody's way.
UPLINK_RANGE = "198.18.0.0/24"
NAME_SERVER = "198.18.0.3"

# Not the internet: this network, private, shared, loopback, link-local (metadata), protocol assignments,
# documentation, measurements, multicast and reserved.
CLOSED = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
)


class Network:
    """What tasks reach: `host`, `egress` or `none`; `opened` are the operator's exceptions."""

    def __init__(self, mode, opened=()):
        self.mode = mode
        self.opened = opened
        self.own_addresses = ()

    def look(self):
        """To be called in the host's network, of which a zone sees nothing."""
        self.own_addresses = sorted(host_addresses())

    def rules(self):
        own = [cidr for cidr in self.opened if cidr.endswith("/32") or "/" not in cidr]
        ranges = [cidr for cidr in self.opened if cidr not in own]
        lines = [
            'oifname "lo" accept',
            "meta nfproto ipv6 reject",
            "ip daddr %s udp dport 53 accept" % NAME_SERVER,
            "ip daddr %s tcp dport 53 accept" % NAME_SERVER,
            *("ip daddr %s accept" % cidr for cidr in own),
            # Whatever range is opened, this machine is not meant by it.
            *("ip daddr %s reject" % address for address in self.own_addresses),
            *("ip daddr %s accept" % cidr for cidr in ranges),
            "ip daddr { %s } reject" % ", ".join(CLOSED),
        ]
        chain = "\n".join(["type filter hook output priority 0; policy accept;", *lines])
        return "table inet task {\nchain out {\n%s\n}\n}\n" % chain

    def close_zone(self):
        """In the zone's network, before it has an uplink."""
        run(find_tool("nft"), ["-f", "-"], self.rules())

    def connect(self, pid):
        """Starts the uplink of the zone whose process 1 this is; its pid, or None where there is none."""
        return start_uplink(find_tool("slirp4netns"), pid) if self.mode == "egress" else None


def find_tool(name):
    for folder in TOOL_FOLDERS:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    raise OSError("%s is not installed" % name)


def host_addresses():
    """The host's own IPv4 addresses, whatever interface they are on."""
    found, last = set(), ""
    with open("/proc/net/fib_trie") as file:
        for line in file:
            words = line.split()
            if words[:1] == ["|--"]:
                last = words[1]
            elif words == ["/32", "host", "LOCAL"]:
                found.add(last)
    return found


def run(path, arguments, text):
    """Runs a tool with a text on its standard input; raises with what it said when it fails."""
    said = os.memfd_create("said")
    given = os.memfd_create("given")
    os.write(given, text.encode())
    os.lseek(given, 0, os.SEEK_SET)
    pid = os.fork()
    if pid == 0:
        keep_across_exec(CAP_NET_ADMIN)
        execute(path, arguments, {0: given, 1: said, 2: said})
    _, status = os.waitpid(pid, 0)
    message = read_back(said)
    os.close(given)
    if status != 0:
        raise OSError("%s: %s" % (os.path.basename(path), message or "status %d" % status))


def start_uplink(path, zone_pid):
    said = os.memfd_create("said")
    ready, ready_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        limits = ["--disable-host-loopback", "--enable-seccomp"]
        if os.geteuid() == 0:
            # A root of its own; an ordinary user has no right to make it.
            limits.append("--enable-sandbox")
        link = ["--configure", "--mtu=65520", "--cidr=%s" % UPLINK_RANGE]
        arguments = [*link, *limits, "--ready-fd=3", str(zone_pid), "tap0"]
        null = os.open(os.devnull, os.O_RDWR)
        execute(path, arguments, {0: null, 1: said, 2: said, 3: ready_write})
    os.close(ready_write)
    poll = select.poll()
    poll.register(ready, select.POLLIN)
    is_ready = bool(poll.poll(READY_MS)) and os.read(ready, 1) == b"1"
    os.close(ready)
    message = read_back(said)
    if not is_ready:
        kill_quietly(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise OSError("slirp4netns: %s" % (message or "not ready in time"))
    return pid


def execute(path, arguments, streams):
    """Becomes a program that inherits these descriptors and no others."""
    try:
        # First away from where they have to go.
        away = {target: os.dup2(fd, 100 + target) for target, fd in streams.items()}
        for target, fd in away.items():
            os.dup2(fd, target)
        os.closerange(max(streams) + 1, 65536)
        os.execve(path, [path, *arguments], {"PATH": ":".join(TOOL_FOLDERS), "LANG": "C.UTF-8"})
    finally:
        os._exit(127)


def read_back(fd):
    """The last lines that a tool said, without its warnings."""
    text = os.pread(fd, 4096, 0).decode("utf-8", "replace")
    os.close(fd)
    lines = [line for line in text.splitlines() if line.strip() and "WARNING" not in line]
    return "; ".join(lines[-2:])
