# SPDX-License-Identifier: BSD-3-Clause
"""Live: the highest rate without loss over a DPDK ring port (net_ring) and on a cable between two interfaces
(af_packet, af_xdp), exact accounting beyond it, and what net_pcap hands over beside what dpdk-testpmd takes from the
same file. Runs itself in a network namespace of its own: bench_live.py BUILD CAPTURE full|quick, results as JSON on
stdout. Each row that cannot be measured says why. At full size the sender and the polling thread each have a processor
to themselves, where there are two."""

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
from bench_run import Unable, json_of, models_in, model_options, ROOT  # noqa: E402

SOURCES = ("af_packet", "af_xdp")
FLOWS = 65536
NEAR, FAR = "gbnear", "gbfar"
PORT_ARGUMENTS = ("--no-huge", "--no-pci", "--no-shconf", "-m", "512")
SECONDS = 300  # after which all of it is given up
REASONS = (AssertionError, OSError, LookupError, ValueError, subprocess.SubprocessError, Unable)


class Place:
    """What is measured, how long a trial takes, and which processors sender and receiver have."""

    def __init__(self, build, is_quick):
        self.build, self.glassbox = build, build / "ctl/glassbox"
        self.seconds, self.steps = (0.5, 2) if is_quick else (2, 5)
        processors = sorted(os.sched_getaffinity(0))
        is_parted = len(processors) > 1 and not is_quick and shutil.which("taskset")
        self.sender = ["taskset", "-c", str(processors[0])] if is_parted else []
        self.poller = ["--", "-l", str(processors[-1])] if is_parted else []

    def sending(self, rate, seconds):
        words = [self.build / "tests/bench/send_frames", NEAR, rate, seconds, FLOWS]
        return subprocess.Popen([*self.sender, *map(str, words)], stdout=subprocess.PIPE)


def finished(sender):
    said, _ = sender.communicate(timeout=1200)
    if sender.returncode:
        raise Unable(f"send_frames ended with {sender.returncode}")
    return json.loads(said)


def trial(place, source, rate, pause=0.0):
    """Sends for so long; for `pause` seconds of them the program stands still."""
    with live.cable(NEAR, FAR), live.Live(place.glassbox, f"{source}:{FAR}", *place.poller) as running:
        before = live.statistic(FAR, "rx_packets")
        if pause:
            running.process.send_signal(signal.SIGSTOP)
        sender = place.sending(rate, place.seconds)
        if pause:
            time.sleep(pause)
            running.process.send_signal(signal.SIGCONT)
        sent = finished(sender)
        arrived = live.settle(FAR, 0.7) - before
        reports = running.stop()
    lost = {kind: live.summed(reports, "frames", "dropped", kind) for kind in ("nic", "kernel", "source")}
    live.check_law(reports)
    return {"wanted_rate": rate, "rate": round(sent["sent"] / sent["seconds"]), "sent": sent["sent"],
            "arrived": arrived, "seen": live.summed(reports, "frames", "seen"),
            "shed": live.summed(reports, "frames", "shed"), "lost": sum(lost.values())}


def ring_trial(place, rate):
    """What the full ring did not take is lost, as a card would lose it."""
    model = models_in(ROOT / "models")
    tiers = "ports,headers" if "headers" in model else "ports"
    told = json_of([place.build / "tests/bench/ring_rate", rate, place.seconds, FLOWS, "--tiers", tiers,
                    *model_options(tiers, model)])
    return {"wanted_rate": rate, "rate": round(told["sent"] / told["seconds"]), "sent": told["sent"],
            "arrived": told["sent"], "seen": told["seen"], "shed": told["shed"], "lost": told["lost"], "tiers": tiers}


def is_clean(told):
    return told["seen"] == told["sent"] and told["lost"] == 0 and told["shed"] == 0


def is_exact(told):
    """What the cable itself did not carry never came to the kernel's end of it."""
    return told["seen"] + told["lost"] == told["arrived"]


def search(attempt, steps):
    """The highest rate without loss: what the sender can do at all, or halved towards it."""
    told = attempt(0)
    fastest = told["rate"]
    best, low, high = (told, fastest, fastest) if is_clean(told) else (None, 0, fastest)
    for _ in range(0 if best else steps):
        middle = (low + high) // 2
        told = attempt(middle)
        if is_clean(told):
            best, low = told, middle
        else:
            high = middle
    return {"sender_rate": fastest, "zero_loss_rate": best["rate"] if best else 0}


