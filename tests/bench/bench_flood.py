# SPDX-License-Identifier: BSD-3-Clause
"""A flood: millions of SYNs that nobody sent, with real flows among them, against the same real flows alone.
What is asked: do the real flows keep their verdicts, is every frame counted, is the full table reported."""

import json
import os

from bench_run import json_of, measure


def verdicts(report, syns_under):
    """Flows with a verdict, by protocol; what the flood itself is called does not count."""
    return {row["protocol"]: row["flows"] for row in report["protocols"]
            if row["protocol"] not in ("unknown", syns_under)}


def replay(bench, tiers, capture):
    cpu, peak_kb, said = measure([*bench.replay(tiers, "--format", "json"), capture])
    return json.loads(said), cpu, peak_kb


def run(bench):
    real = bench.mixed(bench.scaled(300_000, 50_000))
    syns = bench.scaled(5_000_000, 500_000)
    alone, flooded = bench.scratch / "alone.pcap", bench.scratch / "flooded.pcap"
    json_of([bench.tool("make_flood"), real, alone, 0])
    made = json_of([bench.tool("make_flood"), real, flooded, syns])
    tiers = bench.tier_lists()[-1]
    before, _, _ = replay(bench, tiers, alone)
    after, cpu, peak_kb = replay(bench, tiers, flooded)
    os.unlink(flooded)
    wanted, kept = verdicts(before, "tls"), verdicts(after, "tls")
    same = sum(min(count, kept.get(name, 0)) for name, count in wanted.items())
    frames = after["frames"]
    return {"tiers": tiers, "syns": syns, "real_frames": made["real"], "flows_with_verdict": sum(wanted.values()),
            "kept": round(same / max(sum(wanted.values()), 1), 5), "sent": made["real"] + made["syns"],
            "seen": frames["seen"], "balance": after["conservation"]["frames"]["balance"],
            "evicted": after["flows"]["evicted"], "cpu_seconds": round(cpu, 3), "peak_kb": peak_kb}
