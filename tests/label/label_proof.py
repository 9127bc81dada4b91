#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Proves glassbox label against the wire: real programs over loopback and over three network
namespaces (host, router, host), counted independently by packet sockets of its own.

usage: label_proof.py GLASSBOX [CASE...]      exit 0 passed, 1 failed, 77 skipped (says why)
"""

import collections
import contextlib
import csv
import ctypes
import fcntl
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SKIPPED = 77
CLONE_NEWNET = 0x40000000
SOL_PACKET, PACKET_STATISTICS, PACKET_OUTGOING = 263, 6, 4
ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
PORT_WEB, PORT_ECHO, PORT_THIRD, PORT_CLOSED = 8181, 8153, 8199, 8111
DOWNLOAD_BYTES = 400_000

HOST_A, HOST_B = ("10.77.1.2", "fd77:1::2"), ("10.77.2.2", "fd77:2::2")

ECHO = """
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
while True:
    data, peer = s.recvfrom(65535)
    s.sendto(data, peer)
"""

# http.server, without the look-up of its own name that it begins with.
SERVE = """
import http.server, socket, sys
socket.getfqdn = str
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[2]), bind=sys.argv[1])
"""

ASK = """
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((sys.argv[1], int(sys.argv[2])))
for size in (1, 20, 300, 1200):
    s.send(b'x' * size)
    s.recv(65535)
"""


def run(*command, **options):
    return subprocess.run(command, check=True, **options)


def cgroup_mount():
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            fields = line.split()
            if fields[2] == "cgroup2":
                return fields[1]
    return None


class Sniffer:
    """Counts what one interface carries, per direction of each 5-tuple, in IP bytes."""

    def __init__(self, interface, netns=None):
        with in_netns(netns):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            self.socket.bind((interface, ETH_P_ALL))
        self.is_loopback = interface == "lo"
        self.flows = collections.defaultdict(lambda: [0, 0])
        self.stopping, self.wake = os.pipe()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while True:
            ready, _, _ = select.select([self.socket, self.stopping], [], [])
            if self.socket in ready:
                frame, sender = self.socket.recvfrom(1 << 18)
                if not (self.is_loopback and sender[2] == PACKET_OUTGOING):
                    self.count(frame)
            elif self.stopping in ready:
                return

    def count(self, packet):
        version = packet[0] >> 4
        if version == 4:
            offset, protocol = (packet[0] & 15) * 4, packet[9]
            ip_bytes, = struct.unpack_from(">H", packet, 2)
            source, destination = (socket.inet_ntop(socket.AF_INET, packet[i:i + 4]) for i in (12, 16))
        elif version == 6:
            offset, protocol = 40, packet[6]
            ip_bytes = 40 + struct.unpack_from(">H", packet, 4)[0]
            source, destination = (socket.inet_ntop(socket.AF_INET6, packet[i:i + 16]) for i in (8, 24))
        else:
            return
        if protocol not in (6, 17):
            return
        ports = struct.unpack_from(">HH", packet, offset)
        l4 = "tcp" if protocol == 6 else "udp"
        total = self.flows[l4, source, ports[0], destination, ports[1]]
        total[0] += 1
        total[1] += ip_bytes

    def stop(self):
        """What was counted; fails when the socket dropped anything."""
        time.sleep(0.3)
        os.write(self.wake, b"x")
        self.thread.join()
        _, drops = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.socket.close()
        os.close(self.stopping)
        os.close(self.wake)
        assert drops == 0, f"the test's own socket dropped {drops} packets"
        return {key: tuple(total) for key, total in self.flows.items()}


@contextlib.contextmanager
def in_netns(name):
    """Sockets made inside belong to the namespace; the process comes back."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as home:
        if name:
            with open(f"/run/netns/{name}", "rb") as there:
                assert libc.setns(there.fileno(), CLONE_NEWNET) == 0
        try:
            yield
        finally:
            assert libc.setns(home.fileno(), CLONE_NEWNET) == 0


