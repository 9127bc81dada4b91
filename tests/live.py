#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/live.py GLASSBOX [CASE...]: `glassbox live` on interfaces of its own: virtual cables in a
network namespace that ends with this process. Needs root and a build with DPDK; skipped elsewhere,
and says so."""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

READY_SECONDS = 60  # machines are busy, and sanitizers slow
RECEIVE_BUFFER_FORCE = 33  # SO_RCVBUFFORCE
TYPE_ALL = 3  # every frame, whatever its type (ETH_P_ALL)
BATCH = 4000
REPORT_TRIES = 5
MAP_BYTES_MAX = 1 << 36
CHUNK_BYTES = 1 << 26
LACKS = ("CONFIG_XDP_SOCKETS", "Linux 5.18")  # what it may say where a kernel is older or smaller
TESTS = pathlib.Path(__file__).resolve().parent
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class Skip(Exception):
    """The case cannot run here."""


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def statistic(interface, name):
    return int(pathlib.Path(f"/sys/class/net/{interface}/statistics/{name}").read_text())


@contextlib.contextmanager
def cable(near, far, mtu=1500):
    """Two interfaces, silent: the kernel itself must send nothing that would be counted."""
    run("ip", "link", "add", near, "mtu", str(mtu), "type", "veth", "peer", far, "mtu", str(mtu))
    try:
        for interface in (near, far):
            pathlib.Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6").write_text("1")
            run("ethtool", "-K", interface, "tso", "off", "gso", "off", "gro", "off")
            run("ip", "link", "set", interface, "arp", "off", "up")
        yield
    finally:
        run("ip", "link", "del", near)


def udp_frame(number, size=60):
    """To a DNS port, from one of 199 sources; the number is in the payload."""
    payload = struct.pack("!Q", number) + bytes(size - 50)
    address = 0x0A000000 + number % 199
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, 28 + len(payload), number & 0xFFFF, 0, 64, 17, 0, address, 0x0A010101)
    udp = struct.pack("!HHHH", 1024 + number % 50, 53, 8 + len(payload), 0)
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + udp + payload


def send(interface, frames, is_paced=True, pause_seconds=0.005):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as line:
        line.bind((interface, 0))
        for number, frame in enumerate(frames):
            line.send(frame)
            if is_paced and number % 200 == 199:
                time.sleep(pause_seconds)


@contextlib.contextmanager
def silence(interface):
    """Nothing may arrive there meanwhile."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(TYPE_ALL)) as ear:
        ear.bind((interface, TYPE_ALL))
        ear.setblocking(False)
        yield
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, origin = ear.recvfrom(65536)
                assert origin[2] == socket.PACKET_OUTGOING, f"a mirror port sent {frame.hex()}"
    assert_same(statistic(interface, "rx_packets"), 0)


class Live:
    """A running `glassbox live`."""

    def __init__(self, glassbox, source, *options):
        self.errors = tempfile.TemporaryFile()
        command = [glassbox, "live", "--source", source, "--interval", "3600", *options]
        leaks = TESTS / "support" / "leaks.txt"
        environment = {**os.environ, "LSAN_OPTIONS": f"suppressions={leaks}:print_suppressions=0"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.errors, env=environment
        )
        self.reports = []
        self.wait_until_ready()

    def tasks(self):
        return list(pathlib.Path(f"/proc/{self.process.pid}/task").iterdir())

    def wait_until_ready(self):
        """It catches signals last, when its workers run."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                said = self.said()
                assert any(lack in said for lack in LACKS), f"live does not start: {said}"
                raise Skip(f"live does not start here: {said}")
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            caught = int(status.split("SigCgt:\t")[1].split()[0], 16)
            if "NoNewPrivs:\t1" in status and all(caught >> number - 1 & 1 for number in SIGNALS):
                time.sleep(0.3)
                return
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError("live does not come up")

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace").strip()

    def read_report(self):
        self.reports.append(json.loads(self.process.stdout.readline()))
        return self.reports[-1]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.finish()

    def finish(self):
        rest, _ = self.process.communicate(timeout=60)
        self.reports += [json.loads(line) for line in rest.splitlines()]
        assert self.process.returncode == 0, f"exit {self.process.returncode}: {self.said()}"
        return self.reports

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def has_program(interface):
    shown = subprocess.run(["ip", "link", "show", interface], capture_output=True, check=True)
    return b"prog/xdp" in shown.stdout


def settle(interface, live_ones=0.5):
    time.sleep(live_ones)
    return statistic(interface, "rx_packets")


def summed(reports, *path):
    total = 0
    for report in reports:
        value = report
        for key in path:
            value = value[key]
        total += value
    return total


def assert_same(is_now, expected):
    assert is_now == expected, f"{is_now}, not {expected}"


def check_law(reports):
    for report in reports:
        for unit in ("frames", "bytes"):
            assert report["conservation"][unit]["balance"] == 0, "the law is broken"
        frames = report["frames"]
        rows = sum(row["packets"] for row in report["protocols"]) + frames["non_ip"]
        rest = frames["orphan_fragments"] + frames["shed"] + frames["unreported"]
        rest += sum(frames["malformed"].values())
        assert_same(rows + rest, frames["seen"] + frames["carried_over"])


def counts_every_frame(glassbox, source, *options):
    """And sends none; the bytes are the wire's."""
    sizes = [60, 61, 128, 590, 1514]
    frames = [udp_frame(i, sizes[i % len(sizes)]) for i in range(BATCH)]
    with cable("gbnear", "gbfar"), silence("gbnear"), Live(glassbox, f"{source}:gbfar", *options) as live:
        send("gbnear", frames)
        arrived = settle("gbfar")
        assert_same(has_program("gbfar"), source == "af_xdp")
        reports = live.stop()
        assert arrived == BATCH, f"{arrived} of {BATCH} arrived"
        lost = summed(reports, "frames", "dropped", "kernel")
        seen = summed(reports, "frames", "seen")
        assert seen + lost == BATCH and lost == 0, f"{seen} seen, {lost} lost of {BATCH}"
        assert_same(summed(reports, "frames", "bytes"), sum(map(len, frames)))
        assert_same(summed(reports, "frames", "shed"), 0)
        assert not has_program("gbfar"), "a program is left on the interface"
        assert_same(statistic("gbfar", "tx_packets"), 0)
        check_law(reports)


