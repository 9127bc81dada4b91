#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/soak.py BUILD_DIR [--minutes N] [--source af_packet|af_xdp] [--rate R]: `glassbox live` at the
highest rate without loss (searched first unless --rate says it), with flows coming and going, for N minutes
(10). Fails when memory grows, a frame is lost or shed, or a report comes late. Root; in a namespace of its own."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import bench_live
import live  # found by bench_live's path

INTERVAL_SECONDS = 5
LATE_SECONDS = 1.0
MARGIN = 0.8  # of the highest rate, which a search of seconds overstates for minutes
GROWTH_KB = 1024
SETTLED_SHARE = 0.3  # of the run, after which tables are as full as they will be


def resident_kb(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0])


class Listener(threading.Thread):
    """Notes when reports come, and what memory was then."""

    def __init__(self, running):
        super().__init__(daemon=True)
        self.running, self.notes = running, []

    def run(self):
        for line in self.running.process.stdout:
            report = json.loads(line)
            self.running.reports.append(report)
            self.notes.append((time.time(), report["interval"]["end"], self.memory()))

    def memory(self):
        return resident_kb(self.running.process) if self.running.process.poll() is None else 0


def late_by(note):
    """Seconds between an interval's end and its report."""
    arrived, end, _ = note
    return arrived - time.mktime(time.strptime(end[:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone


def soak(build, source, rate, seconds):
    """One run: what was sent, what came out, how memory went."""
    with live.cable(bench_live.NEAR, bench_live.FAR), \
            live.Live(build / "ctl/glassbox", f"{source}:{bench_live.FAR}", "--interval", str(INTERVAL_SECONDS),
                      "--idle-udp", "10") as running:
        listener = Listener(running)
        listener.start()
        sent = bench_live.send(build, rate, seconds)
        time.sleep(1)
        running.process.terminate()
        running.process.wait(timeout=60)
        listener.join(timeout=60)
    notes = [note for note in listener.notes if note[2]][:-1]  # the last comes when tables are given up
    settled = notes[int(len(notes) * SETTLED_SHARE):]
    live.check_law(running.reports)
    frames = {name: live.summed(running.reports, "frames", name) for name in ("seen", "shed")}
    lost = sum(live.summed(running.reports, "frames", "dropped", kind) for kind in ("nic", "kernel", "source"))
    return {"source": source, "rate": round(sent["sent"] / sent["seconds"]), "seconds": round(sent["seconds"]),
            "sent": sent["sent"], **frames, "lost": lost, "reports": len(running.reports),
            "flows_ended": live.summed(running.reports, "flows", "ended"),
            "grown_kb": settled[-1][2] - settled[0][2] if settled else 0, "resident_kb": notes[-1][2] if notes else 0,
            "latest_seconds": round(max(map(late_by, notes), default=0.0), 2)}


def faults(told):
    if told["seen"] != told["sent"] or told["lost"] or told["shed"]:
        yield f"{told['sent']} sent, {told['seen']} seen, {told['lost']} lost, {told['shed']} shed"
    if told["grown_kb"] > GROWTH_KB:
        yield f"memory grew by {told['grown_kb']} kB"
    if told["latest_seconds"] > LATE_SECONDS:
        yield f"a report came {told['latest_seconds']} s late"
    if not told["flows_ended"]:
        yield "no flow ended: nothing came and went"


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--source", choices=bench_live.SOURCES, default="af_packet")
    parser.add_argument("--rate", type=int, default=0)
    return parser.parse_args()


def main():
    options = read_options()
    build = options.build.resolve()
    reason = live.why_not(build / "ctl/glassbox")
    if reason:
        sys.exit(f"soak: {reason}")
    if "GLASSBOX_LIVE_NAMESPACE" not in os.environ:
        os.environ["GLASSBOX_LIVE_NAMESPACE"] = "own"
        os.execvp("unshare", ["unshare", "-n", "-m", sys.executable, *sys.argv])
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True)
    rate = options.rate or int(bench_live.search(build, options.source, 3, 6)["zero_loss_rate"] * MARGIN)
    told = soak(build, options.source, rate, options.minutes * 60)
    print(json.dumps(told, indent=2))
    wrong = list(faults(told))
    print("soak: " + ("; ".join(wrong) if wrong else "no growth, no loss, no late report"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
