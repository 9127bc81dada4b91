# SPDX-License-Identifier: BSD-3-Clause
"""What every part of the bench needs: where things are, how much time is left, running a command for its CPU time
and memory, and which tiers the binary has."""

import json
import os
import pathlib
import re
import statistics
import struct
import subprocess
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RULES = ROOT / "models/rules"
MODEL_KINDS = {"headers": "headers", "kiss": "stochastic"}  # and the tiers that use them
COMMAND_SECONDS = 240  # what hangs is ended, and said to hang


class Unable(Exception):
    """Something cannot be measured here, or not at all; says why."""


class Bench:
    """One run: a build and a folder for captures."""

    def __init__(self, build, scratch, is_quick):
        self.build, self.scratch, self.is_quick = build, scratch, is_quick
        self.end = 0.0
        self.glassbox = build / "ctl/glassbox"
        self.empty = scratch / "empty.pcap"
        self.empty.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self.models = models_in(ROOT / "tests/data/models") | models_in(ROOT / "models")
        self.tiers = built_tiers(self.glassbox, self.empty, RULES, self.models)

    def allow(self, seconds):
        """What begins now has so long."""
        self.end = time.monotonic() + seconds

    def has_time_for(self, seconds):
        return time.monotonic() + seconds < self.end

    def tool(self, name):
        return self.build / "tests/bench" / name

    def scaled(self, full, quick):
        return quick if self.is_quick else full

    def replay(self, tiers, *options):
        return [self.glassbox, "replay", *options_of(tiers, self.models), *options]

    def in_memory_lists(self, lists):
        """As the tool takes them: a list's own options in the same word."""
        return [" ".join([tiers, *model_options(tiers, self.models)]) for tiers in lists]

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


def models_in(folder):
    """Models by the tier that uses them."""
    found = {}
    for path in sorted(folder.glob("*.model")):
        kind = re.search(r"^kind ([a-z]+)$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        if kind and kind.group(1) in MODEL_KINDS:
            found[MODEL_KINDS[kind.group(1)]] = path
    return found


def model_options(tiers, models):
    return [word for tier in tiers.split(",") if tier in models for word in ("--model", str(models[tier]))]


def options_of(tiers, models, rules=RULES):
    return ["--rules", str(rules), "--tiers", tiers, *model_options(tiers, models)]


def built_tiers(glassbox, empty, rules, models):
    """By the binary's own help, and of these the ones that start with the rules and models at hand."""
    said = subprocess.run([glassbox, "replay", "--help"], capture_output=True, check=True, text=True).stdout
    named = re.search(r"--tiers LIST +evidence to use: ([a-z, ]+)", said).group(1)
    known = [name for name in ("ports", "headers", "stochastic", "signatures") if name in named]
    words = [glassbox, "replay", empty]
    return [name for name in known if name == "ports" or subprocess.run(
        [*words, *options_of(f"ports,{name}", models, rules)], capture_output=True, check=False).returncode == 0]


def short(command):
    """A command as a reader of the page knows it: names of files, not where they are."""
    return " ".join(pathlib.Path(str(word)).name for word in command[:2])


def measure(command):
    """(CPU seconds, peak kB, stdout) of one run."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(list(map(str, command)), stdout=out, stderr=subprocess.DEVNULL)
        watchdog = threading.Timer(COMMAND_SECONDS, child.kill)
        watchdog.start()
        _, status, usage = os.wait4(child.pid, 0)
        watchdog.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    if child.returncode != 0:
        raise Unable(f"{short(command)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss, said


def json_of(command):
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, check=False, timeout=COMMAND_SECONDS)
        if done.returncode == 0:
            return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise Unable(f"{short(command)}: {type(error).__name__}") from error
    last = (done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"])[-1]
    raise Unable(f"{short(command)} ended with {done.returncode}: {last}")


def spread(values):
    return {"least": round(min(values), 4), "median": round(statistics.median(values), 4)}
