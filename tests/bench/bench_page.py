#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/bench_page.py RESULTS PAGE: writes docs/performance.md from what bench.py measured."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent

INTRO = """# Performance

Written by `make bench` from bench/results.json; only the prose is by hand. Every figure is a ratio inside one run, or stands beside its
yardstick from the same run: absolute times are this machine's.
"""

OFFLINE = """## Offline

CPU time (user and system) of the whole program on the same file, in turn, medians of the rounds. What a program needs to start, measured on a
capture without packets, is a column of its own and in no other. *libpcap alone* reads the file and does nothing with it. *libndpi loop* is the least
that a program around libndpi does (tests/bench/ndpi_loop.c): one hash table, packets handed over until the protocol is known or libndpi gives
up. *ndpiReader* is Debian's. The mixed capture is made of the largest captures at hand, again and again with other addresses; minimum-size frames
are of flows drawn at random.
"""

MEMORY = """## From memory

One worker's code (tests/bench/in_memory.c), frames of the whole run lying ready in memory, by the thread's own CPU time. *machine* is the
yardstick: one-line records, as many as flows, read and written in the same random order, fetched 16 or 32 at a time (the better of the two),
from memory got the way the flow table gets its own. It computes nothing. *share* is the classifier's rate as a part of that.

Stages do all that the stage before does, and one thing more; a stage's own time is the difference, so what the processor overlaps is
counted where it is waited for. *frames* is reading each frame's first line: a card would have put it into the cache.
"""

ROOFLINE = """### Where each nanosecond goes, and what the limit is

A packet of a known flow takes from large memory its flow's line and the two lines of the buckets its key names; all are fetched for 32
packets at once, so that waiting is shared. What is left is computing: reading headers, AES over the tuple, comparing tags and keys, counting. Where the
machine's column is far below the stages' sum, instructions are the limit and not memory, and no other layout of the table would help; the
instruction counts (below) say the same without a clock.
"""

LIVE = """## Live

A sender (tests/bench/send_frames.c, minimum size, flows coming and going) and the program share this machine's processors; they are joined by a
virtual cable in a network namespace. *sender* is the most it sends. *zero loss* is the highest rate at which every frame sent was seen, none lost, none
shed. Then the program is held still for a while at up to twice that rate: `sent = seen + lost` must hold to the frame.
"""

FLOOD = """## Flood

Spoofed SYNs, each a flow of its own, among the frames of a mixed capture, against the same frames alone. A verdict is kept when as many flows of
its protocol end with it as without the flood.
"""

METHOD = """## Method

- `make bench` builds with optimisation and link-time optimisation in a folder of its own, measures, and writes bench/results.json and this page. It takes under 15
  minutes and wants a machine with nothing else to do. As root it measures live ports as well.
- Yardsticks run in turn with what they measure, so that a noisy moment hits both; tables show medians, results.json the least as well.
- `make bench-instructions` needs no quiet machine: it counts the instructions of the project's own functions under callgrind, for fixed inputs, and compares them with
  tests/bench/instructions.json to 3 %. Libraries choose their code by processor and are not counted. Where compiler or C library differ from the
  baseline's it informs and does not fail. CI runs it.
- A commit that claims a gain has the figures before and after in its message.
"""


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def ratio(a, b):
    return a / b if b else 0.0


def offline_text(results):
    text = OFFLINE
    for case in results:
        floor = case["rows"]["libpcap alone"]["cpu_seconds"]
        rows = [(label, f"{row['cpu_seconds']:.3f}", f"{row['ns_per_packet']:.0f}",
                 f"{ratio(row['cpu_seconds'], floor):.2f}", f"{row['start_seconds']:.2f}",
                 f"{row['peak_kb'] / 1024:.0f}") for label, row in case["rows"].items()]
        text += f"\n{case['name'].capitalize()}: {case['packets']} packets, {case['bytes'] >> 20} MB, " \
                f"{case['rounds']} rounds.\n\n"
        text += table(("", "CPU s", "ns a packet", "x libpcap", "start s", "peak MB"), rows)
    return text


def machine_of(row):
    return max(row["machine_16"]["mpps_median"], row["machine_32"]["mpps_median"])


def share_of(row, tiers):
    return ratio(row[tiers]["mpps_median"], machine_of(row))


def stage_cells(row, lists):
    """Each stage's own nanoseconds."""
    names = ["read", "parse", "hash", "lookup", *lists]
    before, cells = 0.0, []
    for name in names:
        cells.append(f"{row[name]['ns_median'] - before:.1f}")
        before = row[name]["ns_median"]
    return cells


