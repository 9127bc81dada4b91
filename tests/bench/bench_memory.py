# SPDX-License-Identifier: BSD-3-Clause
"""From memory: one worker's cost a packet by stage, beside the machine's own batched random-access rate, over
numbers of flows, ways they are spread, and sizes; then two workers against one. The cases that goals are about
come first; those for which no time is left are named instead of measured."""

import os
import time

from bench_run import RULES, json_of

ROUNDS = 3
SECONDS = 150


def in_memory(bench, flows, spread, size, workers, tier_lists, rounds):
    packets = bench.scaled(3_000_000 if size == "minimum" else 1_000_000, 500_000)
    if workers > 1:
        packets //= 2
    told = json_of([bench.tool("in_memory"), flows, spread, size, packets, rounds, workers,
                    *bench.in_memory_lists(tier_lists), "--", "--rules", RULES])
    return {**told, "spread": spread, "size": size}


def scaling(bench):
    """One worker and two in turn, by the clock on the wall, the best of each; each worker has a table of its own."""
    if os.cpu_count() < 2:
        return {"skipped": "one processor"}
    flows = bench.scaled(1_000_000, 100_000)
    tiers = bench.headers_list()
    best = {}
    for _ in range(bench.scaled(3, 1)):
        for workers in (1, 2):
            told = in_memory(bench, flows, "uniform", "minimum", workers, [tiers], 3)
            best[workers] = max(best.get(workers, 0), told[tiers]["wall_mpps_median"])
    return {"flows": flows, "tiers": tiers, "mpps": best, "ratio": round(best[2] / best[1], 2)}


def cases_of(bench):
    if bench.is_quick:
        return [(100_000, "uniform", "minimum"), (100_000, "zipf", "mixed")]
    wanted = [(flows, spread, "minimum") for spread in ("uniform", "zipf")
              for flows in (1_000_000, 100_000, 10_000, 4_000_000)]
    return wanted + [(1_000_000, spread, "mixed") for spread in ("uniform", "zipf")]


def run(bench):
    bench.allow(SECONDS)
    told_of_scaling = scaling(bench)
    rows, left_out, longest = [], [], 0.0
    for flows, spread, size in cases_of(bench):
        if rows and not bench.has_time_for(longest):
            left_out.append(f"{flows:,} flows, {spread}, {size}")
            continue
        before = time.monotonic()
        rows.append(in_memory(bench, flows, spread, size, 1, bench.tier_lists(), ROUNDS))
        longest = max(longest, time.monotonic() - before)
    rows.sort(key=lambda row: (row["size"] != "minimum", row["flows"], row["spread"]))
    return {"tiers": bench.tier_lists(), "headers": bench.headers_list(), "rows": rows, "left_out": left_out,
            "scaling": told_of_scaling}
