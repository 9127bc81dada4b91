# SPDX-License-Identifier: BSD-3-Clause
"""What one look of the headers tier costs with the shipped model: values are drawn at random, so that the walks
through the forest take every way and none is remembered."""

import re
import subprocess

from bench_run import ROOT

MODEL = ROOT / "models/default.headers.model"
LINE = re.compile(r" *(\d+) packets: (\d+) trees of depth (\d+), (\d+) ns a look")


def run(bench):
    done = subprocess.run([bench.tool("score_model"), MODEL, str(bench.scaled(50, 3))], capture_output=True,
                          check=True, text=True)
    found = [LINE.match(line) for line in done.stdout.splitlines()]
    return {"model": MODEL.name, "rows": [dict(zip(("packets", "trees", "depth", "ns"), map(int, match.groups())))
                                          for match in found if match]}