def memory_text(results):
    lists, tiers = results["tiers"], results["headers"]
    text = MEMORY + "\n"
    rows = [(f"{row['flows']:,}", row["spread"], row["size"], f"{machine_of(row):.1f}",
             f"{row[tiers]['mpps_median']:.2f}", f"{share_of(row, tiers):.0%}",
             f"{1e3 / machine_of(row):.1f}", f"{row[tiers]['ns_median']:.1f}") for row in results["rows"]]
    text += table(("flows", "spread", "size", "machine M/s", f"{tiers} Mpps", "share", "machine ns", "ns a packet"), rows)
    text += "\n" + ROOFLINE + "\nNanoseconds a packet, of each stage alone:\n\n"
    names = ["update, " + lists[0]] + ["+ " + name.rsplit(",", 1)[1] for name in lists[1:]]
    rows = [(f"{row['flows']:,}", row["spread"], row["size"], *stage_cells(row, lists)) for row in results["rows"]]
    text += table(("flows", "spread", "size", "frames", "parse", "hash", "lookup", *names), rows)
    small = [(f"{row['flows']:,}", row["spread"], f"{machine_of(row):.1f}",
              f"{row['machine_small_pages']['mpps_median']:.1f}")
             for row in results["rows"] if row["size"] == "minimum"]
    text += "\nThe machine's own rate with huge pages (which the flow table asks for) and without:\n\n"
    text += table(("flows", "spread", "huge pages M/s", "4 KiB pages M/s"), small)
    scaling = results.get("scaling")
    if scaling:
        mpps = {int(workers): value for workers, value in scaling["mpps"].items()}
        text += f"\nTwo workers, each with a table of {scaling['flows']:,} flows of its own: {mpps[2]:.2f} Mpps " \
                f"together, one alone {mpps[1]:.2f}: {scaling['ratio']:.2f} times.\n"
    return text


def live_text(results):
    if "skipped" in results:
        return LIVE + f"\nNot measured: {results['skipped']}.\n"
    rows = []
    for row in results["cables"]:
        if "skipped" in row:
            rows.append((row["source"], "not measured: " + row["skipped"], "", "", "", "", ""))
            continue
        beyond = row["beyond"]
        rows.append((row["source"], row["sender_rate"], row["zero_loss_rate"], beyond["sent"], beyond["seen"],
                     beyond["lost"], "yes" if row["is_exact"] else "no"))
    text = LIVE + "\n" + table(("source", "sender frames/s", "zero loss frames/s", "held still: sent", "seen",
                                "lost", "exact"), rows)
    pcap = results.get("net_pcap")
    if pcap:
        text += "\n`net_pcap` with `infinite_rx`, the same file: dpdk-testpmd (`rxonly`) receives " \
                f"{pcap['testpmd'] / 1e6:.2f} Mpps; the program {pcap['received'] / 1e6:.2f} Mpps, " \
                f"{pcap['ratio']:.0%} of that. Such a port is always full, so most bursts are only counted: " \
                f"{pcap['looked_at'] / 1e6:.2f} Mpps are classified.\n"
    return text


def growth_text(results):
    text = "## Growth\n\nWithout payload, minimum size, flows drawn at random, room for 4,000,000:\n\n"
    text += table(("flows", "CPU s", "peak MB"),
                  [(f"{row['flows']:,}", row["cpu_seconds"], row["peak_kb"] >> 10) for row in results["flows"]])
    if results["rules"]:
        text += "\nParts of the shipped rules, mixed capture; compiling them is the start:\n\n"
        text += table(("files of rules", "start s", "memory at start MB", "CPU s", "peak MB"),
                      [(row["files"], row["start_seconds"], row["start_kb"] >> 10, row["cpu_seconds"],
                        row["peak_kb"] >> 10) for row in results["rules"]])
    if results["models"]:
        text += "\nModels; what they add to the start and to a run over the mixed capture:\n\n"
        text += table(("model", "tier", "bytes", "start s", "memory kB", "CPU s"),
                      [(row["model"], row["tier"], row["bytes"], row["start_seconds"], row["kb"],
                        row["cpu_seconds"]) for row in results["models"]])
    return text


def flood_text(told):
    rows = [("tiers", told["tiers"]), ("SYNs", f"{told['syns']:,}"), ("real frames", f"{told['real_frames']:,}"),
            ("real flows with a verdict", told["flows_with_verdict"]), ("kept", f"{told['kept']:.2%}"),
            ("frames sent", told["sent"]), ("frames seen", told["seen"]),
            ("seen less accounted for", told["balance"]), ("flows evicted, as reported", f"{told['evicted']:,}"),
            ("peak MB", told["peak_kb"] >> 10)]
    return FLOOD + "\n" + table(("", ""), rows)


def look_text(told):
    text = f"## One look of the headers tier\n\n{told['model']}, values drawn at random, the least of many rounds:\n\n"
    return text + table(("data packets", "trees", "depth", "ns"),
                        [(row["packets"], row["trees"], row["depth"], row["ns"]) for row in told["rows"]])


