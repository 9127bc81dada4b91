#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/instructions.py BUILD_DIR [--update]: counts, under callgrind, the instructions of the project's own
functions that a packet more takes, for fixed inputs, and compares them with tests/bench/instructions.json. A
count that grew by more than 3 % fails, where compiler, options and machine are the baseline's; elsewhere it is
only told. --update writes the baseline.

Why that holds still: what libraries do is not counted (libc, libcrypto and libhs choose their code by the
processor's features; valgrind shows them a processor of its own besides), models are those of the tests (a tier
without one there is left out: shipped models are learned anew), each count is the difference between
two runs that differ in nothing but the packets, so that starting does not matter, and inputs are fixed."""

import json
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

from bench_run import MODEL_KINDS, ROOT, built_tiers, model_options, models_in, options_of

BASELINE = pathlib.Path(__file__).resolve().parent / "instructions.json"
SAMPLE = ROOT / "tests/data/sample.pcap"
RULES = ROOT / "tests/data/rules"
MODELS = models_in(ROOT / "tests/data/models")
TOLERANCE = 0.03
FLOWS, PACKETS = 2048, 16000


def own_instructions(command):
    """Callgrind's self costs, of functions in the program itself and not in a library."""
    program = str(command[0])
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch, "counts")
        words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *map(str, command)]
        done = subprocess.run(words, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"instructions: {' '.join(map(str, command))}: {done.stderr.decode()[-2000:]}")
        return sum_of_object(out.read_text(encoding="utf-8"), program)


def sum_of_object(text, program):
    """Of callgrind's format: cost lines belong to the object and the source file named last; the line behind
    calls= holds what the callee cost, which is counted where the callee is. Names are given once and then by
    number. What ctl does with a report does not depend on the number of packets alone, and is left out."""
    names, total, counts, is_callee = {}, 0, {"object": False, "file": True}, False
    for line in text.splitlines():
        named = re.match(r"(c?)(ob|fl|fi|fe)=(\(\d+\))(?: (.*))?", line)
        if named:
            is_object = named.group(2) == "ob"
            key = (is_object, named.group(3))
            if named.group(4):
                names[key] = named.group(4)
            if not named.group(1):
                counts["object" if is_object else "file"] = \
                    names[key] == program if is_object else "/ctl/" not in names[key]
        elif line.startswith("calls="):
            is_callee = True
        elif line and line[0] in "0123456789+-*":
            if all(counts.values()) and not is_callee:
                total += int(line.split()[1])
            is_callee = False
    return total


def per_packet(shorter, longer, packets):
    return (own_instructions(longer) - own_instructions(shorter)) / packets


def in_memory(build, rounds, lists):
    return [build / "tests/bench/in_memory", FLOWS, "uniform", "minimum", PACKETS, rounds, 1, *lists, "--",
            "--rules", RULES]


def packets_of(build):
    return int(subprocess.run([build / "tests/bench/read_pcap", SAMPLE], capture_output=True, check=True).stdout)


def count_all(build):
    with tempfile.TemporaryDirectory() as scratch:
        empty = pathlib.Path(scratch, "empty.pcap")
        empty.write_bytes(SAMPLE.read_bytes()[:24])
        tiers = built_tiers(build / "ctl/glassbox", empty, RULES, MODELS)
    tiers = [tier for tier in tiers if tier not in MODEL_KINDS.values() or tier in MODELS]
    lists = [",".join(tiers[:count]) for count in range(1, len(tiers) + 1)]
    packets = packets_of(build)
    stages = per_packet(in_memory(build, 1, []), in_memory(build, 2, []), PACKETS)
    counts = {"in memory: stages to lookup": stages}
    for tiers_list in lists:
        word = " ".join([tiers_list, *model_options(tiers_list, MODELS)])
        both = per_packet(in_memory(build, 1, [word]), in_memory(build, 2, [word]), PACKETS)
        counts[f"in memory: {tiers_list}"] = both - stages
        replay = [build / "ctl/glassbox", "replay", *options_of(tiers_list, MODELS, RULES), SAMPLE]
        counts[f"replay: {tiers_list}"] = per_packet(replay, [*replay, SAMPLE], packets)
    boxes = [word for path in sorted((ROOT / "models/boxes").glob("*.yaml"))[:8] for word in ("--box", path)]
    audit = [build / "ctl/glassbox", "audit", "--tiers", "ports", "--no-ladder", *boxes, SAMPLE]
    counts["audit: ports, eight boxes more"] = per_packet(audit, [*audit, SAMPLE], packets) - counts["replay: ports"]
    return {name: round(count, 1) for name, count in counts.items()}


def compiler_of(program):
    """As it wrote into the program itself."""
    comment = subprocess.run(["readelf", "-p", ".comment", program], capture_output=True, check=True, text=True).stdout
    return ", ".join(sorted(re.findall(r"\[ *[0-9a-f]+\]  (.*)", comment)))


def environment_of(build):
    told = json.loads((build / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8"))
    options = {row["name"]: row["value"] for row in told}
    return {"machine": platform.machine(), "compiler": compiler_of(build / "ctl/glassbox"),
            "libc": " ".join(platform.libc_ver()),
            "options": {name: options[name] for name in ("buildtype", "optimization", "b_lto", "b_sanitize")}}


def compare(baseline, counts):
    """Names whose count grew too much."""
    grown = []
    print(f"{'instructions a packet':42} {'baseline':>10} {'now':>10} {'change':>8}")
    for name, count in counts.items():
        known = baseline["counts"].get(name)
        if known is None:
            print(f"{name:42} {'none':>10} {count:10.1f}")
            continue
        change = count / known - 1
        print(f"{name:42} {known:10.1f} {count:10.1f} {change:8.1%}")
        if change > TOLERANCE:
            grown.append(name)
    for name in baseline["counts"].keys() - counts.keys():
        print(f"{name:42} not in this build")
    return grown


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    environment, counts = environment_of(build), count_all(build)
    if "--update" in sys.argv:
        text = json.dumps({"environment": environment, "counts": counts}, indent=2)
        BASELINE.write_text(text + "\n", encoding="utf-8")
        return 0
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    grown = compare(baseline, counts)
    if environment != baseline["environment"]:
        print(f"not compared with consequences: the baseline is of {baseline['environment']}, this is {environment}")
        return 0
    if grown:
        print(f"more than {TOLERANCE:.0%} above the baseline: {', '.join(grown)}. If that is meant, say why in the "
              "commit and renew the baseline with --update")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
