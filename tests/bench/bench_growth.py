# SPDX-License-Identifier: BSD-3-Clause
"""Growth: time and memory of replay against the number of flows, of rules, and the model's size."""

import re
import shutil
import subprocess

from bench_run import RULES, Unable, measure


def flows_rows(bench):
    rows = []
    for flows in bench.scaled((10_000, 100_000, 1_000_000, 3_000_000), (10_000, 100_000)):
        capture = bench.minimum(bench.scaled(3_000_000, 300_000), flows)
        start, idle_kb, _ = measure([*bench.replay(bench.headers_list()), bench.empty])
        cpu, peak_kb, _ = measure([*bench.replay(bench.headers_list(), "--flows", 4_000_000), capture])
        rows.append({"flows": flows, "cpu_seconds": round(cpu - start, 3), "peak_kb": peak_kb,
                     "bytes_per_flow": round((peak_kb - idle_kb) * 1024 / flows)})
    return rows


def some_rules(bench, share):
    """A folder with every so-many-th file of rules, and all services. Files whose samples need rules of files
    that are not there are left out as well."""
    folder = bench.scratch / f"rules-{share}"
    folder.mkdir(exist_ok=True)
    for number, path in enumerate(sorted(RULES.glob("*.rules"))):
        if number % share == 0 or path.name == "services.rules":
            shutil.copy(path, folder / path.name)
    words = [bench.glassbox, "replay", "--rules", folder, "--tiers", "ports,signatures", bench.empty]
    for _ in range(8):
        told = subprocess.run(words, capture_output=True, check=False, text=True)
        if told.returncode == 0:
            return folder
        for name in re.findall(r"([a-z0-9-]+\.rules):[0-9]+:", told.stderr):
            (folder / name).unlink(missing_ok=True)
    raise Unable(f"no {share}th part of the rules can be used alone")


def rules_rows(bench):
    if "signatures" not in bench.tiers:
        return []
    capture = bench.mixed(bench.scaled(1_000_000, 100_000))
    rows = []
    for share in (16, 4, 2, 1):
        try:
            folder = some_rules(bench, share)
        except Unable:
            continue  # its row is missing
        words = [bench.glassbox, "replay", "--rules", folder, "--tiers", "ports,signatures"]
        start, start_kb, _ = measure([*words, bench.empty])
        cpu, peak_kb, _ = measure([*words, capture])
        rows.append({"files": len(list(folder.glob("*.rules"))), "start_seconds": round(start, 3),
                     "start_kb": start_kb, "cpu_seconds": round(cpu - start, 3), "peak_kb": peak_kb})
    return rows


def model_rows(bench):
    """Time and memory to start with each model in use, and what its tier adds to a run."""
    capture = bench.mixed(bench.scaled(1_000_000, 100_000))
    rows = []
    bare, bare_kb, _ = measure([*bench.replay("ports"), bench.empty])
    without, _, _ = measure([*bench.replay("ports"), capture])
    for tier, path in bench.models.items():
        if tier not in bench.tiers:
            continue
        start, start_kb, _ = measure([*bench.replay(f"ports,{tier}"), bench.empty])
        cpu, _, _ = measure([*bench.replay(f"ports,{tier}"), capture])
        rows.append({"model": path.name, "tier": tier, "bytes": path.stat().st_size,
                     "start_seconds": round(start - bare, 4), "kb": start_kb - bare_kb,
                     "cpu_seconds": round(cpu - start - (without - bare), 3)})
    return rows


def run(bench):
    return {"flows": flows_rows(bench), "rules": rules_rows(bench), "models": model_rows(bench)}