def af_packet_counts_every_frame(glassbox):
    counts_every_frame(glassbox, "af_packet")


def af_packet_deals_to_workers(glassbox):
    counts_every_frame(glassbox, "af_packet", "--workers", "3")


def af_xdp_counts_every_frame(glassbox):
    counts_every_frame(glassbox, "af_xdp")


def loses_nothing_unsaid(glassbox, source):
    """Stopped while frames arrive: what no buffer had room for is reported as lost by the kernel."""
    with cable("gbnear", "gbfar"), Live(glassbox, f"{source}:gbfar") as live:
        live.process.send_signal(signal.SIGSTOP)
        sent = 0
        for _ in range(20):
            send("gbnear", [udp_frame(i) for i in range(BATCH)], is_paced=False)
            sent += BATCH
        live.process.send_signal(signal.SIGCONT)
        arrived = settle("gbfar", 1)
        reports = live.stop()
        seen = summed(reports, "frames", "seen")
        lost = summed(reports, "frames", "dropped", "kernel")
        print(f"{seen} seen, {lost} lost of {sent} ... ", end="")
        assert arrived == sent, f"{arrived} of {sent} arrived"
        assert lost > 0, "the overload did not overload"
        assert seen + lost == sent, f"{sent - seen - lost} frames unaccounted for"
        check_law(reports)


def af_packet_loses_nothing_unsaid(glassbox):
    loses_nothing_unsaid(glassbox, "af_packet")


def af_xdp_loses_nothing_unsaid(glassbox):
    loses_nothing_unsaid(glassbox, "af_xdp")


def drains_what_waits(glassbox, source, *options):
    """Told to stop while frames wait: they are counted, and none that came after."""
    with cable("gbnear", "gbfar"), Live(glassbox, f"{source}:gbfar", *options) as live:
        live.process.send_signal(signal.SIGSTOP)
        send("gbnear", [udp_frame(i) for i in range(1500)])
        live.process.send_signal(signal.SIGTERM)
        live.process.send_signal(signal.SIGCONT)
        reports = live.finish()
        lost = summed(reports, "frames", "dropped", "kernel")
        assert_same((summed(reports, "frames", "seen"), lost), (1500, 0))
        check_law(reports)


def af_packet_drains_what_waits(glassbox):
    drains_what_waits(glassbox, "af_packet")
    drains_what_waits(glassbox, "af_packet", "--workers", "2")


def af_xdp_drains_what_waits(glassbox):
    drains_what_waits(glassbox, "af_xdp")


def capture_frames(path):
    """Of a pcap file of this machine's byte order."""
    data = path.read_bytes()
    at = 24
    while at < len(data):
        captured, length = struct.unpack_from("=II", data, at + 8)
        if captured == length:
            yield data[at + 16 : at + 16 + captured]
        at += 16 + captured


def corpus_frames():
    """What the packet fuzzer starts from: every encapsulation there is, and every way to be malformed."""
    for path in sorted((TESTS / "fuzz/corpus/packet").iterdir()):
        data = path.read_bytes()
        if data[:2] == b"\0\1" and data[5:7] == b"\0\0":
            yield data[8:]


def report_of(glassbox, frames, *options):
    """The one report over all of these frames, without its times and what hangs on them (which flows were still open at
    the end). On a machine with much else to do some may be lost, and said to be: then it is tried again."""
    for _ in range(REPORT_TRIES):
        with cable("gbnear", "gbfar"), Live(glassbox, "af_xdp:gbfar", *options) as live:
            send("gbnear", frames, pause_seconds=0.05)
            arrived = settle("gbfar")
            reports = live.stop()
        check_law(reports)
        seen, lost = reports[0]["frames"]["seen"], reports[0]["frames"]["dropped"]["kernel"]
        assert_same((len(reports), arrived, seen + lost), (1, len(frames), len(frames)))
        if not lost:
            reports[0].pop("interval")
            reports[0]["flows"].pop("cut")
            return reports[0]
    raise AssertionError(f"frames were lost in each of {REPORT_TRIES} tries")


