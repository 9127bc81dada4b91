# SPDX-License-Identifier: BSD-3-Clause
"""Offline: CPU time a packet of every tier, of ndpiReader, of a bare loop around libndpi, and of reading the
file with libpcap. All commands run once a round, in turn, so that a noisy moment hits every one of them. What
a command needs to start (measured on a capture without packets) is shown apart and not spread over packets."""

import shutil
import subprocess

from bench_run import ROOT, measure, options_of, spread

EIGHT_BOXES = "audit, 8 boxes"


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


def compare(bench, name, capture, rounds):
    commands = commands_of(bench)
    said = subprocess.run([bench.tool("read_pcap"), capture], capture_output=True, check=True).stdout
    packets = int(said)
    runs = {label: [] for label in commands}
    starts = {label: [] for label in commands}
    for _ in range(rounds):
        for label, command in commands.items():
            starts[label].append(measure([*command, bench.empty]))
            runs[label].append(measure([*command, capture]))
    rows = {}
    for label, measured in runs.items():
        start = spread([run[0] for run in starts[label]])
        whole = spread([run[0] for run in measured])
        seconds = max(whole["median"] - start["median"], 1e-6)
        rows[label] = {"cpu_seconds": round(seconds, 4),
                       "cpu_seconds_least": round(max(whole["least"] - start["least"], 1e-6), 4),
                       "start_seconds": start["median"],
                       "ns_per_packet": round(seconds / packets * 1e9, 1),
                       "peak_kb": max(run[1] for run in measured)}
    return {"name": name, "packets": packets, "bytes": capture.stat().st_size, "rounds": rounds, "rows": rows}


def run(bench):
    rounds = bench.scaled(5, 1)
    mixed = bench.mixed(bench.scaled(1_000_000, 100_000))
    packets, flows = bench.scaled((3_000_000, 1_000_000), (300_000, 100_000))
    return [compare(bench, "mixed capture", mixed, rounds),
            compare(bench, f"minimum size, {flows} flows in random order", bench.minimum(packets, flows),
                    bench.scaled(3, 1))]
