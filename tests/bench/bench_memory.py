# SPDX-License-Identifier: BSD-3-Clause
"""From memory: one worker's cost a packet by stage, beside the machine's own batched random-access rate, over
numbers of flows, ways they are spread, and sizes; then two workers against one."""

import os

from bench_run import RULES, json_of

ROUNDS = 5


def in_memory(bench, flows, spread, size, workers, tier_lists, rounds):
    packets = bench.scaled(4_000_000 if size == "minimum" else 1_000_000, 500_000)
    if workers > 1:
        packets //= 2
    told = json_of([bench.tool("in_memory"), flows, spread, size, packets, rounds, workers, *tier_lists,
                    "--", "--rules", RULES])
    return {**told, "spread": spread, "size": size}


def scaling(bench):
    """One worker and two in turn, the best of each; each worker has a table of its own."""
    flows = bench.scaled(1_000_000, 100_000)
    tiers = bench.headers_list()
    best = {}
    for _ in range(bench.scaled(3, 1)):
        for workers in (1, 2):
            told = in_memory(bench, flows, "uniform", "minimum", workers, [tiers], 3)
            best[workers] = max(best.get(workers, 0), told[tiers]["mpps_median"])
    return {"flows": flows, "tiers": tiers, "mpps": best, "ratio": round(best[2] / best[1], 2)}


def run(bench):
    cases = [(flows, spread, "minimum") for flows in (10_000, 100_000, 1_000_000, 4_000_000)
             for spread in ("uniform", "zipf")]
    cases += [(1_000_000, spread, "mixed") for spread in ("uniform", "zipf")]
    if bench.is_quick:
        cases = [(100_000, "uniform", "minimum"), (100_000, "zipf", "mixed")]
    rows = [in_memory(bench, *case, 1, bench.tier_lists(), ROUNDS) for case in cases]
    return {"tiers": bench.tier_lists(), "headers": bench.headers_list(), "rows": rows,
            "scaling": scaling(bench) if os.cpu_count() > 1 else None}