def reports_the_same_without_payload(glassbox):
    """The sample, and frames of every kind, with and without the kernel's cut."""
    if not cuts_payload(glassbox):
        raise Skip("built without BPF")
    frames = [*capture_frames(TESTS / "data/sample.pcap"), *corpus_frames()]
    frames = [frame for frame in frames if 14 <= len(frame) <= 1514]
    assert len(frames) > 1000
    for options in ([], ["--no-decap"], ["--scope", "vlan,vni,teid", "--workers", "2"]):
        options = [*options, "--model", str(TESTS / "data/models/small.model")]  # by sizes alone: no two runs take as long
        whole = report_of(glassbox, frames, "--whole-frames", *options)
        assert_same(whole["source"]["tiers"], ["ports", "headers"])
        cut = report_of(glassbox, frames, *options)
        for key, value in whole.items():
            assert cut[key] == value, f"{options}: {key}: {cut[key]} is not {value}"
        assert_same(sum(map(len, frames)), cut["frames"]["bytes"])
    assert len(whole["frames"]["encapsulations"]) > 15 and len(whole["frames"]["malformed"]) > 5


def headers_tier_reports_the_same_without_payload(glassbox):
    """Verdicts, scores and all, by a model of sizes: times between frames are never twice the same on a
    cable, and the cut changes nothing about them."""
    if not cuts_payload(glassbox):
        raise Skip("built without BPF")
    frames = [*capture_frames(TESTS / "data/sample.pcap"), *corpus_frames()]
    frames = [frame for frame in frames if 14 <= len(frame) <= 1514]
    options = ["--tiers", "ports,headers", "--model", str(TESTS / "data/models/small.model")]
    for more in ([], ["--workers", "2"], ["--no-decap"]):
        whole = report_of(glassbox, frames, "--whole-frames", *options, *more)
        cut = report_of(glassbox, frames, *options, *more)
        for key, value in whole.items():
            assert cut[key] == value, f"{more}: {key}: {cut[key]} is not {value}"
        by_headers = {row["protocol"]: row["by_tier"].get("headers", {}).get("flows", 0) for row in cut["protocols"]}
        assert by_headers.get("tls") and by_headers.get("dns"), by_headers
        assert cut["model"]["name"] == "small", cut["model"]


def cuts_payload(glassbox):
    return "xdp" in subprocess.run([glassbox, "version"], capture_output=True, check=True).stdout.decode()


def marked_frames(marker, addresses):
    """From and to these link addresses, the marker as payload of all transports, in tunnels, in fragments, behind IP and in what is not IP."""

    def ethernet(number, packet):
        return addresses + struct.pack("!H", number) + packet

    def ipv4(protocol, packet, fragment=0):
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(packet), 7, fragment, 64, protocol, 0)
        return head + b"\xc0\0\2\1\xc0\0\2\2" + packet

    def udp(port, payload):
        return struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload

    tcp = struct.pack("!HHIIBBHHH", 40000, 80, 1, 1, 5 << 4, 24, 1024, 0, 0) + marker
    ipv6 = struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + bytes(31) + b"\1" + tcp
    inside = ethernet(0x0800, ipv4(6, tcp))
    packets = [ipv4(6, tcp), ipv4(17, udp(53, marker)), ipv4(1, b"\x08\0\0\0" + marker), ipv4(50, marker),
               ipv4(17, marker, fragment=5), ipv4(17, udp(53, marker), fragment=0x2000), ipv4(132, bytes(12) + marker),
               ipv4(17, udp(4789, b"\x08" + bytes(7) + inside)), ipv4(47, b"\0\0\x08\0" + ipv4(6, tcp)),
               ipv4(4, ipv4(6, tcp)), ipv4(41, ipv6), ipv4(17, udp(2152, b"\x30\xff\0\0\0\0\0\1" + ipv4(6, tcp))),
               ipv4(4, marker), ipv4(17, udp(4789, marker)), ipv4(17, udp(3544, marker)), ipv4(47, marker),
               ipv4(17, udp(4789, b"\x08" + bytes(7) + marker)), ipv4(17, udp(53, b"")) + marker]
    yield from (ethernet(0x0800, packet) for packet in packets)
    yield ethernet(0x86DD, ipv6)
    yield ethernet(0x8100, b"\0\7\x08\0" + ipv4(6, tcp))
    yield ethernet(0x8847, b"\0\1\1\xff" + ipv4(6, tcp))
    yield ethernet(0x8864, b"\x11\0\0\0\0\0\0\x21" + ipv4(6, tcp))
    yield ethernet(0x0806, marker)
    yield ethernet(0x88B5, marker)


def memory_holds(pid, marker):
    """Does the marker stand anywhere in the process's writable memory?"""
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps.splitlines():
            first, last = (int(bound, 16) for bound in line.split()[0].split("-"))
            if "w" not in line.split()[1]:
                continue
            if last - first > MAP_BYTES_MAX:
                continue  # what a sanitizer reserves for itself
            for at in range(first, last, CHUNK_BYTES):
                with contextlib.suppress(OSError):
                    memory.seek(at)
                    if marker in memory.read(min(CHUNK_BYTES + len(marker), last - at)):
                        return True
    return False


def payload_never_arrives(glassbox):
    """Neither payload nor link addresses are anywhere in the process; without the cut they are."""
    if not cuts_payload(glassbox):
        raise Skip("built without BPF")
    marker = os.urandom(24)
    addresses = b"\x02" + os.urandom(11)
    frames = list(marked_frames(marker, addresses))
    for options, is_expected in ([], False), (["--whole-frames"], True):
        with cable("gbnear", "gbfar"), Live(glassbox, "af_xdp:gbfar", *options) as live:
            send("gbnear", frames)
            time.sleep(0.3)
            for what in (marker[:12], marker[-12:], addresses):
                found = memory_holds(live.process.pid, what)
                assert found == is_expected, f"{options}: {what.hex()} {'' if found else 'not '}found"
            assert_same(summed(live.stop(), "frames", "seen"), len(frames))


