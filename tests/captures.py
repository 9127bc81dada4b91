#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/captures.py GLASSBOX: every capture of a folder through `replay`, alone and all in one run with every
tier that is built in: no crash, no hang, the law exact, frames and bytes as capinfos counts them. The folder is $GLASSBOX_CAPTURES, else
../shared/captures beside the source tree; where there is none, the test is skipped and says so."""

import concurrent.futures
import csv
import io
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS_PER_CAPTURE = 60
CAPINFOS_BATCH = 200
SECONDS_TOGETHER = 600
OTHER_KINDS = {".csv", ".md"}


def captures():
    folder = pathlib.Path(os.environ.get("GLASSBOX_CAPTURES", ROOT.parent / "shared" / "captures"))
    return folder, sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in OTHER_KINDS)


def replay(glassbox, *paths, seconds=SECONDS_PER_CAPTURE, tiers="ports"):
    """Returns the report and what was wrong with the run itself."""
    command = [glassbox, "replay", "--format", "json", "--tiers", tiers, "--rules", ROOT / "models/rules", *paths]
    try:
        run = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return None, "hangs"
    words = run.stderr.decode(errors="replace").strip()
    if run.returncode not in (0, 1):
        return None, f"exit {run.returncode}: {words[-500:]}"
    if bool(words) != bool(run.returncode):
        return None, f"exit {run.returncode}, but stderr says: {words!r}"
    try:
        return json.loads(run.stdout), None
    except json.JSONDecodeError as error:
        return None, f"not JSON: {error}"


def imbalance(report):
    """The law, computed from the rows and not from the report's own word for it."""
    law = report["conservation"]
    for unit, of_row in (("frames", "packets"), ("bytes", "bytes")):
        rows = sum(row[of_row] for row in report["protocols"])
        non_ip = sum(row[unit] for row in report["non_ip"])
        side = law[unit]
        right = rows + non_ip + side["malformed"] + side["orphan_fragments"]
        right += side["shed"] + side["unreported"]
        left = side["seen"] + side["carried_over"]
        if left != right or side["balance"] != 0:
            return f"{unit} do not add up: {left} seen, {right} accounted for"
    if sum(row["frames"] for row in report["non_ip"]) != report["frames"]["non_ip"]:
        return "rows of non_ip do not add up"
    if sum(row["flows"] for row in report["protocols"]) != report["flows"]["ended"]:
        return "flows of the rows are not the flows that ended"
    if sum(report["frames"]["malformed"].values()) != law["frames"]["malformed"]:
        return "malformed reasons do not add up"
    return None


def capinfos(paths):
    """Frames and wire bytes by path, for those that capinfos can read."""
    counted = {}
    for start in range(0, len(paths), CAPINFOS_BATCH):
        batch = [str(p) for p in paths[start:start + CAPINFOS_BATCH]]
        run = subprocess.run(["capinfos", "-T", "-M", "-Q", "-m", "-r", "-c", "-d", *batch],
                             capture_output=True, check=False)
        for row in csv.reader(io.StringIO(run.stdout.decode(errors="replace"))):
            if len(row) == 3 and row[1].isdigit() and row[2].isdigit():
                counted[row[0]] = (int(row[1]), int(row[2]))
    return counted


def check_together(glassbox, paths, results):
    """All captures in one run, one after the other, must count what they count alone."""
    with_signatures = b"hyperscan" in subprocess.run([glassbox, "version"], capture_output=True, check=True).stdout
    tiers = "ports,signatures" if with_signatures else "ports"
    together, wrong = replay(glassbox, *paths, seconds=SECONDS_TOGETHER, tiers=tiers)
    wrong = wrong or imbalance(together)
    alone = sum(report["frames"]["seen"] for report, _ in results if report)
    if not wrong and together["frames"]["seen"] != alone:
        wrong = f"{together['frames']['seen']} frames together, {alone} alone"
    return [f"all together ({tiers}): {wrong}"] if wrong else []


def main():
    glassbox = sys.argv[1]
    folder, paths = captures()
    if not paths:
        print(f"skipped: no captures under {folder} ... \ntotals: 0 passed, 0 failed, 1 skipped")
        return 77
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda path: replay(glassbox, path), paths))
    expected = capinfos([p for p in paths if "malformed" not in p.parts])
    failures = check_together(glassbox, paths, results)
    compared = 0
    for path, (report, wrong) in zip(paths, results):
        wrong = wrong or imbalance(report)
        seen = report and (report["frames"]["seen"], report["frames"]["bytes"])
        if not wrong and str(path) in expected:
            compared += 1
            if seen != expected[str(path)]:
                wrong = f"saw {seen} frames and bytes, capinfos {expected[str(path)]}"
        if wrong:
            failures.append(f"{path.relative_to(folder)}: {wrong}")
    print("\n".join(failures))
    print(f"{len(paths)} captures, {compared} of them compared with capinfos")
    print(f"totals: {len(paths) + 1 - len(failures)} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