def offline_goals(results):
    mixed, small = results[0]["rows"], results[1]["rows"]
    lists = [label for label in mixed if label.startswith("replay ")]
    free = [label for label in lists if "signatures" not in label and "stochastic" not in label][-1]
    every = lists[-1]
    for name, least, case, label in (("ndpiReader", 10, mixed, every), ("libndpi loop", 3.5, mixed, every),
                                     ("libndpi loop", 15, small, free), ("ndpiReader", 50, small, free)):
        if name not in case:
            continue
        reached = ratio(case[name]["cpu_seconds"], case[label]["cpu_seconds"])
        what = "mixed capture" if case is mixed else "1 M flows, minimum size"
        yield (f"{what}, {label}: less CPU than {name}", f"{least} times", f"{reached:.1f} times", reached >= least)
    reached = ratio(mixed[free]["cpu_seconds"], mixed["libpcap alone"]["cpu_seconds"])
    yield f"mixed capture, {free}: CPU against libpcap alone", "at most 2 times", f"{reached:.2f} times", reached <= 2
    peak = small[free]["peak_kb"] / 1024
    yield "1 M flows: resident", "under 200 MB", f"{peak:.0f} MB", peak < 200


def memory_goals(results):
    for flows, least in ((1_000_000, 0.6), (100_000, 0.35)):
        for row in results["rows"]:
            if (row["flows"], row["spread"], row["size"]) == (flows, "uniform", "minimum"):
                reached = share_of(row, results["headers"])
                yield (f"from memory, {flows:,} flows: share of the machine's rate", f"{least:.0%}",
                       f"{reached:.0%}", reached >= least)
    if results.get("scaling"):
        reached = results["scaling"]["ratio"]
        yield "two workers against one", "1.8 times", f"{reached:.2f} times", reached >= 1.8


def live_goals(results):
    for row in results.get("cables", []):
        if "skipped" not in row:
            reached = ratio(row["zero_loss_rate"], row["sender_rate"])
            yield (f"{row['source']}: no loss at the sender's highest rate", "100 %", f"{reached:.0%}", reached >= 0.99)
            yield f"{row['source']}: exact beyond it", "to the frame", "yes" if row["is_exact"] else "no", row["is_exact"]
    if results.get("net_pcap"):
        reached = results["net_pcap"]["ratio"]
        yield "net_pcap: received, of what dpdk-testpmd receives", "60 %", f"{reached:.0%}", reached >= 0.6


def flood_goals(told):
    yield "flood: verdicts kept", "99 %", f"{told['kept']:.2%}", told["kept"] >= 0.99
    is_counted = told["seen"] == told["sent"] and told["balance"] == 0
    yield "flood: every frame counted, full table reported", "yes", "yes" if is_counted and told["evicted"] else "no", \
        is_counted and told["evicted"] > 0


def look_goals(told):
    most = max(row["ns"] for row in told["rows"])
    yield "one look of the headers tier", "under 1,000 ns", f"{most} ns at most", most < 1000


GOALS = {"offline": offline_goals, "memory": memory_goals, "live": live_goals, "flood": flood_goals,
         "look": look_goals}
TEXTS = {"offline": offline_text, "memory": memory_text, "live": live_text, "growth": growth_text, "flood": flood_text,
         "look": look_text}


def machine_text(told):
    return f"\nMeasured {told['date']}: {told['processor']}, {told['processors']} processors, Linux {told['kernel']}, " \
           f"{told['compiler']}, transparent huge pages: {told['huge_pages']}, load at the start {told['load']}.\n"


def goals_text(results):
    rows = [(what, wanted, reached, "yes" if is_met else "**no**")
            for part, goals in GOALS.items() if part in results
            for what, wanted, reached, is_met in goals(results[part])]
    return "\n## Goals\n\n" + table(("goal", "wanted", "reached", "met"), rows)


def instructions_text():
    baseline = HERE / "instructions.json"
    if not baseline.exists():
        return ""
    counts = json.loads(baseline.read_text(encoding="utf-8"))["counts"]
    return "## Instructions\n\nOf the project's own functions, a packet, by tests/bench/instructions.json:\n\n" + \
        table(("run", "instructions"), [(name, f"{count:.1f}") for name, count in counts.items()])


def page_of(results):
    parts = [INTRO + machine_text(results["machine"]) + goals_text(results)]
    parts += [text(results[part]) for part, text in TEXTS.items() if part in results]
    parts += [instructions_text(), METHOD]
    return "\n".join(part for part in parts if part)


def main():
    results = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    pathlib.Path(sys.argv[2]).write_text(page_of(results), encoding="utf-8")


if __name__ == "__main__":
    main()