def gives_up_privileges(glassbox):
    """In every thread that runs while frames are looked at."""
    with cable("gbnear", "gbfar"), Live(glassbox, "af_packet:gbfar", "--workers", "2") as live:
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        tasks = live.tasks()
        assert len(tasks) >= 4
        for task in tasks:
            status = (task / "status").read_text()
            fields = dict(line.split(":", 1) for line in status.splitlines())
            assert fields["Uid"].split() == [nobody] * 4, f"uid {fields['Uid']}"
            for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                assert int(fields[kind], 16) == 0, f"{kind} {fields[kind]} in {fields['Name']}"
        live.stop(signal.SIGINT)


def af_packet_takes_jumbo_frames(glassbox):
    frames = [udp_frame(i, size) for i, size in enumerate([60, 1514, 4000, 8000, 9014] * 20)]
    with cable("gbnear", "gbfar", mtu=9000), Live(glassbox, "af_packet:gbfar") as live:
        send("gbnear", frames)
        settle("gbfar")
        reports = live.stop()
        assert_same(summed(reports, "frames", "bytes"), sum(map(len, frames)))
        assert_same(summed(reports, "frames", "truncated"), 0)


def reads_every_queue(glassbox):
    """Of a device that splits frames in ways nobody can ask for: one thread reads all its queues, and
    deals out what it reads."""
    frames = [udp_frame(i) for i in range(BATCH)]
    device = "--vdev=net_af_packet0,iface=gbfar,qpairs=3"
    with cable("gbnear", "gbfar"):
        with Live(glassbox, "dpdk", "--workers", "2", "--", "--no-pci", device) as live:
            send("gbnear", frames)
            settle("gbfar")
            reports = live.stop()
            assert_same(summed(reports, "frames", "seen"), BATCH)
            check_law(reports)


def deals_out_what_a_tap_cannot_split(glassbox):
    """A device that offers a split but does not tell what it made of it."""
    if not os.path.exists("/dev/net/tun"):
        raise Skip("no /dev/net/tun")
    words = ["dpdk", "--tiers", "ports", "--workers", "2", "--", "--no-pci", "--vdev=net_tap0,iface=gbtap"]
    with Live(glassbox, *words) as live:
        pathlib.Path("/proc/sys/net/ipv6/conf/gbtap/disable_ipv6").write_text("1")
        run("ip", "link", "set", "gbtap", "arp", "off", "up")
        assert "PROMISC" in shown("gbtap")
        before = statistic("gbtap", "tx_packets")
        send("gbtap", [udp_frame(i) for i in range(1000)])
        time.sleep(0.3)
        sent = statistic("gbtap", "tx_packets") - before
        reports = live.stop()
        rows = {row["protocol"]: row["packets"] for row in reports[0]["protocols"]}
        assert_same((sent, rows["dns"]), (1000, 1000))
        check_law(reports)


def shown(interface):
    done = subprocess.run(["ip", "-d", "link", "show", interface], capture_output=True, check=True)
    return done.stdout.decode()


def tells_of_links(glassbox):
    """Each time once, and counts go on."""
    with cable("gbnear", "gbfar"), Live(glassbox, "af_packet:gbfar") as live:
        for state in ("down", "up"):
            send("gbnear", [udp_frame(i) for i in range(10)]) if state == "down" else None
            run("ip", "link", "set", "gbnear", state)
            time.sleep(1.5)
        send("gbnear", [udp_frame(i) for i in range(10)])
        time.sleep(0.2)
        assert_same(summed(live.stop(), "frames", "seen"), 20)
        said = [line.partition("gbfar: ")[2] for line in live.said().splitlines() if "link" in line]
        assert_same(said, ["the link is down", "the link is up again"])


def stays_on_named_processors(glassbox):
    first = min(os.sched_getaffinity(0))
    with cable("gbnear", "gbfar"):
        with Live(glassbox, "af_packet:gbfar", "--", "-l", str(first)) as live:
            bound = [task for task in live.tasks() if os.sched_getaffinity(int(task.name)) == {first}]
            free = [task for task in live.tasks() if len(os.sched_getaffinity(int(task.name))) > 1]
            assert bound, "no thread is bound"
            assert free or len(os.sched_getaffinity(0)) == 1, "all threads are bound"
            live.stop()


def uses_huge_pages(glassbox):
    """Where some are free, and says nothing of them where not."""
    total = pathlib.Path("/proc/sys/vm/nr_hugepages")
    before = int(total.read_text())
    try:
        total.write_text(str(before + 160))
        if int(total.read_text()) < before + 160:
            raise Skip("no huge pages to be had")
        with cable("gbnear", "gbfar"), Live(glassbox, "af_packet:gbfar") as live:
            maps = pathlib.Path(f"/proc/{live.process.pid}/smaps").read_text()
            assert "KernelPageSize:     2048 kB" in maps or "KernelPageSize:  1048576 kB" in maps
            send("gbnear", [udp_frame(i) for i in range(1000)])
            settle("gbfar")
            assert_same(summed(live.stop(), "frames", "seen"), 1000)
    finally:
        total.write_text(str(before))


