#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/bench.py BUILD_DIR OUT [--quick] [--parts PART,...] [--page FILE]: measures a build, each figure as
a ratio inside one run, and writes all of it to OUT (JSON), the tables to stdout and, where asked, the page of
docs. Parts: offline, memory, live, growth, flood, look; those not asked for keep what OUT says of them. --quick
makes everything small, to see that it works: its figures mean nothing."""

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
from bench_run import Bench

PARTS = {"offline": bench_offline, "memory": bench_memory, "live": bench_live, "growth": bench_growth,
         "flood": bench_flood, "look": bench_look}


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


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--page", type=pathlib.Path)
    return parser.parse_args()


def main():
    options = read_options()
    results = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    results["machine"] = machine()
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options.build.resolve(), pathlib.Path(scratch), options.quick)
        for part in options.parts.split(","):
            start = time.monotonic()
            results[part] = PARTS[part].run(bench)
            print(f"{part}: {time.monotonic() - start:.0f} s", file=sys.stderr)
            options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    page = bench_page.page_of(results)
    print(page)
    if options.page:
        options.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