def twice(row):
    return min(2 * row["zero_loss_rate"], row["sender_rate"]) or row["sender_rate"]


def cable_row(place, source):
    row = search(lambda rate: trial(place, source, rate), place.steps)
    beyond = trial(place, source, twice(row), pause=place.seconds * 0.6)
    return {**row, "beyond": beyond, "is_exact": is_exact(beyond)}


def ring_row(place):
    row = search(lambda rate: ring_trial(place, rate), place.steps)
    beyond = ring_trial(place, twice(row))
    return {**row, "tiers": beyond.pop("tiers"), "beyond": beyond, "is_exact": is_exact(beyond)}


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


def end(child, number):
    """What it still says; one that does not end is ended."""
    child.send_signal(number)
    try:
        return child.communicate(timeout=30)[0]
    except subprocess.TimeoutExpired as error:
        child.kill()
        child.communicate()
        raise Unable(f"{pathlib.Path(child.args[0]).name} does not end") from error


def testpmd_rate(device, seconds):
    words = ["dpdk-testpmd", *PORT_ARGUMENTS, "--file-prefix=testpmd", f"--vdev={device}", "--",
             "--forward-mode=rxonly", "--stats-period", "1", "--total-num-mbufs=32768", "--no-lsc-interrupt"]
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL)
        time.sleep(seconds + 2)
        end(child, signal.SIGINT)
        out.seek(0)
        rates = [int(rate) for rate in re.findall(rb"Rx-pps: +([0-9]+)", out.read())]
    if not any(rates):
        raise Unable("dpdk-testpmd received nothing")
    return statistics.median(rates[1:] or rates)


def glassbox_rates(place, device, seconds, *options):
    """(received, looked at) frames a second, by reports of a second each."""
    words = [place.glassbox, "live", "--source", "dpdk", "--interval", "1", *options, "--", *PORT_ARGUMENTS,
             f"--vdev={device}"]
    child = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    time.sleep(seconds + 2)
    reports = [json.loads(line)["frames"] for line in end(child, signal.SIGTERM).splitlines()][1:-1]
    if not reports:
        raise Unable("glassbox live told of no whole second")
    return (statistics.median(frames["seen"] for frames in reports),
            statistics.median(frames["seen"] - frames["shed"] for frames in reports))


def pcap_row(place, capture, is_quick):
    """One frame after the other of a thousand, without end: a port that is always full."""
    if not shutil.which("dpdk-testpmd"):
        raise Unable("dpdk-testpmd is not installed")
    with tempfile.TemporaryDirectory() as folder:
        part = pathlib.Path(folder) / "part.pcap"
        write_part(capture, part, 1000)
        device = f"net_pcap0,rx_pcap={part},infinite_rx=1"
        rounds = []
        for _ in range(1 if is_quick else 2):
            theirs = testpmd_rate(device, 3)
            _, all_of_them = glassbox_rates(place, device, 3, "--no-shed")
            received, looked_at = glassbox_rates(place, device, 3)
            rounds.append({"testpmd": theirs, "classified": all_of_them, "received": received,
                           "looked_at": looked_at})
    best = {key: max(told[key] for told in rounds) for key in rounds[0]}
    return {**best, "ratio": round(best["classified"] / best["testpmd"], 3)}


def row_of(named, measure):
    """What it measured, or why it could not."""
    try:
        return {**named, **measure()}
    except live.Skip as skip:
        return {**named, "skipped": str(skip)}
    except REASONS as error:
        return {**named, "failed": f"{type(error).__name__}: {error}"}


def inside(build, capture, is_quick):
    """In the namespace."""
    live.run("mount", "-t", "sysfs", "sysfs", "/sys")
    place = Place(build, is_quick)
    rows = [row_of({"source": "net_ring"}, lambda: ring_row(place))]
    for source in SOURCES:
        rows.append(row_of({"source": source}, lambda source=source: cable_row(place, source)))
    return {"cables": rows, "are_parted": bool(place.sender),
            "net_pcap": row_of({}, lambda: pcap_row(place, capture, is_quick))}


def run(bench):
    reason = live.why_not(bench.glassbox)
    if reason:
        return {"skipped": reason}
    words = ["unshare", "-n", "-m", "--kill-child", sys.executable, __file__, str(bench.build),
             str(bench.mixed(bench.scaled(1_000_000, 50_000))), "quick" if bench.is_quick else "full"]
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=SECONDS).stdout)


if __name__ == "__main__":
    print(json.dumps(inside(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3] == "quick")))
