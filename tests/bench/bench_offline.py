# SPDX-License-Identifier: BSD-3-Clause
"""Offline: CPU time a packet of every tier, of ndpiReader, of a bare loop around libndpi, and of reading the
file with libpcap. All commands run once a round, in turn, so that a noisy moment hits every one of them. What
a command needs to start (measured on a capture without packets) is shown apart and not spread over packets.
Where time runs short, what takes long runs fewer times; each row says how often it ran."""

import shutil
import subprocess
import time

from bench_run import ROOT, measure, options_of, spread

EIGHT_BOXES = "audit, 8 boxes"
MIXED_SECONDS, MINIMUM_SECONDS = 90, 130


def commands_of(bench):
    commands = {"libpcap alone": [bench.tool("read_pcap")]}
    for tiers in bench.tier_lists():
        commands[f"replay {tiers}"] = bench.replay(tiers)
    tiers = bench.tier_lists()[-1]
    boxes = [word for path in sorted((ROOT / "models/boxes").glob("*.yaml"))[:8] for word in ("--box", path)]
    commands[EIGHT_BOXES] = [bench.glassbox, "audit", *options_of(tiers, bench.models), "--no-ladder",
                             "--format", "json", *boxes]
    if bench.tool("ndpi_loop").exists():
        commands["libndpi loop"] = [bench.tool("ndpi_loop")]
    if shutil.which("ndpiReader"):
        commands["ndpiReader"] = ["ndpiReader", "-q", "-i"]
    return commands


class Runs:
    """Of one command: (CPU seconds, peak kB, ...) of each run, over nothing and over the capture."""

    def __init__(self, command, empty, capture):
        self.commands = ([*command, empty], [*command, capture])
        self.starts, self.wholes, self.seconds = [], [], 0.0

    def run_once(self):
        before = time.monotonic()
        self.starts.append(measure(self.commands[0]))
        self.wholes.append(measure(self.commands[1]))
        self.seconds = time.monotonic() - before

    def row(self, packets):
        start = spread([run[0] for run in self.starts])
        whole = spread([run[0] for run in self.wholes])
        seconds = max(whole["median"] - start["median"], 1e-6)
        return {"cpu_seconds": round(seconds, 4),
                "cpu_seconds_least": round(max(whole["least"] - start["least"], 1e-6), 4),
                "start_seconds": start["median"], "whole_seconds": whole["median"],
                "ns_per_packet": round(seconds / packets * 1e9, 1),
                "peak_kb": max(run[1] for run in self.wholes), "runs": len(self.wholes)}


def compare(bench, name, capture, rounds, seconds):
    said = subprocess.run([bench.tool("read_pcap"), capture], capture_output=True, check=True).stdout
    packets = int(said)
    runs = {label: Runs(command, bench.empty, capture) for label, command in commands_of(bench).items()}
    bench.allow(seconds)
    for number in range(rounds):
        for told in runs.values():
            if number == 0 or bench.has_time_for(told.seconds):
                told.run_once()
    return {"name": name, "packets": packets, "bytes": capture.stat().st_size,
            "rows": {label: told.row(packets) for label, told in runs.items()}}


def run(bench):
    mixed = bench.mixed(bench.scaled(1_000_000, 100_000))
    packets, flows = bench.scaled((3_000_000, 1_000_000), (300_000, 100_000))
    return [compare(bench, "mixed capture", mixed, bench.scaled(5, 1), MIXED_SECONDS),
            compare(bench, f"minimum size, {flows:,} flows in random order", bench.minimum(packets, flows),
                    bench.scaled(5, 1), MINIMUM_SECONDS)]
