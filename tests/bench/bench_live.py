# SPDX-License-Identifier: BSD-3-Clause
"""Live: the highest rate without loss on a cable between two interfaces (af_packet, af_xdp), exact accounting
beyond it, and what net_pcap hands over beside what dpdk-testpmd takes from the same file. Runs itself in a
network namespace of its own: bench_live.py BUILD, results as JSON on stdout."""

import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import live  # noqa: E402  the tests' own cables and running glassbox

SOURCES = ("af_packet", "af_xdp")
FLOWS = 65536
NEAR, FAR = "gbnear", "gbfar"
PORT_ARGUMENTS = ("--no-huge", "--no-pci", "--no-shconf", "-m", "512")


def send(build, rate, seconds, flows=FLOWS):
    words = [build / "tests/bench/send_frames", NEAR, rate, seconds, flows]
    done = subprocess.run(list(map(str, words)), capture_output=True, check=True)
    return json.loads(done.stdout)


def trial(build, source, rate, seconds, pause=0.0):
    """Sends for so long; for `pause` seconds of them the program stands still."""
    with live.cable(NEAR, FAR), live.Live(build / "ctl/glassbox", f"{source}:{FAR}") as running:
        before = live.statistic(FAR, "rx_packets")
        if pause:
            running.process.send_signal(signal.SIGSTOP)
        sender = subprocess.Popen(list(map(str, [build / "tests/bench/send_frames", NEAR, rate, seconds, FLOWS])),
                                  stdout=subprocess.PIPE)
        if pause:
            time.sleep(pause)
            running.process.send_signal(signal.SIGCONT)
        sent = json.loads(sender.communicate()[0])
        arrived = live.settle(FAR, 0.7) - before
        reports = running.stop()
    lost = {kind: live.summed(reports, "frames", "dropped", kind) for kind in ("nic", "kernel", "source")}
    live.check_law(reports)
    return {"wanted_rate": rate, "rate": round(sent["sent"] / sent["seconds"]), "sent": sent["sent"],
            "arrived": arrived, "seen": live.summed(reports, "frames", "seen"),
            "shed": live.summed(reports, "frames", "shed"), "lost": sum(lost.values())}


def is_clean(told):
    return told["seen"] == told["sent"] and told["lost"] == 0 and told["shed"] == 0


def is_exact(told):
    return told["seen"] + told["lost"] == told["sent"]


def search(build, source, seconds, steps):
    """The highest rate without loss: what the sender can do at all, or halved towards it."""
    told = trial(build, source, 0, seconds)
    fastest = told["rate"]
    best, low, high = (told, fastest, fastest) if is_clean(told) else (None, 0, fastest)
    for _ in range(0 if best else steps):
        middle = (low + high) // 2
        told = trial(build, source, middle, seconds)
        if is_clean(told):
            best, low = told, middle
        else:
            high = middle
    return {"sender_rate": fastest, "zero_loss_rate": best["rate"] if best else 0}


def cable_row(build, source, is_quick):
    seconds, steps = (0.5, 3) if is_quick else (2, 6)
    row = search(build, source, seconds, steps)
    twice = min(2 * row["zero_loss_rate"], row["sender_rate"]) or row["sender_rate"]
    beyond = trial(build, source, twice, seconds, pause=seconds * 0.6)
    return {"source": source, **row, "beyond": beyond, "is_exact": is_exact(beyond)}


def write_part(capture, part, frames):
    """The first frames of a capture that fit a buffer of DPDK's."""
    data = capture.read_bytes()
    at, kept = 24, [data[:24]]
    while frames and at + 16 <= len(data):
        length = int.from_bytes(data[at + 8:at + 12], "little")
        if length <= 1514:
            kept.append(data[at:at + 16 + length])
            frames -= 1
        at += 16 + length
    part.write_bytes(b"".join(kept))


def testpmd_rate(device, seconds):
    words = ["dpdk-testpmd", *PORT_ARGUMENTS, "--file-prefix=testpmd", f"--vdev={device}", "--",
             "--forward-mode=rxonly", "--stats-period", "1", "--total-num-mbufs=32768", "--no-lsc-interrupt"]
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL)
        time.sleep(seconds + 2)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=30)
        out.seek(0)
        rates = [int(rate) for rate in re.findall(rb"Rx-pps: +([0-9]+)", out.read())]
    return statistics.median(rates[1:] or [0])


def glassbox_rates(build, device, seconds):
    """(received, looked at) frames a second, by reports of a second each."""
    words = [build / "ctl/glassbox", "live", "--source", "dpdk", "--interval", "1", "--", *PORT_ARGUMENTS,
             f"--vdev={device}"]
    child = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    time.sleep(seconds + 2)
    child.send_signal(signal.SIGTERM)
    reports = [json.loads(line)["frames"] for line in child.communicate(timeout=60)[0].splitlines()][1:-1]
    if not reports:
        return 0, 0
    return (statistics.median(frames["seen"] for frames in reports),
            statistics.median(frames["seen"] - frames["shed"] for frames in reports))


def pcap_row(build, capture, is_quick):
    if not shutil.which("dpdk-testpmd"):
        return None
    part = pathlib.Path(tempfile.mkdtemp()) / "part.pcap"
    write_part(capture, part, 1000)
    device = f"net_pcap0,rx_pcap={part},infinite_rx=1"
    rounds = []
    for _ in range(1 if is_quick else 3):
        theirs = testpmd_rate(device, 2 if is_quick else 4)
        received, looked_at = glassbox_rates(build, device, 2 if is_quick else 4)
        rounds.append({"testpmd": theirs, "received": received, "looked_at": looked_at})
    best = {key: max(told[key] for told in rounds) for key in rounds[0]}
    shutil.rmtree(part.parent)
    return {**best, "ratio": round(best["received"] / max(best["testpmd"], 1), 3)}


def inside(build, capture, is_quick):
    """In the namespace."""
    live.run("mount", "-t", "sysfs", "sysfs", "/sys")
    rows = []
    for source in SOURCES:
        try:
            rows.append(cable_row(build, source, is_quick))
        except live.Skip as skip:
            rows.append({"source": source, "skipped": str(skip)})
    return {"cables": rows, "net_pcap": pcap_row(build, capture, is_quick)}


def run(bench):
    reason = live.why_not(bench.glassbox)
    if reason:
        return {"skipped": reason}
    words = ["unshare", "-n", "-m", sys.executable, __file__, str(bench.build),
             str(bench.mixed(bench.scaled(1_000_000, 50_000))), "quick" if bench.is_quick else "full"]
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


if __name__ == "__main__":
    print(json.dumps(inside(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3] == "quick")))