def reports_when_told(glassbox):
    with cable("gbnear", "gbfar"), Live(glassbox, "af_packet:gbfar", "--workers", "2") as live:
        for count in (100, 0, 7):
            send("gbnear", [udp_frame(i) for i in range(count)])
            time.sleep(0.3)
            live.process.send_signal(signal.SIGUSR1)
            report = live.read_report()
            assert report["frames"]["seen"] == count, f"{report['frames']['seen']} for {count}"
            assert report["interval"]["seconds"] < 60
        reports = live.stop()
        check_law(reports)
        assert float(reports[-1]["interval"]["seconds"]) < 60, "the last report ends in the future"
        for before, after in zip(reports, reports[1:]):
            assert before["interval"]["end"] == after["interval"]["start"]


def reports_by_the_clock(glassbox):
    with cable("gbnear", "gbfar"), Live(glassbox, "af_packet:gbfar", "--interval", "1") as live:
        for _ in range(30):
            send("gbnear", [udp_frame(i) for i in range(10)])
            time.sleep(0.1)
        reports = live.stop()
        assert len(reports) >= 3
        assert summed(reports, "frames", "seen") == 300
        for report in reports[1:-1]:
            assert report["interval"]["seconds"] == 1.0
            assert 50 <= report["frames"]["seen"] <= 150, report["frames"]["seen"]


RULE = """protocol {name} category p2p description "made up" specification "this test"

rule word
  transport udp
  pattern "{name}-word"
  strength certain
  cite "this test"
  sample "{name}-word"
  near "{name}-wort"
"""


def write_rules(folder, *names):
    for old in folder.iterdir():
        old.unlink()
    for name in names:
        (folder / f"{name}.rules").write_text(RULE.format(name=name))
        (folder / f"{name}.rules").chmod(0o644)


def word_frame(name, port):
    """A flow of its own by its port."""
    payload = f"{name}-word".encode()
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0, 0x0A000001, 0x0A010101)
    udp = struct.pack("!HHHH", port, 40000, 8 + len(payload), 0)
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + udp + payload


def counted(report):
    return {row["protocol"]: row["packets"] for row in report["protocols"] if row["packets"]}


def reloads_rules(glassbox):
    """New names take places among the old ones; flows keep what they were called; a folder with a fault
    changes nothing; every report names the rules it was made by."""
    if "hyperscan" not in subprocess.run([glassbox, "version"], capture_output=True, check=True).stdout.decode():
        raise Skip("built without Hyperscan")
    with tempfile.TemporaryDirectory() as name, cable("gbnear", "gbfar"):
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        write_rules(folder, "gb-middle")
        words = ["--tiers", "ports,signatures", "--rules", name, "--workers", "2"]
        with Live(glassbox, "af_packet:gbfar", *words) as live:

            def pass_frames(*names):
                send("gbnear", [word_frame(name, 2000 + len(name) * 100 + name.count("e")) for name in names])
                time.sleep(0.3)

            def reload():
                live.process.send_signal(signal.SIGHUP)
                return live.read_report()

            pass_frames("gb-middle", "gb-middle", "gb-first")
            write_rules(folder, "gb-first", "gb-middle", "gb-last")
            before = reload()
            assert_same(counted(before), {"gb-middle": 2, "unknown": 1})
            pass_frames("gb-middle", "gb-last", "gb-first-of-all")
            (folder / "gb-bad.rules").write_text("nonsense\n")
            live.process.send_signal(signal.SIGHUP)
            time.sleep(1)
            assert "gb-bad.rules:" in live.said() and "stay" in live.said(), live.said()
            live.process.send_signal(signal.SIGUSR1)
            between = live.read_report()
            assert_same(counted(between), {"gb-middle": 1, "gb-last": 1, "unknown": 1})
            write_rules(folder, "gb-first")
            pass_frames("gb-last")
            after = reload()
            assert_same(counted(after), {"gb-last": 1})
            assert_same(after["rules"], between["rules"])
            pass_frames("gb-middle", "gb-last")
            reports = live.stop()
            assert_same(counted(reports[-1]), {"gb-middle": 1, "gb-last": 1})
            digests = [report["rules"]["sha256"] for report in (before, between, reports[-1])]
            assert_same(len(set(digests)), 3)
            assert all(digest in live.said() for digest in digests[1:])
            assert_same(summed(reports, "frames", "seen"), 9)
            assert_same(summed(reports, "flows", "ended"), 4)
            check_law(reports)


BOX = """box: names
title: Names blocked
about: Blocks the name system, slows what nobody can name.
sources: [made up]
tiers: [ports]
policy:
  - {rule: names, match: {protocol: [dns]}, action: block}
  - {rule: rest, match: {protocol: [unknown]}, action: {throttle: {rate: 8kbit/s, burst: 1kB, per: class}}}
"""


def unknown_frame(number):
    payload = struct.pack("!Q", number) + bytes(100)
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0, 0x0A000001, 0x0A010101)
    udp = struct.pack("!HHHH", 50000 + number % 7, 60000, 8 + len(payload), 0)
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + udp + payload


