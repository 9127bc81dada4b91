#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/audit/shaper_proof.py GLASSBOX [CASE...]: the audit's token bucket against the kernel's own. UDP is
sent over a virtual cable whose far side is shaped by TBF or HTB; the unshaped traffic is captured before the
shaper and audited with a box of the same rate, and what both let through must agree within 3 %. Needs root,
tc and tcpdump; skipped elsewhere, and says so."""

import contextlib
import ctypes
import errno
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

CLONE_NEWNET = 0x40000000
PAYLOAD_BYTES = 958  # 1,000 with UDP, IP and Ethernet headers
SECONDS = 4
TOLERANCE = 0.03
BOX = """box: same-rate
title: the rate of the kernel's shaper
about: the rate of the kernel's shaper
sources: [this test]
tiers: []
policy:
  - rule: all
    match: {{transport: udp}}
    action: {{throttle: {{rate: {rate}kbit/s, burst: {burst}B, queue: {queue}ms, per: class}}}}
"""
CASES = {
    "tbf, policing by a short queue": ("tbf", 2000, 5000, 20, 4000),
    "tbf, a queue of 200 ms": ("tbf", 1000, 10000, 200, 3000),
    "tbf, under its rate": ("tbf", 8000, 20000, 100, 2000),
    "htb, a deep queue": ("htb", 2000, 5000, 400, 3000),
}


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def own_network():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no network namespace to be had")
    run("ip", "link", "set", "lo", "up")


@contextlib.contextmanager
def cables():
    """near0 - far0: where the traffic is captured as it was sent; near1 - far1: the same, shaped on its way out."""
    for pair in ("0", "1"):
        run("ip", "link", "add", "near" + pair, "type", "veth", "peer", "far" + pair)
        for end in ("near" + pair, "far" + pair):
            pathlib.Path(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6").write_text("1", encoding="ascii")
            run("ip", "link", "set", end, "arp", "off", "up")
    try:
        yield
    finally:
        run("ip", "link", "del", "near0")
        run("ip", "link", "del", "near1")


def shape(kind, rate, burst, queue):
    """The queue's length as bytes: what the rate carries in that time."""
    limit = rate * queue // 8
    if kind == "tbf":
        run("tc", "qdisc", "add", "dev", "near1", "root", "tbf", "rate", f"{rate}kbit", "burst", str(burst),
            "limit", str(limit + burst))
        return
    run("tc", "qdisc", "add", "dev", "near1", "root", "handle", "1:", "htb", "default", "1")
    run("tc", "class", "add", "dev", "near1", "parent", "1:", "classid", "1:1", "htb", "rate", f"{rate}kbit",
        "ceil", f"{rate}kbit", "burst", str(burst), "cburst", str(burst))
    run("tc", "qdisc", "add", "dev", "near1", "parent", "1:1", "bfifo", "limit", str(limit))


def frame_of(number):
    ip = bytes([0x45, 0]) + (28 + PAYLOAD_BYTES).to_bytes(2, "big") + (number & 0xFFFF).to_bytes(2, "big")
    ip += bytes([0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2])
    udp = (4000).to_bytes(2, "big") + (4001).to_bytes(2, "big") + (8 + PAYLOAD_BYTES).to_bytes(2, "big") + b"\0\0"
    return b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0" + ip + udp + bytes(PAYLOAD_BYTES)


def send(kbits):
    """The same frames on both cables at the same moments, in bursts, for SECONDS."""
    lines = []
    for name in ("near0", "near1"):
        line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        line.bind((name, 0))
        line.setsockopt(socket.SOL_SOCKET, 32, 1 << 24)  # SO_SNDBUFFORCE: what waits in the shaper is ours
        lines.append(line)
    gap = 1000 * 8 / (kbits * 1000)
    begin = time.monotonic()
    number = 0
    while time.monotonic() - begin < SECONDS:
        for line in lines:
            try:
                line.send(frame_of(number))
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # that the shaper dropped it
                    raise
        number += 1
        ahead = begin + number * gap - time.monotonic()
        if ahead > 0.004:
            time.sleep(ahead)
    for line in lines:
        line.close()
    return number


class Counter(threading.Thread):
    """Frames that come out of the shaped cable."""

    def __init__(self):
        super().__init__()
        self.line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.line.bind(("far1", 0))
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.line.settimeout(SECONDS)
        self.bytes = 0

    def run(self):
        with contextlib.suppress(TimeoutError, socket.timeout):
            while True:
                self.bytes += len(self.line.recv(2048))


def capture_to(path):
    process = subprocess.Popen(["tcpdump", "-i", "far0", "-w", path, "-B", "65536", "-U", "udp"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while "listening" not in process.stderr.readline():
        if process.poll() is not None:
            raise OSError("tcpdump does not start")
    return process


def audited(glassbox, folder, capture, rate, burst, queue):
    box = folder / "box.yaml"
    box.write_text(BOX.format(rate=rate, burst=burst, queue=queue), encoding="ascii")
    audit = json.loads(run(glassbox, "audit", "--format", "json", "--tiers", "ports", "--no-ladder", str(capture),
                           "--box", str(box)))
    waits = audit["boxes"][0]["own"]["rules"][0]["waits"]
    return sum(waits["bytes"].values()), waits["lost"]["bytes"]


def check(glassbox, kind, rate, burst, queue, sent_rate):
    with tempfile.TemporaryDirectory() as name, cables():
        folder = pathlib.Path(name)
        shape(kind, rate, burst, queue)
        counter = Counter()
        counter.start()
        capture = capture_to(str(folder / "sent.pcap"))
        number = send(sent_rate)
        counter.join()
        capture.terminate()
        capture.wait(10)
        passed, lost = audited(glassbox, folder, folder / "sent.pcap", rate, burst, queue)
    assert passed + lost == number * 1000, f"{passed + lost} bytes audited of {number * 1000} sent"
    apart = abs(passed - counter.bytes) / counter.bytes
    print(f"   sent {number * 1000}, the kernel passed {counter.bytes}, the model {passed}: {apart:.2%} apart")
    assert apart <= TOLERANCE, f"more than {TOLERANCE:.0%} apart"


def main():
    glassbox = os.path.abspath(sys.argv[1])
    wanted = sys.argv[2:] or list(CASES)
    missing = [tool for tool in ("tc", "ip", "tcpdump") if not shutil.which(tool)]
    if os.geteuid() != 0 or missing:
        print(f"skipped: needs root and {', '.join(missing) or 'a network namespace'} ... ")
        print(f"totals: 0 passed, 0 failed, {len(wanted)} skipped")
        return 0
    own_network()
    failed = 0
    for name in wanted:
        try:
            check(glassbox, *CASES[name])
            print(f"ok: {name}")
        except AssertionError as error:
            failed += 1
            print(f"FAILED: {name}: {error}")
    print(f"totals: {len(wanted) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
