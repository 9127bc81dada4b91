# SPDX-License-Identifier: BSD-3-Clause
"""What every part of the bench needs: where things are, running a command for its CPU time and memory, and
which tiers the binary has."""

import json
import os
import pathlib
import re
import statistics
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RULES = ROOT / "models/rules"


class Bench:
    """One run: a build and a folder for captures."""

    def __init__(self, build, scratch, is_quick):
        self.build, self.scratch, self.is_quick = build, scratch, is_quick
        self.glassbox = build / "ctl/glassbox"
        self.empty = scratch / "empty.pcap"
        self.empty.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self.tiers = built_tiers(self.glassbox, self.empty)

    def tool(self, name):
        return self.build / "tests/bench" / name

    def scaled(self, full, quick):
        return quick if self.is_quick else full

    def replay(self, tiers, *options):
        return [self.glassbox, "replay", "--rules", RULES, "--tiers", tiers, *options]

    def tier_lists(self):
        """Each tier beside those before it, so that a tier's cost is a difference."""
        return [",".join(self.tiers[:count]) for count in range(1, len(self.tiers) + 1)]

    def headers_list(self):
        """The list without payload: the headers tier's once there is one."""
        return next((tiers for tiers in reversed(self.tier_lists()) if tiers.endswith("headers")), self.tiers[0])

    def mixed(self, packets):
        """A mixed capture of at least so many packets, made once."""
        path = self.scratch / f"mixed-{packets}.pcap"
        if not path.exists():
            subprocess.run([HERE / "mixed_capture.py", path, str(packets)], check=True)
        return path

    def minimum(self, packets, flows):
        path = self.scratch / f"minimum-{packets}-{flows}.pcap"
        if not path.exists():
            subprocess.run([self.tool("make_flows"), path, str(packets), str(flows)], check=True)
        return path


def built_tiers(glassbox, empty):
    """By the binary's own help, and only those that start with nothing but the rules."""
    said = subprocess.run([glassbox, "replay", "--help"], capture_output=True, check=True, text=True).stdout
    named = re.search(r"--tiers LIST +evidence to use: ([a-z, ]+)", said).group(1)
    known = [name for name in ("ports", "headers", "stochastic", "signatures") if name in named]
    return [name for name in known if name == "ports" or starts(glassbox, f"ports,{name}", empty)]


def starts(glassbox, tiers, empty):
    words = [glassbox, "replay", "--rules", RULES, "--tiers", tiers, empty]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def measure(command):
    """(CPU seconds, peak kB, stdout) of one run."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(list(map(str, command)), stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    if child.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))} exited with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss, said


def json_of(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))}: {done.stderr.decode()}")
    return json.loads(done.stdout)


def spread(values):
    return {"least": round(min(values), 4), "median": round(statistics.median(values), 4)}