def audits_boxes(glassbox):
    """A box beside the reports of a line: acted on + left alone = seen, of each interval and of all; and a rule
    acts on what the report calls so."""
    known = [udp_frame(number) for number in range(BATCH)]
    strange = [unknown_frame(number) for number in range(BATCH // 4)]
    with tempfile.TemporaryDirectory() as name, cable("gbnear", "gbfar"), silence("gbnear"):
        path = pathlib.Path(name, "names.yaml")
        path.write_text(BOX)
        neutral = TESTS.parent / "models/boxes/neutral.yaml"
        words = ["--tiers", "ports", "--format", "ndjson", "--box", str(path), "--box", str(neutral)]
        with Live(glassbox, "af_packet:gbfar", *words) as live:
            send("gbnear", known[: BATCH // 2] + strange)
            settle("gbfar")
            live.process.send_signal(signal.SIGUSR1)
            time.sleep(0.5)
            send("gbnear", known[BATCH // 2 :])
            settle("gbfar")
            lines = live.stop()
    reports = [line for line in lines if line["schema"].startswith("glassbox.report/")]
    audits = [line for line in lines if line["schema"] == "glassbox.audit/1"]
    assert_same((len(reports), len(audits)), (2, 2))
    check_law(reports)
    assert_same(summed(reports, "frames", "dropped", "kernel"), 0)
    assert_same(summed(audits, "seen", "packets_in_flows"), len(known) + len(strange))
    for audit in audits:
        for box in audit["boxes"]:
            own = box["own"]
            assert_same(own["balance"], {"packets": 0, "bytes": 0})
            for unit in ("flows", "packets", "bytes"):
                assert_same(own["outcome"]["acted"][unit] + own["left_alone"][unit], own["seen"][unit])
            assert_same(own["seen"]["packets"], audit["seen"]["packets_in_flows"])
            assert_same(sum(row["seen"]["bytes"] for row in own["references"]), own["seen"]["bytes"])
    rules = [rule for audit in audits for rule in audit["boxes"][0]["own"]["rules"]]
    acted = {name: sum(rule["outcome"]["acted"]["packets"] for rule in rules if rule["rule"] == name)
             for name in ("names", "rest")}
    assert_same(acted, {"names": len(known), "rest": len(strange)})
    assert_same(sum(audit["boxes"][1]["own"]["outcome"]["acted"]["packets"] for audit in audits), 0)
    waits = [rule["waits"] for rule in rules if rule["rule"] == "rest" and rule["waits"]]
    assert sum(wait["lost"]["packets"] for wait in waits) > len(strange) // 2, "a bucket of 1 kB let it pass"


def reloads_models(glassbox):
    """A model that cannot be read changes nothing; a good one takes the old one's place."""
    small = TESTS / "data/models/small.model"
    sent = [*capture_frames(TESTS / "data/sample.pcap")]
    sent = [frame for frame in sent if len(frame) <= 1514]
    with tempfile.TemporaryDirectory() as name, cable("gbnear", "gbfar"):
        pathlib.Path(name).chmod(0o755)
        model = pathlib.Path(name) / "a.model"
        shutil.copy(small, model)
        words = ["--tiers", "ports,headers", "--model", str(model)]
        with Live(glassbox, "af_packet:gbfar", *words) as live:
            for spoiled in (False, True, False):
                model.write_bytes(small.read_bytes()[: 100 if spoiled else None])
                send("gbnear", sent)
                time.sleep(0.3)
                live.process.send_signal(signal.SIGHUP)
                if spoiled:
                    time.sleep(0.5)
                    assert "stay in force" in live.said(), live.said()
                else:
                    live.read_report()
            reports = live.stop()
        assert_same(summed(reports, "frames", "seen"), 3 * len(sent))
        assert_same(len({report["model"]["sha256"] for report in reports}), 1)
        check_law(reports)


def ask_telemetry(line, command):
    line.send(command.encode())
    return json.loads(line.recv(32768))[command.partition(",")[0]]


def answers_telemetry(glassbox):
    """DPDK's socket tells what the workers did, and the last report in pieces that make it whole."""
    prefix = f"glassbox-test-{os.getpid()}"
    path = f"/var/run/dpdk/{prefix}/dpdk_telemetry.v2"
    sizes = [60, 700, 1514]
    frames = [udp_frame(i, sizes[i % 3]) for i in range(300)]
    with cable("gbnear", "gbfar"):
        words = ["af_packet:gbfar", "--workers", "2", "--", f"--file-prefix={prefix}"]
        with Live(glassbox, *words) as live, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(5)
            line.connect(path)
            assert json.loads(line.recv(32768))["pid"] == live.process.pid
            assert ask_telemetry(line, "/glassbox/report") is None, "a report before there was one"
            assert ask_telemetry(line, "/glassbox/kernel") is None, "packet sockets have no program"
            send("gbnear", [*frames, *(frame for frame in corpus_frames() if 14 <= len(frame) <= 1514)])
            time.sleep(0.3)
            workers = ask_telemetry(line, "/glassbox/workers")
            assert_same(sorted(workers), ["0", "1"])
            for worker in workers.values():
                assert worker["frames"] and worker["bytes"] > 60 * worker["frames"] and worker["bursts"]
                assert 0 < worker["busy_ns"] <= worker["elapsed_ns"], worker
                assert_same((worker["shed"], worker["waiting"]), (0, 0))
            live.process.send_signal(signal.SIGUSR1)
            report = live.read_report()
            for key in ("frames", "bytes"):
                seen = report["frames"]["seen" if key == "frames" else key]
                assert_same(sum(worker[key] for worker in workers.values()), seen)
            time.sleep(0.2)
            about = ask_telemetry(line, "/glassbox/report")
            assert about["number"] == 1 and about["chunks"] > 1, about
            chunks = [ask_telemetry(line, f"/glassbox/report,1,{i}") for i in range(about["chunks"])]
            assert_same(sum(map(len, chunks)), about["bytes"])
            assert_same(json.loads("".join(chunks)), report)
            for wrong in ("2,0", "0,0", f"1,{about['chunks']}", "1", "1,0x", "-1,0", "x"):
                assert ask_telemetry(line, f"/glassbox/report,{wrong}") is None, wrong
            live.stop()
    shutil.rmtree(os.path.dirname(path), ignore_errors=True)


def tells_what_the_kernel_saw(glassbox, *options):
    """Of an interface with our program: all that came, and what was lost before anybody could fetch it."""
    if not cuts_payload(glassbox):
        raise Skip("built without BPF")
    prefix = f"glassbox-kernel-{os.getpid()}"
    sizes = [60, 700, 1514]
    with cable("gbnear", "gbfar"):
        words = ["af_xdp:gbfar", *options, "--", f"--file-prefix={prefix}"]
        with Live(glassbox, *words) as live, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(5)
            line.connect(f"/var/run/dpdk/{prefix}/dpdk_telemetry.v2")
            line.recv(32768)
            live.process.send_signal(signal.SIGSTOP)
            frames = [udp_frame(i, sizes[i % 3]) for i in range(BATCH)]
            send("gbnear", frames, is_paced=False)
            live.process.send_signal(signal.SIGCONT)
            settle("gbfar")
            kernel = ask_telemetry(line, "/glassbox/kernel")
            reports = live.stop()
        lost = summed(reports, "frames", "dropped", "kernel")
        assert lost > 0, "the overload did not overload"
        assert_same(kernel["frames"], BATCH)
        assert_same(kernel["bytes"], sum(map(len, frames)))
        assert_same(kernel["dropped"], lost)
        assert_same(kernel["left"], 0)
        assert_same(kernel["frames"] - kernel["dropped"], summed(reports, "frames", "seen"))
    shutil.rmtree(f"/var/run/dpdk/{prefix}", ignore_errors=True)


def tells_what_the_kernel_saw_to_workers(glassbox):
    tells_what_the_kernel_saw(glassbox, "--workers", "2")


def keeps_a_textfile(glassbox):
    with tempfile.TemporaryDirectory() as folder, cable("gbnear", "gbfar"):
        os.chmod(folder, 0o777)
        path = pathlib.Path(folder) / "glassbox.prom"
        with Live(glassbox, "af_packet:gbfar", "--textfile", str(path)) as live:
            for count in (50, 25):
                send("gbnear", [udp_frame(i) for i in range(count)])
                time.sleep(0.3)
                live.process.send_signal(signal.SIGUSR1)
                live.read_report()
            live.stop()
        text = path.read_text()
        assert "\nglassbox_frames_total 75\n" in text or "\nglassbox_seen_frames_total 75\n" in text, text
        assert [p.name for p in path.parent.iterdir()] == ["glassbox.prom"]
        if shutil.which("promtool"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), check=False)
            assert checked.returncode == 0


def forwards_untouched_and_in_order(glassbox):
    """Both ways at once, sizes from least to largest, by one thread that sends and receives."""
    sizes = [60, 1514, 61, 700, 1513]
    with cable("gbleft", "gbin"), cable("gbright", "gbout"):
        ends = {}
        for interface in ("gbleft", "gbright"):
            ends[interface] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(TYPE_ALL))
            ends[interface].bind((interface, TYPE_ALL))
            ends[interface].settimeout(5)
        with Live(glassbox, "af_packet", "--forward", "gbin:gbout") as live:
            expected = 0
            for i in range(BATCH):
                frame = udp_frame(i, sizes[i % len(sizes)])
                there, here = ("gbleft", "gbright") if i % 3 else ("gbright", "gbleft")
                ends[there].send(frame)
                while True:
                    got, origin = ends[here].recvfrom(2048)
                    if origin[2] != socket.PACKET_OUTGOING:
                        break
                assert got == frame, f"frame {i} came out otherwise"
                expected += 1
            reports = live.stop()
        for end in ends.values():
            end.close()
        assert summed(reports, "frames", "seen") == expected, summed(reports, "frames", "seen")
        assert summed(reports, "frames", "dropped", "forward") == 0
        assert reports[0]["source"]["link"] == "inline"
        check_law(reports)


def forwards_what_waits(glassbox):
    """Told to stop while frames wait: they are sent on, in order, and counted."""
    with cable("gbleft", "gbin"), cable("gbright", "gbout"):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(TYPE_ALL)) as end:
            end.bind(("gbright", TYPE_ALL))
            end.settimeout(5)
            end.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCE, 1 << 23)
            frames = [udp_frame(i) for i in range(800)]
            with Live(glassbox, "af_packet", "--forward", "gbin:gbout") as live:
                live.process.send_signal(signal.SIGSTOP)
                send("gbleft", frames)
                live.process.send_signal(signal.SIGTERM)
                live.process.send_signal(signal.SIGCONT)
                assert [end.recv(2048) for _ in frames] == frames, "not what was sent, or not in order"
                assert_same(summed(live.finish(), "frames", "seen"), len(frames))


def sheds_before_it_loses(glassbox):
    """A port that always has more: part is only counted, part is looked at, all adds up."""
    sample = TESTS / "data" / "sample.pcap"
    device = f"--vdev=net_pcap0,rx_pcap={sample},infinite_rx=1"
    with Live(glassbox, "dpdk", "--", "--no-pci", device) as live:
        time.sleep(1)
        reports = live.stop()
        seen = summed(reports, "frames", "seen")
        shed = summed(reports, "frames", "shed")
        print(f"{shed} shed of {seen} ... ", end="")
        assert 0 < shed < seen
        assert any(row["protocol"] == "dns" and row["packets"] for row in reports[0]["protocols"])
        check_law(reports)


def looks_at_all_when_told(glassbox):
    """The same port with --no-shed: nothing is only counted."""
    sample = TESTS / "data" / "sample.pcap"
    device = f"--vdev=net_pcap0,rx_pcap={sample},infinite_rx=1"
    for workers in ("1", "2"):
        with Live(glassbox, "dpdk", "--no-shed", "--workers", workers, "--", "--no-pci", device) as live:
            time.sleep(1)
            reports = live.stop()
            assert summed(reports, "frames", "seen") > 4096, "less than a ring's worth: nothing would be shed anyway"
            assert_same(summed(reports, "frames", "shed"), 0)
            check_law(reports)


def says_what_is_missing(glassbox):
    with cable("gbnear", "gbfar"):
        run("ip", "link", "set", "gbfar", "down")
        cases = [
            (["--source", "af_packet:gbnone"], 1, "gbnone"),
            (["--source", "af_packet:gbfar"], 1, "ip link set gbfar up"),
            (["--source", "af_packet:gbnear", "--user", "gb-no-such"], 1, "--user"),
            (["--source", "af_packet:gbnear", "--textfile", "/proc/none/x"], 1, "/proc/none/x"),
            (["--source", "tin_can:gbnear"], 1, "af_packet"),
            (["--source", "af_packet", "--forward", "gbnear"], 1, "A:B"),
            ([], 2, "--source"),
        ]
        for words, code, hint in cases:
            done = subprocess.run([glassbox, "live", *words], capture_output=True, timeout=60, check=False)
            said = done.stderr.decode()
            assert done.returncode == code, f"{words}: exit {done.returncode}: {said}"
            assert hint in said and not done.stdout, f"{words}: {said}"
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        words = [*drop, glassbox, "live", "--source", "af_packet:gbnear"]
        done = subprocess.run(words, capture_output=True, timeout=60, check=False)
        assert done.returncode == 1 and b"root" in done.stderr, done.stderr


CASES = [
    af_packet_counts_every_frame,
    af_packet_deals_to_workers,
    af_packet_loses_nothing_unsaid,
    af_xdp_counts_every_frame,
    af_xdp_loses_nothing_unsaid,
    af_packet_drains_what_waits,
    af_xdp_drains_what_waits,
    reports_the_same_without_payload,
    headers_tier_reports_the_same_without_payload,
    payload_never_arrives,
    gives_up_privileges,
    af_packet_takes_jumbo_frames,
    reads_every_queue,
    deals_out_what_a_tap_cannot_split,
    tells_of_links,
    stays_on_named_processors,
    uses_huge_pages,
    reports_when_told,
    reports_by_the_clock,
    reloads_rules,
    reloads_models,
    audits_boxes,
    answers_telemetry,
    tells_what_the_kernel_saw,
    tells_what_the_kernel_saw_to_workers,
    keeps_a_textfile,
    forwards_untouched_and_in_order,
    forwards_what_waits,
    sheds_before_it_loses,
    looks_at_all_when_told,
    says_what_is_missing,
]


def why_not(glassbox):
    if os.geteuid() != 0:
        return "live ports need root"
    if "dpdk" not in subprocess.run([glassbox, "version"], capture_output=True, check=True).stdout.decode():
        return "built without DPDK"
    for tool in ("ip", "ethtool", "setpriv", "unshare"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    if subprocess.run(["unshare", "-n", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        return "no network namespace to be had"
    return None


def main():
    glassbox, names = os.path.abspath(sys.argv[1]), sys.argv[2:]
    cases = [case for case in CASES if not names or case.__name__ in names]
    reason = why_not(glassbox)
    if reason:
        print(f"skipped: {reason} ... \ntotals: 0 passed, 0 failed, {len(cases)} skipped")
        return 0
    if "GLASSBOX_LIVE_NAMESPACE" not in os.environ:
        os.environ["GLASSBOX_LIVE_NAMESPACE"] = "own"
        os.execvp("unshare", ["unshare", "-n", "-m", sys.executable, *sys.argv])
    run("mount", "-t", "sysfs", "sysfs", "/sys")  # shows the namespace's own interfaces
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in cases:
        print(f"{case.__name__} ... ", end="", flush=True)
        try:
            case(glassbox)
            outcome = "passed"
        except Skip as skip:
            outcome = "skipped"
            print(f"skipped: {skip} ... ", end="")
        except (AssertionError, subprocess.SubprocessError, OSError, ValueError) as error:
            outcome = "failed"
            print(f"{type(error).__name__}: {error} ... ", end="")
        counts[outcome] += 1
        print(outcome, flush=True)
    print("totals: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if counts["failed"] or not sum(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
