#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/bench.py BUILD_DIR [OUT]: CPU time and memory of replay as ratios inside one run, each
command in turn with its yardsticks, medians of the rounds; a table on stdout, all of it in OUT (JSON). What a
command needs to start (measured on a capture without packets) is shown apart and not spread over packets."""

import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROUNDS = 5
MIXED_PACKETS = 1_000_000
SMALL_PACKETS, SMALL_FLOWS = 3_000_000, 1_000_000


def measure(command):
    """(CPU seconds, peak kB) of one run."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))} exited with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def median_cpu(measured):
    return statistics.median(cpu for cpu, _ in measured)


def compare(name, packets, commands, capture, empty):
    """Runs all commands once a round, so that a noisy moment hits every one of them."""
    runs = {label: [] for label in commands}
    starts = {label: [] for label in commands}
    for _ in range(ROUNDS):
        for label, command in commands.items():
            starts[label].append(measure([*command, empty]))
            runs[label].append(measure([*command, capture]))
    rows = {}
    for label, measured in runs.items():
        start = median_cpu(starts[label])
        seconds = max(median_cpu(measured) - start, 0.0)
        rows[label] = {"cpu_seconds": round(seconds, 4), "start_seconds": round(start, 4),
                       "ns_per_packet": round(seconds / packets * 1e9, 1),
                       "peak_kb": max(peak for _, peak in measured)}
    return {"name": name, "packets": packets, "rounds": ROUNDS, "rows": rows}


def packets_of(read_pcap, capture):
    return int(subprocess.run([read_pcap, capture], capture_output=True, check=True).stdout)


def show(results):
    for result in results:
        floor = next(iter(result["rows"].values()))
        print(f"\n{result['name']}: {result['packets']} packets, median of {result['rounds']} rounds")
        print(f"  {'':42} {'CPU s':>8} {'ns/packet':>10} {'x libpcap':>10} {'+ns/packet':>11} {'start s':>8} {'peak MB':>8}")
        for label, row in result["rows"].items():
            ratio = row["cpu_seconds"] / floor["cpu_seconds"]
            extra = row["ns_per_packet"] - floor["ns_per_packet"]
            print(f"  {label:42} {row['cpu_seconds']:8.3f} {row['ns_per_packet']:10.1f} {ratio:10.2f} "
                  f"{extra:11.1f} {row['start_seconds']:8.3f} {row['peak_kb'] / 1024:8.1f}")


def commands_of(build):
    replay = [build / "ctl/glassbox", "replay", "--rules", ROOT / "models/rules", "--tiers"]
    commands = {
        "libpcap alone": [build / "tests/bench/read_pcap"],
        "replay --tiers ports": [*replay, "ports"],
        "replay --tiers ports --workers 2": [*replay, "ports", "--workers", "2"],
        "replay --tiers ports,signatures": [*replay, "ports,signatures"],
    }
    if shutil.which("ndpiReader"):
        commands["ndpiReader -q"] = ["ndpiReader", "-q", "-i"]
    return commands


def write_empty(path):
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        mixed, small, empty = (pathlib.Path(scratch, name) for name in ("mixed.pcap", "small.pcap", "empty.pcap"))
        subprocess.run([HERE / "mixed_capture.py", mixed, str(MIXED_PACKETS)], check=True)
        subprocess.run([build / "tests/bench/make_flows", small, str(SMALL_PACKETS), str(SMALL_FLOWS)], check=True)
        write_empty(empty)
        commands = commands_of(build)
        results = [compare(name, packets_of(build / "tests/bench/read_pcap", capture), commands, capture, empty)
                   for name, capture in (("mixed capture", mixed), ("minimum size, 1 M flows", small))]
    show(results)
    if len(sys.argv) > 2:
        pathlib.Path(sys.argv[2]).write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