class Bench:
    """Cgroups, namespaces, programs and files of one case; all gone when it ends."""

    def __init__(self, glassbox):
        self.glassbox = glassbox
        self.stack = contextlib.ExitStack()
        self.name = f"gbl{os.getpid()}"
        self.root = os.path.join(cgroup_mount(), self.name)
        self.programs = []

    def __enter__(self):
        self.stack.__enter__()
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        with open(os.path.join(self.folder, "page"), "wb") as page:
            page.write(os.urandom(DOWNLOAD_BYTES))
        os.mkdir(self.root)
        self.stack.callback(os.rmdir, self.root)
        self.home = self.namespace("l")
        offloads_set(self.home, "lo", False)
        return self

    def __exit__(self, *problem):
        for program in self.programs:
            program.kill()
            program.wait()
        return self.stack.__exit__(*problem)

    def cgroup(self, name):
        path = os.path.join(self.root, name)
        os.mkdir(path)
        self.stack.callback(remove_cgroup, path)
        return f"{self.name}/{name}"

    def start(self, argv, cgroup=None, netns=None, **options):
        """A program whose first breath is in its cgroup and namespace, by default the bench's own."""
        def enter():
            if cgroup:
                path = os.path.join(cgroup_mount(), cgroup, "cgroup.procs")
                with open(path, "w", encoding="utf-8") as procs:
                    procs.write(str(os.getpid()))
        argv = ["nsenter", f"--net=/run/netns/{netns or self.home}", *argv]
        program = subprocess.Popen(argv, preexec_fn=enter, cwd=self.folder, **options)
        self.programs.append(program)
        return program

    def run(self, argv, **options):
        program = self.start(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        return program.wait(timeout=60)

    def serve_web(self, port, address, **where):
        self.start([sys.executable, "-c", SERVE, address, str(port)],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **where)
        self.wait_port("tcp", port, where.get("netns"))

    def serve_echo(self, port, address, **where):
        self.start([sys.executable, "-c", ECHO, address, str(port)], **where)
        self.wait_port("udp", port, where.get("netns"))

    def fetch(self, address, port, **where):
        host = f"[{address}]" if ":" in address else address
        url = f"http://{host}:{port}/page"
        if shutil.which("curl"):
            argv = ["curl", "-gsf", "--noproxy", "*", "-o", "/dev/null", url]
        else:
            argv = [sys.executable, "-c", "import sys, urllib.request as u;"
                    "u.build_opener(u.ProxyHandler({})).open(sys.argv[1]).read()", url]
        assert self.run(argv, **where) == 0, f"cannot fetch {url}"

    def ask(self, address, port, **where):
        assert self.run([sys.executable, "-c", ASK, address, str(port)], **where) == 0

    def wait_port(self, l4, port, netns):
        """Until somebody listens, by the kernel's own table: a probe would be a flow."""
        wanted = f":{port:04X} "
        for _ in range(200):
            tables = run("nsenter", f"--net=/run/netns/{netns or self.home}", "cat",
                         f"/proc/net/{l4}", f"/proc/net/{l4}6", capture_output=True,
                         text=True).stdout
            for line in tables.splitlines():
                fields = line.split()
                if wanted in fields[1] + " " and (l4 == "udp" or fields[3] == "0A"):
                    return
            time.sleep(0.05)
        raise AssertionError(f"nobody listens on {l4} port {port}")

    def namespace(self, suffix):
        name = self.name + suffix
        run("ip", "netns", "add", name)
        self.stack.callback(run, "ip", "netns", "del", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def namespaces(self):
        """a -- r -- b: hosts and the router between, one frame per packet on every link."""
        a, r, b = (self.namespace(end) for end in "arb")
        for host, link, (v4, v6) in ((a, 1, HOST_A), (b, 2, HOST_B)):
            near, far = f"up{link}", f"to{link}"
            run("ip", "-n", host, "link", "add", near, "type", "veth", "peer", "name", far, "netns", r)
            for name, interface, v4_own, v6_own in ((host, near, v4, v6),
                                                    (r, far, v4[:-1] + "1", v6[:-1] + "1")):
                ip = ("ip", "-n", name)
                run(*ip, "addr", "add", f"{v4_own}/24", "dev", interface)
                run(*ip, "addr", "add", f"{v6_own}/64", "dev", interface, "nodad")
                run(*ip, "link", "set", interface, "up")
                offloads_set(name, interface, False)
            run("ip", "-n", host, "route", "add", "default", "via", v4[:-1] + "1")
            run("ip", "-n", host, "-6", "route", "add", "default", "via", v6[:-1] + "1")
        for key in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
            run("nsenter", f"--net=/run/netns/{r}", "sh", "-c", f"echo 1 > /proc/sys/{key}")
        return a, r, b

    @contextlib.contextmanager
    def labelling(self, *arguments, netns=None, stop=signal.SIGINT):
        """Runs the labeller around the block; the result is filled in when the block ends."""
        result = Result(os.path.join(self.folder, "truth.csv"),
                        os.path.join(self.folder, "truth.pcap"))
        labeller = self.start([self.glassbox, "label", "--output", result.csv, *arguments],
                              netns=netns, stderr=subprocess.PIPE, text=True)
        first = labeller.stderr.readline()
        assert first == "glassbox: label: labelling\n", first + labeller.stderr.read()
        yield result
        if stop:
            labeller.send_signal(stop)
        result.messages = labeller.stderr.read()
        result.status = labeller.wait(timeout=30)
        labeller.stderr.close()
        with open(result.csv, encoding="utf-8", newline="") as truth:
            result.rows = list(csv.DictReader(truth))


class Result:
    def __init__(self, csv_path, pcap_path):
        self.csv, self.pcap = csv_path, pcap_path
        self.rows, self.messages, self.status = [], "", None

    def only_row(self):
        assert len(self.rows) == 1, f"{len(self.rows)} rows: {self.rows}\n{self.messages}"
        return self.rows[0]

    def labels(self):
        """5-tuple to label."""
        return {row_ends(row): label_of(row) for row in self.rows}


def row_ends(row):
    return (row["l4"], row["a_ip"], int(row["a_port"]), row["b_ip"], int(row["b_port"]))


def label_of(row):
    return row["protocol"] + ("/" + row["service"] if row["service"] else "")


def remove_cgroup(path):
    for _ in range(100):
        try:
            os.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.05)
    os.rmdir(path)


def offloads_set(netns, interface, is_on):
    """Off, a frame is a packet, as on a wire. By ioctl, since ethtool may not be there."""
    ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, SIOCETHTOOL = 0x1F, 0x24, 0x2C, 0x8946
    with in_netns(netns), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in (ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO):
            value = ctypes.create_string_buffer(struct.pack("II", command, is_on))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(control, SIOCETHTOOL, request.ljust(40, b"\0"))


def wire_by_flow(sniffed):
    """Both directions of each sniffed 5-tuple, keyed as either end may name it."""
    return {key: (total, sniffed.get((key[0], key[3], key[4], key[1], key[2]), (0, 0)))
            for key, total in sniffed.items()}


def check_rows(result, sniffed, ports, both_ends=True):
    """Every sniffed flow on `ports` (port to label), and no other, has its label and exact counts."""
    wire = wire_by_flow(sniffed)
    expected = {}
    for l4, source, source_port, destination, destination_port in wire:
        label = ports.get(source_port) or ports.get(destination_port)
        if label:
            expected[frozenset(((source, source_port), (destination, destination_port)))] = label
    labels = {frozenset((ends[1:3], ends[3:5])): label for ends, label in result.labels().items()}
    assert labels == expected, f"labelled {labels}\nexpected {expected}"
    assert len(result.rows) == len(expected), "a flow has two rows"
    for row in result.rows:
        l4, a_ip, a_port, b_ip, b_port = row_ends(row)
        there = sniffed.get((l4, a_ip, a_port, b_ip, b_port), (0, 0))
        back = sniffed.get((l4, b_ip, b_port, a_ip, a_port), (0, 0))
        counted = tuple((int(row[f"packets_{way}"]), int(row[f"ip_bytes_{way}"]))
                        for way in ("ab", "ba"))
        assert counted == (there, back), f"{row}\non the wire: {there} {back}"
        assert not both_ends or row["ends"] == "ab", row
        assert float(row["first"]) <= float(row["last"]) <= time.time() + 1, row
        assert time.time() - float(row["first"]) < 600, row


def check_capture(result, sniffed):
    """The file beside the CSV holds the labelled flows' frames, all of them and no other."""
    expected = collections.Counter()
    for row in result.rows:
        l4, a_ip, a_port, b_ip, b_port = row_ends(row)
        for key in ((l4, a_ip, a_port, b_ip, b_port), (l4, b_ip, b_port, a_ip, a_port)):
            if key in sniffed:
                expected[key] += sniffed[key][0]
    counter = Sniffer.__new__(Sniffer)
    counter.flows = collections.defaultdict(lambda: [0, 0])
    for link, frame in pcap_frames(result.pcap):
        counter.count(frame[{1: 14, 276: 20, 113: 16}[link]:])
    written = {key: total[0] for key, total in counter.flows.items()}
    assert written == dict(expected), f"written {written}\nexpected {dict(expected)}"


def pcap_frames(path):
    with open(path, "rb") as file:
        magic, = struct.unpack("I", file.read(24)[:4])
        assert magic == 0xA1B23C4D, "a nanosecond capture of this byte order"
        file.seek(20)
        link, = struct.unpack("I", file.read(4))
        while header := file.read(16):
            yield link, file.read(struct.unpack("IIII", header)[2])


def case_loopback(bench):
    """Two labelled programs and a third over loopback, IPv4 and IPv6."""
    web, echo, third = (bench.cgroup(name) for name in ("web", "echo", "third"))
    sniffer = Sniffer("lo", bench.home)
    with bench.labelling("--cgroup", f"{web}=http/local", "--cgroup", f"{echo}=dns", "--capture",
                         os.path.join(bench.folder, "truth.pcap"), "--interface", "lo") as result:
        for port, where in ((PORT_WEB, web), (PORT_THIRD, third)):
            bench.serve_web(port, "::", cgroup=where)
        for address, port in (("127.0.0.1", PORT_ECHO), ("::1", PORT_ECHO + 1)):
            bench.serve_echo(port, address, cgroup=echo)
            bench.ask(address, port, cgroup=echo)
            bench.fetch(address, PORT_WEB, cgroup=web)
            bench.fetch(address, PORT_THIRD, cgroup=third)
        time.sleep(0.2)
    assert result.status == 0, result.messages
    sniffed = sniffer.stop()
    check_rows(result, sniffed, {PORT_WEB: "http/local", PORT_ECHO: "dns", PORT_ECHO + 1: "dns"})
    check_capture(result, sniffed)
    assert len(result.rows) == 4
    assert all(row["capture"] == "truth.pcap" for row in result.rows)
    keys = [tuple(socket.inet_pton(socket.AF_INET6 if ":" in row["a_ip"] else socket.AF_INET,
                                   row["a_ip"])) for row in result.rows]
    assert keys[0:2] == keys[0:1] * 2 and result.rows[0]["l4"] == "tcp", "sorted"


def case_namespaces(bench):
    """The same between two hosts, captured on the router, which forwards and owns nothing."""
    a, r, b = bench.namespaces()
    web, echo, third = (bench.cgroup(name) for name in ("web", "echo", "third"))
    sniffer = Sniffer("to1", r)
    with bench.labelling("--cgroup", f"{web}=http", "--cgroup", f"{echo}=dns", "--capture",
                         os.path.join(bench.folder, "truth.pcap"), netns=r) as result:
        for port, where in ((PORT_WEB, web), (PORT_THIRD, third)):
            bench.serve_web(port, "::", cgroup=where, netns=b)
        for version, port in ((0, PORT_ECHO), (1, PORT_ECHO + 1)):
            bench.serve_echo(port, HOST_B[version], cgroup=echo, netns=b)
            bench.ask(HOST_B[version], port, cgroup=echo, netns=a)
            bench.fetch(HOST_B[version], PORT_WEB, cgroup=web, netns=a)
            bench.fetch(HOST_B[version], PORT_THIRD, cgroup=third, netns=a)
        time.sleep(0.2)
    assert result.status == 0, result.messages
    sniffed = sniffer.stop()
    check_rows(result, sniffed, {PORT_WEB: "http", PORT_ECHO: "dns", PORT_ECHO + 1: "dns"})
    check_capture(result, sniffed)
    assert len(result.rows) == 4
    assert "of the flows 4 have every packet in it, 0 more or fewer, 0 none" in result.messages
    assert "seen on another interface already" in result.messages, result.messages
    downloads = [row for row in result.rows if int(row["ip_bytes_ba"]) > DOWNLOAD_BYTES]
    assert len(downloads) == 2
    for row in downloads:
        average = int(row["ip_bytes_ba"]) / int(row["packets_ba"])
        assert average <= 1500, f"{average} bytes a packet: not what a wire carries"


def case_offloads(bench):
    """With segmentation offload the counts stay those of the wire, and the capture is warned of."""
    a, r, b = bench.namespaces()
    for netns, interface in ((a, "up1"), (r, "to1"), (r, "to2"), (b, "up2")):
        offloads_set(netns, interface, True)
    web = bench.cgroup("web")
    with bench.labelling("--cgroup", f"{web}=http", "--interface", "to2", "--capture",
                         os.path.join(bench.folder, "truth.pcap"), netns=r) as result:
        bench.serve_web(PORT_WEB, HOST_B[0], cgroup=web, netns=b)
        bench.fetch(HOST_B[0], PORT_WEB, cgroup=web, netns=a)
        time.sleep(0.2)
    row = result.only_row()
    segments = DOWNLOAD_BYTES // 1448
    assert int(row["packets_ba"]) >= segments, row
    assert abs(int(row["ip_bytes_ba"]) - DOWNLOAD_BYTES - 52 * int(row["packets_ba"])) < 1000, row
    assert "joined by segmentation offload" in result.messages, result.messages
    assert "of the flows 0 have every packet in it, 1 more or fewer" in result.messages, result.messages


def case_loss(bench):
    """What is lost on the way was sent, and what arrived is told apart."""
    a, r, b = bench.namespaces()
    web = bench.cgroup("web")
    run("tc", "-n", r, "qdisc", "add", "dev", "to1", "root", "tbf", "rate", "20mbit", "burst",
        "4000", "limit", "20000")
    before, after = Sniffer("to2", r), Sniffer("to1", r)
    with bench.labelling("--cgroup", f"{web}=http") as result:
        bench.serve_web(PORT_WEB, HOST_B[0], cgroup=web, netns=b)
        bench.fetch(HOST_B[0], PORT_WEB, cgroup=web, netns=a)
        time.sleep(0.2)
    before, after = before.stop(), after.stop()
    row = result.only_row()
    way = ("tcp", row["b_ip"], int(row["b_port"]), row["a_ip"], int(row["a_port"]))
    sent, arrived = int(row["packets_ba"]), int(row["arrived_packets_ba"])
    assert arrived < sent, f"nothing was lost: {row}"
    assert 0 <= before[way][0] - sent <= 2, f"sent {before[way]}: {row}"
    assert 0 <= after[way][0] - arrived <= 2, f"arrived {after[way]}: {row}"


def case_two_labels(bench):
    """The answering end's label holds where the ends differ; unlabelled ends do not matter."""
    torrent, echo, third = (bench.cgroup(name) for name in ("torrent", "echo", "third"))
    with bench.labelling("--cgroup", f"{torrent}=bittorrent", "--cgroup", f"{echo}=dns") as result:
        bench.serve_web(PORT_WEB, "127.0.0.1", cgroup=torrent)
        bench.serve_echo(PORT_ECHO, "127.0.0.1", cgroup=echo)
        bench.serve_web(PORT_THIRD, "127.0.0.1", cgroup=third)
        bench.ask("127.0.0.1", PORT_ECHO, cgroup=torrent)
        bench.fetch("127.0.0.1", PORT_WEB, cgroup=echo)
        bench.fetch("127.0.0.1", PORT_THIRD, cgroup=torrent)
    labels = {port: label for ends, label in result.labels().items()
              for port in (ends[2], ends[4]) if port in (PORT_WEB, PORT_ECHO, PORT_THIRD)}
    assert labels == {PORT_ECHO: "dns", PORT_WEB: "bittorrent", PORT_THIRD: "bittorrent"}, labels
    assert "2 flows with two labels: the answering end's" in result.messages, result.messages


def case_endpoint(bench):
    """An endpoint's label stands above its callers', as a resolver's must."""
    torrent, echo = (bench.cgroup(name) for name in ("torrent", "echo"))
    with bench.labelling("--cgroup", f"{torrent}=bittorrent", "--endpoint",
                         f"127.0.0.1:{PORT_ECHO}=dns", "--endpoint",
                         f"[::1]:{PORT_ECHO + 1}=dns/home") as result:
        for address, port in (("127.0.0.1", PORT_ECHO), ("::1", PORT_ECHO + 1)):
            bench.serve_echo(port, address, cgroup=echo)
            bench.ask(address, port, cgroup=torrent)
        bench.serve_web(PORT_WEB, "::1", cgroup=torrent)
        bench.fetch("::1", PORT_WEB, cgroup=torrent)
    assert sorted(result.labels().values()) == ["bittorrent", "dns", "dns/home"], result.rows


def case_names(bench):
    """Cgroups named after their labels, made while labelling runs; the deepest rule holds."""
    bench.cgroup("web")
    deep = bench.cgroup("web/deep")
    bench.cgroup("web/deep/below")
    with bench.labelling("--cgroup", f"{deep}=ssh", "--cgroup", f"{bench.name}=*", "--cgroup",
                         f"/{bench.name}=*", "--name", 'a, "b"') as result:
        for name, port in (("http", PORT_WEB), ("Not-A-Label", PORT_THIRD)):
            where = bench.cgroup(name)
            bench.serve_web(port, "127.0.0.1", cgroup=where)
            bench.fetch("127.0.0.1", port, cgroup=where)
        bench.serve_echo(PORT_ECHO, "127.0.0.1", cgroup=f"{deep}/below")
        bench.ask("127.0.0.1", PORT_ECHO, cgroup=f"{deep}/below")
    labels = {port: label for ends, label in result.labels().items() for port in (ends[2], ends[4])}
    assert len(result.rows) == 2, result.rows
    assert (labels[PORT_WEB], labels[PORT_ECHO]) == ("http", "ssh"), labels
    assert all(row["capture"] == 'a, "b"' for row in result.rows), result.rows


def case_refused(bench):
    """Calls nobody takes are the caller's, answered by no socket."""
    web = bench.cgroup("web")
    sniffer = Sniffer("lo", bench.home)
    with bench.labelling("--cgroup", f"{web}=http") as result:
        for kind in ("SOCK_STREAM", "SOCK_DGRAM"):
            bench.run([sys.executable, "-c", "import socket;"
                       f"s = socket.socket(socket.AF_INET, socket.{kind});"
                       f"s.connect(('127.0.0.1', {PORT_CLOSED}));"
                       "s.send(b'x')"], cgroup=web)
        time.sleep(0.2)
    check_rows(result, sniffer.stop(), {PORT_CLOSED: "http"}, both_ends=False)
    assert len(result.rows) == 2


def case_fragments(bench):
    """A fragmented datagram is one packet; the capture has all its fragments."""
    a, r, b = bench.namespaces()
    echo = bench.cgroup("echo")
    with bench.labelling("--cgroup", f"{echo}=dns", "--capture",
                         os.path.join(bench.folder, "truth.pcap"), "--interface", "to1",
                         netns=r) as result:
        bench.serve_echo(PORT_ECHO, HOST_B[0], cgroup=echo, netns=b)
        ask = ASK.replace("(1, 20, 300, 1200)", "(4000,)")
        assert bench.run([sys.executable, "-c", ask, HOST_B[0], str(PORT_ECHO)],
                         cgroup=echo, netns=a) == 0
        time.sleep(0.2)
    row = result.only_row()
    for way in ("ab", "ba"):
        assert (row[f"packets_{way}"], row[f"ip_bytes_{way}"]) == ("1", str(4000 + 28)), row
    frames = list(pcap_frames(result.pcap))
    assert len(frames) == 6, f"{len(frames)} frames"
    assert sum(len(frame) - 14 for _, frame in frames) == 2 * (4028 + 2 * 20)
    assert "of the flows 1 have every packet in it" in result.messages, result.messages


def case_by_unit(bench):
    """Units label themselves, also ones that came and went; a rule goes before a unit."""
    with bench.labelling("--by-unit", "--cgroup", f"{bench.name}=other") as result:
        outside = f"{bench.name}-Web\\x2dServer@1.service"
        path = os.path.join(cgroup_mount(), outside)
        os.mkdir(path)
        bench.serve_web(PORT_WEB, "127.0.0.1", cgroup=outside)
        inside = bench.cgroup("inside.scope")
        bench.serve_web(PORT_THIRD, "127.0.0.1", cgroup=inside)
        for port, where in ((PORT_WEB, outside), (PORT_THIRD, inside)):
            bench.fetch("127.0.0.1", port, cgroup=where)
        for program in bench.programs[1:]:
            program.kill()
            program.wait()
        remove_cgroup(path)
    labels = {port: label for ends, label in result.labels().items() for port in (ends[2], ends[4])}
    assert labels[PORT_WEB] == f"{bench.name}-web-server-1", labels
    assert labels[PORT_THIRD] == "other", labels


def case_full(bench):
    """A full map loses flows by number, not in silence."""
    echo = bench.cgroup("echo")
    with bench.labelling("--cgroup", f"{echo}=dns", "--flows", "2") as result:
        bench.serve_echo(PORT_ECHO, "127.0.0.1", cgroup=echo)
        for _ in range(8):
            bench.ask("127.0.0.1", PORT_ECHO, cgroup=echo)
    assert result.status == 0, result.messages
    assert len(result.rows) < 8, result.rows
    assert "packets not counted: too many flows at once" in result.messages, result.messages


def case_endings(bench):
    """Its time is up, or it is told to end: either way everything is written."""
    web = bench.cgroup("web")
    for arguments, stop in ((["--seconds", "2"], None), ([], signal.SIGTERM), ([], signal.SIGHUP)):
        with bench.labelling("--cgroup", f"{web}=http", *arguments, stop=stop) as result:
            bench.serve_web(PORT_WEB, "127.0.0.1", cgroup=web)
            bench.fetch("127.0.0.1", PORT_WEB, cgroup=web)
            bench.programs[-1].wait()
            bench.programs[-2].kill()
            bench.programs[-2].wait()
        assert result.status == 0 and len(result.rows) == 1, result.messages


def case_missing(bench):
    """What is missing is named in one line, exit 1; wrong options are shown the usage, exit 2."""
    web = bench.cgroup("web")
    rule = ["--cgroup", f"{web}=http"]
    capture = ["--capture", os.path.join(bench.folder, "x.pcap")]
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    unmounted = ["unshare", "-m", "sh", "-c",
                 'for m in $(awk \'$3 == "cgroup2" {print $2}\' /proc/self/mounts); do'
                 ' umount -l "$m"; done; exec "$0" "$@"']
    for before, arguments, status, words in (
            (powerless, rule, 1, "not permitted to load BPF programs: run as root"),
            (powerless, rule + capture, 1, "not permitted to capture: run as root"),
            (unmounted, rule, 1, "no cgroup v2 is mounted"),
            ([], ["--cgroup", "nowhere/at-all=http"], 1, "no cgroup nowhere/at-all below"),
            ([], rule + ["--cgroup", f"{web}=dns"], 1, "two labels for cgroup"),
            ([], rule + capture + ["--interface", "gbl-none"], 1, "no interface gbl-none"),
            ([], rule + ["--output", "/nowhere/at/all"], 1, "/nowhere/at/all: No such file"),
            ([], rule + ["--capture", "/nowhere/at/all"], 1, "/nowhere/at/all: cannot write"),
            ([], [], 2, "usage: glassbox label"),
            ([], ["--cgroup", web], 2, "usage: glassbox label"),
            ([], ["--cgroup", f"{web}=HTTP"], 2, "usage: glassbox label"),
            ([], ["--cgroup", f"{web}=a/b/c"], 2, "usage: glassbox label"),
            ([], rule + ["--seconds", "0"], 2, "usage: glassbox label"),
            ([], rule + ["--seconds", "1s"], 2, "usage: glassbox label"),
            ([], rule + ["--endpoint", "127.0.0.1=dns"], 2, "usage: glassbox label"),
            ([], rule + ["--endpoint", "::1:53=dns"], 2, "usage: glassbox label"),
            ([], rule + ["--endpoint", "[::1]:0=dns"], 2, "usage: glassbox label"),
            ([], rule + ["--endpoint"], 2, "usage: glassbox label"),
            ([], rule + ["--interface", "lo"], 2, "usage: glassbox label"),
            ([], rule + ["surplus"], 2, "usage: glassbox label"),
            ([], rule + ["--nothing"], 2, "usage: glassbox label")):
        done = subprocess.run([*before, bench.glassbox, "label", *arguments], text=True,
                              capture_output=True, timeout=30, check=False)
        assert (done.returncode, done.stdout) == (status, ""), f"{arguments}: {done}"
        assert words in done.stderr, f"{arguments}: {done.stderr}"
        assert status == 2 or done.stderr.count("\n") == 1, f"{arguments}: {done.stderr}"
    assert not os.path.exists(capture[1])


CASES = [case_loopback, case_namespaces, case_offloads, case_loss, case_two_labels, case_endpoint,
         case_names, case_refused, case_fragments, case_by_unit, case_full, case_endings, case_missing]


def skip_reason(glassbox):
    if os.geteuid() != 0:
        return "not root"
    if not cgroup_mount():
        return "no cgroup v2 is mounted"
    for program in ("ip", "tc", "nsenter", "setpriv", "unshare"):
        if not shutil.which(program):
            return f"no program {program}"
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode != 0:
        return "no network namespaces"
    tried = subprocess.run([glassbox, "label", "--by-unit", "--seconds", "0.01"], text=True,
                           capture_output=True, check=False)
    if "kernel does not" in tried.stderr or "not permitted" in tried.stderr:
        return tried.stderr.strip()
    return None


def main(glassbox, wanted):
    cases = [case for case in CASES if not wanted or case.__name__ in wanted]
    reason = skip_reason(glassbox)
    if reason:
        print(f"skipped: {reason} ... the labeller's proof\n"
              f"totals: 0 passed, 0 failed, {len(cases)} skipped")
        return SKIPPED
    failed = 0
    for case in cases:
        try:
            with Bench(os.path.abspath(glassbox)) as bench:
                case(bench)
            print(f"ok: {case.__name__}: {case.__doc__.splitlines()[0]}", flush=True)
        except Exception:  # one case's fault must not keep the others from running
            failed += 1
            print(f"FAILED: {case.__name__}: {case.__doc__.splitlines()[0]}", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"totals: {len(cases) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
