#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/bench.py BUILD_DIR OUT [--quick] [--parts PART,...] [--page FILE]: measures a build, each figure as
a ratio inside one run, and writes all of it to OUT (JSON), the tables to stdout and, where asked, the page of
docs. Parts: offline, memory, live, growth, flood, look; those not asked for keep what OUT says of them. A part that
cannot be measured says why in both, the others go on, and the exit status is 1. Full size takes at most ten minutes.
--quick makes everything small, to see that it works: its figures mean nothing."""

import argparse
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

import bench_flood
import bench_growth
import bench_live
import bench_look
import bench_memory
import bench_offline
import bench_page
from bench_run import Bench, Unable

PARTS = {"offline": bench_offline, "memory": bench_memory, "live": bench_live, "growth": bench_growth,
         "flood": bench_flood, "look": bench_look}
YARDSTICKS = {"ndpiReader": "libndpi-bin", "libndpi": "libndpi-dev", "libpcap": "libpcap0.8",
              "dpdk-testpmd": "dpdk", "Hyperscan": "libhyperscan5"}


def first_line(*words):
    try:
        return subprocess.run(words, capture_output=True, check=True, text=True).stdout.splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError):
        return "unknown"


def machine():
    """What the figures were measured on; nothing that names the machine itself."""
    processors = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    name = re.search(r"model name\s*: (.*)", processors)
    huge = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return {"processor": name.group(1) if name else platform.machine(), "processors": os.cpu_count(),
            "kernel": platform.release(), "compiler": first_line("gcc", "--version"),
            "huge_pages": huge.read_text(encoding="utf-8").split("[")[1].split("]")[0] if huge.exists() else "none",
            "load": round(os.getloadavg()[0], 2), "date": time.strftime("%Y-%m-%d", time.gmtime())}


def yardsticks():
    """What is compared with, by the version that is installed."""
    return {name: first_line("dpkg-query", "-W", "-f", "${Version}\n", package)
            for name, package in YARDSTICKS.items()}


def build_options(build):
    try:
        text = (build / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8")
        values = {option["name"]: option["value"] for option in json.loads(text)}
    except (OSError, ValueError):
        return {}
    return {name: values.get(name) for name in ("buildtype", "b_lto", "b_sanitize")}


def measure_part(name, bench):
    """What the part found, or why it could not."""
    start = time.monotonic()
    try:
        told = PARTS[name].run(bench)
    except (Unable, AssertionError, ArithmeticError, LookupError, OSError, ValueError,
            subprocess.SubprocessError) as error:
        told = {"failed": f"{type(error).__name__}: {error}"}
        print(f"bench: {name}: {told['failed']}", file=sys.stderr)
    print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return told


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--page", type=pathlib.Path)
    options = parser.parse_args()
    for part in options.parts.split(","):
        if part not in PARTS:
            parser.error(f"--parts: '{part}' is none of {', '.join(PARTS)}")
    return options


def main():
    options = read_options()
    results = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    results.update(machine=machine(), yardsticks=yardsticks(), build=build_options(options.build),
                   quick=options.quick)
    parts = options.parts.split(",")
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options.build.resolve(), pathlib.Path(scratch), options.quick)
        for part in parts:
            results[part] = measure_part(part, bench)
            options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    page = bench_page.page_of(results)
    print(page)
    if options.page:
        options.page.write_text(page, encoding="utf-8")
    return 1 if any("failed" in results[part] for part in parts) else 0


if __name__ == "__main__":
    sys.exit(main())
