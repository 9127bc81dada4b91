#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/soak.py BUILD_DIR [--minutes N] [--source af_packet|af_xdp] [--rate R] [--results FILE] [--page FILE]:
`glassbox live` at the highest rate without loss (searched first unless --rate says it), with flows coming and going,
for N minutes (10). Fails when memory grows, a frame is lost or shed, a report is late or missing, the law of
conservation is broken, or no flow ends. Root; in a namespace of its own. What came out is added to the bench's results
(--results), and its page is written anew (--page)."""

import argparse
import calendar
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import bench_live
import bench_page
import live  # found by bench_live's path

INTERVAL_SECONDS = 5
LATE_SECONDS = 1.0
MARGIN = 0.8  # of the highest rate, which a search of seconds overstates for minutes
GROWTH_KB = 1024
SETTLED_SHARE = 0.3  # of the run, after which tables are as full as they will be


def resident_kb(process):
    """0 once it has ended."""
    try:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmRSS:")[1].split()[0])
    except (OSError, IndexError):
        return 0


class Listener(threading.Thread):
    """Notes when reports come, and what memory was then."""

    def __init__(self, running):
        super().__init__(daemon=True)
        self.running, self.notes = running, []

    def run(self):
        for line in self.running.process.stdout:
            report = json.loads(line)
            self.running.reports.append(report)
            self.notes.append((time.time(), report["interval"]["end"], resident_kb(self.running.process)))


def late_by(note):
    """Seconds between an interval's end and its report."""
    arrived, end, _ = note
    return arrived - calendar.timegm(time.strptime(end[:19], "%Y-%m-%dT%H:%M:%S"))


def law_holds(reports):
    try:
        live.check_law(reports)
    except AssertionError:
        return False
    return True


def soak(place, source, rate, seconds):
    """One run: what was sent, what came out, how memory went."""
    place.seconds = seconds
    with live.cable(bench_live.NEAR, bench_live.FAR), \
            live.Live(place.glassbox, f"{source}:{bench_live.FAR}", "--interval", str(INTERVAL_SECONDS),
                      "--idle-udp", "10", *place.poller) as running:
        listener = Listener(running)
        listener.start()
        sent = bench_live.finished(place.sending(rate, seconds))
        time.sleep(1)
        running.process.terminate()
        running.process.wait(timeout=60)
        listener.join(timeout=60)
    return summary(source, sent, running.reports, listener.notes)


def summary(source, sent, reports, notes):
    """The last report comes when tables are given up: it is neither late nor what memory is measured at."""
    notes = notes[:-1]
    settled = [kb for _, _, kb in notes[int(len(notes) * SETTLED_SHARE):] if kb]
    frames = {name: live.summed(reports, "frames", name) for name in ("seen", "shed")}
    lost = sum(live.summed(reports, "frames", "dropped", kind) for kind in ("nic", "kernel", "source"))
    told = {"source": source, "rate": round(sent["sent"] / sent["seconds"]), "seconds": round(sent["seconds"]),
            "sent": sent["sent"], **frames, "lost": lost, "reports": len(reports), "law_holds": law_holds(reports),
            "flows_ended": live.summed(reports, "flows", "ended"),
            "grown_kb": settled[-1] - settled[0] if settled else 0, "resident_kb": settled[-1] if settled else 0,
            "latest_seconds": round(max(map(late_by, notes), default=0.0), 2)}
    return {**told, "faults": list(faults(told))}


def faults(told):
    if told["seen"] != told["sent"] or told["lost"] or told["shed"]:
        yield f"{told['sent']} sent, {told['seen']} seen, {told['lost']} lost, {told['shed']} shed"
    if told["grown_kb"] > GROWTH_KB:
        yield f"memory grew by {told['grown_kb']} kB"
    if told["latest_seconds"] > LATE_SECONDS:
        yield f"a report came {told['latest_seconds']} s late"
    if told["reports"] < told["seconds"] // INTERVAL_SECONDS:
        yield f"{told['reports']} reports are too few"
    if not told["law_holds"]:
        yield "the law of conservation is broken"
    if not told["flows_ended"]:
        yield "no flow ended: nothing came and went"


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--source", choices=bench_live.SOURCES, default="af_packet")
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--page", type=pathlib.Path)
    return parser.parse_args()


def keep(options, told):
    results = json.loads(options.results.read_text(encoding="utf-8")) if options.results.exists() else {}
    results["soak"] = told
    options.results.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if options.page and "machine" in results:
        options.page.write_text(bench_page.page_of(results), encoding="utf-8")


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
    place = bench_live.Place(build, is_quick=options.minutes < 1)
    found = options.rate or bench_live.search(lambda rate: bench_live.trial(place, options.source, rate),
                                              place.steps)["zero_loss_rate"]
    rate = options.rate or int(found * MARGIN)
    if not rate:
        sys.exit("soak: frames are lost at any rate: this machine has too much else to do")
    told = soak(place, options.source, rate, options.minutes * 60)
    print(json.dumps(told, indent=2))
    print("soak: " + ("; ".join(told["faults"]) or "no growth, no loss, no late report"))
    if options.results:
        keep(options, told)
    return 1 if told["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
