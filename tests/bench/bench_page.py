#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/bench_page.py RESULTS PAGE: writes docs/performance.md from what bench.py measured."""

import json
import pathlib
import sys

from bench_offline import EIGHT_BOXES

HERE = pathlib.Path(__file__).resolve().parent
RECORD_BYTES = 128  # of a flow

INTRO = """# Performance

Written by `make bench` from bench/results.json (and `make soak` adds its part); only the prose is by hand, and says nothing that hangs
on a number. Every figure is a ratio inside one run, or stands beside its yardstick from the same run: absolute times are this machine's.
"""

QUICK = """
**Made with --quick: everything was small, to see that the bench works. These figures mean nothing.**
"""

OFFLINE = """## Offline

CPU time (user and system) of the whole program on the same file, in turn, medians of the runs; goals are about *whole*. What a program
needs to start, measured on a capture without packets, is a column of its own, and is not in *packets*, nor in the nanoseconds. *libpcap alone* reads the file and does nothing with it. *libndpi loop* is the least
that a program around libndpi does (tests/bench/ndpi_loop.c): one hash table, packets handed over until the protocol is known or libndpi gives
up. *ndpiReader* is Debian's. The mixed capture is made of the largest captures at hand, again and again with other addresses; minimum-size frames
are of flows drawn at random. *audit, 8 boxes* is `glassbox audit` with the eight shipped boxes beside all tiers, without ladders: what it takes more than the last
*replay* is theirs. Peaks of less than some 25 MB are the measuring script's own, from before the program was started.
"""

MEMORY = """## From memory

One worker's code (tests/bench/in_memory.c), frames of the whole run lying ready in memory, by the thread's own CPU time. *machine* is the
yardstick: one-line records, as many as flows, read and written in the same random order, fetched 16 or 32 at a time (the better of the two),
from memory got the way the flow table gets its own. It computes nothing. *share* is the classifier's rate as a part of that.
The flow table has three such lines for a packet (below), so a share above a third means that their waiting overlaps.

Stages do all that the stage before does, and one thing more; a stage's own time is the difference, so what the processor overlaps is
counted where it is waited for. *frames* is reading each frame's first line: a card would have put it into the cache.
"""

ROOFLINE = """### Where each nanosecond goes, and what the limit is

A packet of a known flow takes from large memory its flow's line (64 of a record's 128 bytes) and the two lines of the buckets its key
names (4 bytes a flow, so that they fit caches that records have long outgrown); all are fetched for 32 packets at once, so that waiting
is shared. What is left is computing: reading headers, AES over the tuple, comparing tags and keys, counting.

*floor* is the time the machine needs to fetch the record's line alone, the same way; no classifier with one record a flow can be faster.
*waiting* is what the stages that touch the table take (lookup, update), *computing* those that do not (frames, parse, hash), *tier* what
the headers tier adds. Where the floor is at least half of the whole, memory is the limit; else instructions are, and no other
layout of the table would help: the instruction counts (at the end) say the same without a clock.
"""

LIVE = """## Live

A sender (tests/bench/send_frames.c, minimum size, flows coming and going) and the program share this machine's processors; they are joined by a
virtual cable in a network namespace. *sender* is the most it sends. *zero loss* is the highest rate at which every frame sent was seen, none lost, none
shed. Then up to twice that rate is sent, and on a cable the program is held still for a while: `arrived = seen + lost` must hold to the frame.
*arrived* are frames at the kernel's end of the cable.

`net_ring` is a DPDK port without a device: the sender (tests/bench/ring_rate.c) puts buffers into a ring of 4,095 places in the same process; there
is no kernel and no wire, and what the full ring does not take is lost. It shows what a fast card could hand over to one worker.

On a cable the kernel works in the sender's time: the frame's way through the stack, the XDP program and the copy are part of what limits the *sender*. What can
wait is what separates the sources: `af_packet` has room for 32,768 frames, DPDK's `af_xdp` for 2,048, because its driver never gives the kernel
more buffers than that to fill. At a rate R, `af_xdp` therefore loses frames whenever its thread gets no processor for longer than 2,048 / R,
which at a million frames a second is 2 ms: less than a time slice. Where the thread has a processor to itself (`-- -l 3`) that does not happen; where it
shares one, prefer `af_packet`, or several queues.
"""

SOAK = """## Soak

`make soak`: `glassbox live` at four fifths of the highest rate without loss (found first), flows coming and going, a report every few seconds. It
fails when a frame is lost or shed, when memory grows once tables have filled, when a report comes late, or when no flow ends.
"""

FLOOD = """## Flood

Spoofed SYNs, each a flow of its own, among the frames of a mixed capture, against the same frames alone. A verdict is kept when as many flows of
its protocol end with it as without the flood.
"""

METHOD = """## Method

- `make bench` builds with optimisation and link-time optimisation in a folder of its own, measures for at most ten minutes, and writes bench/results.json and
  this page. It wants a machine with nothing else to do. As root it measures live ports as well. What cannot be measured says why, in both;
  where time runs out, what takes long runs fewer times, and cases that no goal is about are left out by name.
- The mixed capture is made of the captures in `$GLASSBOX_CAPTURES` (tests/bench/mixed_capture.py), of the shipped sample where there are none.
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
        floor = case["rows"]["libpcap alone"]["whole_seconds"]
        rows = [(label, f"{row['whole_seconds']:.3f}", f"{ratio(row['whole_seconds'], floor):.2f}",
                 f"{row['start_seconds']:.3f}", f"{row['cpu_seconds']:.3f}", f"{row['ns_per_packet']:.0f}",
                 f"{row['peak_kb'] / 1024:.0f}", row["runs"]) for label, row in case["rows"].items()]
        text += f"\n{case['name'].capitalize()}: {case['packets']:,} packets, {case['bytes'] >> 20} MB.\n\n"
        text += table(("", "whole CPU s", "x libpcap", "start s", "packets s", "ns a packet", "peak MB", "runs"), rows)
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


def roofline_table(results):
    """What bounds a packet of the headers list, from the stages' own times."""
    lists, tiers = results["tiers"], results["headers"]
    rows = []
    for row in results["rows"]:
        if row["spread"] != "uniform":
            continue
        ns = {name: row[name]["ns_median"] for name in ("parse", "hash", "lookup", lists[0], tiers)}
        floor = 1e3 / machine_of(row)
        rows.append((f"{row['flows']:,}", row["size"], f"{row['flows'] * RECORD_BYTES / 2 ** 20:.0f}", f"{floor:.1f}",
                     f"{ns[lists[0]] - ns['hash']:.1f}", f"{ns['hash']:.1f}", f"{ns[tiers] - ns[lists[0]]:.1f}",
                     f"{ns[tiers]:.1f}", "memory" if floor * 2 >= ns[tiers] else "instructions"))
    return table(("flows", "size", "records MB", "floor ns", "waiting ns", "computing ns", "tier ns", "whole ns", "limit"),
                 rows)


def memory_text(results):
    lists, tiers = results["tiers"], results["headers"]
    text = MEMORY + "\n"
    rows = [(f"{row['flows']:,}", row["spread"], row["size"], f"{machine_of(row):.1f}",
             f"{row[tiers]['mpps_median']:.2f}", f"{share_of(row, tiers):.0%}",
             f"{1e3 / machine_of(row):.1f}", f"{row[tiers]['ns_median']:.1f}") for row in results["rows"]]
    text += table(("flows", "spread", "size", "machine M/s", f"{tiers} Mpps", "share", "machine ns", "ns a packet"), rows)
    text += "\n" + ROOFLINE + "\n" + roofline_table(results)
    text += "\nNanoseconds a packet, of each stage alone:\n\n"
    names = ["update, " + lists[0]] + ["+ " + name.rsplit(",", 1)[1] for name in lists[1:]]
    rows = [(f"{row['flows']:,}", row["spread"], row["size"], *stage_cells(row, lists)) for row in results["rows"]]
    text += table(("flows", "spread", "size", "frames", "parse", "hash", "lookup", *names), rows)
    small = [(f"{row['flows']:,}", row["spread"], f"{machine_of(row):.1f}",
              f"{row['machine_small_pages']['mpps_median']:.1f}")
             for row in results["rows"] if row["size"] == "minimum"]
    text += "\nThe machine's own rate with huge pages (which the flow table asks for) and without:\n\n"
    text += table(("flows", "spread", "huge pages M/s", "4 KiB pages M/s"), small)
    if results["left_out"]:
        text += "\nLeft out for want of time: " + "; ".join(results["left_out"]) + ".\n"
    scaling = results["scaling"]
    if "skipped" in scaling:
        return text + f"\nTwo workers: not measured ({scaling['skipped']}).\n"
    mpps = {int(workers): value for workers, value in scaling["mpps"].items()}
    return text + f"\nTwo workers, each with a table of {scaling['flows']:,} flows of its own, by the clock on the wall: " \
                  f"{mpps[2]:.2f} Mpps together, one alone {mpps[1]:.2f}: {scaling['ratio']:.2f} times.\n"


def why_not(told):
    """Why something was not measured; null where it was."""
    if not isinstance(told, dict):
        return None
    return told.get("skipped") or told.get("failed")


def pcap_text(pcap):
    if why_not(pcap):
        return f"\n`net_pcap` beside dpdk-testpmd: not measured ({why_not(pcap)}).\n"
    ours, theirs = 1e9 / pcap["classified"], 1e9 / pcap["testpmd"]
    rows = [("dpdk-testpmd, `rxonly`", f"{pcap['testpmd'] / 1e6:.2f}", "none", f"{theirs:.0f}"),
            ("glassbox live `--no-shed`", f"{pcap['classified'] / 1e6:.2f}", "all", f"{ours:.0f}"),
            ("glassbox live", f"{pcap['received'] / 1e6:.2f}", f"{ratio(pcap['looked_at'], pcap['received']):.0%}",
             f"{1e9 / pcap['received']:.0f}")]
    return "\n`net_pcap` with `infinite_rx`, the same thousand frames of the mixed capture again and again:\n\n" + \
        table(("", "Mpps received", "classified", "ns a frame"), rows) + \
        "\nThe driver copies each frame out of a buffer of its own into a new one, in the thread that polls, and frees it " \
        "when it is given back: what dpdk-testpmd's row costs, for it does nothing else. The program pays the same and its " \
        f"own work, here {ours - theirs:.0f} ns a frame: that, over the driver's copy, is what limits it. A card has no " \
        "such copy. Without `--no-shed` the port, which is always full, is taken to be overloaded, and most bursts are only counted.\n"


def live_text(results):
    rows = []
    for row in results["cables"]:
        if why_not(row):
            rows.append((row["source"], f"not measured: {why_not(row)}", "", "", "", "", "", ""))
            continue
        beyond = row["beyond"]
        without_loss = f"{row['zero_loss_rate']:,}" if row["zero_loss_rate"] else "none found"
        rows.append((row["source"], f"{row['sender_rate']:,}", without_loss, f"{beyond['sent']:,}", f"{beyond['arrived']:,}", f"{beyond['seen']:,}", f"{beyond['lost']:,}",
                     "yes" if row["is_exact"] else "no"))
    text = LIVE + "\nThe sender and the polling thread " + \
        ("had a processor each.\n\n" if results["are_parted"] else "shared processors as the kernel saw fit.\n\n")
    text += table(("source", "sender frames/s", "zero loss frames/s", "beyond: sent", "arrived", "seen", "lost",
                   "exact"), rows)
    return text + pcap_text(results["net_pcap"])


def soak_text(told):
    rows = [("source", told["source"]), ("minutes", round(told["seconds"] / 60, 1)),
            ("frames a second", f"{told['rate']:,}"), ("frames sent", f"{told['sent']:,}"),
            ("seen", f"{told['seen']:,}"), ("lost", told["lost"]), ("shed", told["shed"]),
            ("flows ended", f"{told['flows_ended']:,}"), ("reports", told["reports"]),
            ("latest report, s behind its interval", told["latest_seconds"]),
            ("resident MB", told["resident_kb"] >> 10), ("grown kB", told["grown_kb"]),
            ("wrong", "; ".join(told["faults"]) or "nothing")]
    return SOAK + "\n" + table(("", ""), rows)


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


# What bounds each kind of figure, said where a goal was missed; true whatever the figures are.
LIMITS = {
    "boxes": "Boxes: a flow's beginning and end are decided upon by every box, so captures of short flows cost each more a packet than long ones do.",
    "signatures": "All tiers on the mixed capture: rules are compiled at the start (column *start*), which weighs the more the shorter the "
                  "file is; then each flow's first payloads pass Hyperscan and the readers of names. Without what each program "
                  "needs to start, *packets* is the column to compare.",
    "new flows": "Minimum-size frames over a million flows: three packets a flow, so that opening a flow (a record's first touch, "
                 "from memory that the kernel has to give), and ending it, are most of the work.",
    "reading": "Beside reading the file: both copy it out of the page cache; the rest is parsing, naming and counting, and the models' start.",
    "resident": "Resident memory: 128 bytes a flow and the tags, the burst's buffers, models and libraries.",
    "machine": "Share of the machine's rate: the roofline says which stages take the rest. In small tables everything is in "
               "caches, the machine's rate is that of the caches, and computing alone decides.",
    "two": "Two workers: processors that are two threads of one core share its execution units; all share the outer cache and the "
           "channels to memory.",
    "cable": "No loss at the sender's highest rate: the kernel's work for the receiver is done in the sender's time, and what can wait (see Live) "
             "has to outlast every pause of the thread that polls.",
    "exact": "Frames that are neither seen nor reported lost would be a fault of the program.",
    "pcap": "net_pcap: the driver's copy and the classifier's work are done one after the other by one thread (see Live).",
    "flood": "Verdicts under a flood: a full table gives up the idlest of 16 neighbours, first those with a single packet; a real flow that "
             "pauses for long, or has sent one packet so far, is one of them.",
    "look": "One look: trees times their depth, a step being eight instructions, and the memory that the nodes lie in.",
    "soak": "Soak: what went wrong stands in its table.",
}


def offline_goals(results):
    mixed, small = results[0]["rows"], results[1]["rows"]
    lists = [label for label in mixed if label.startswith("replay ")]
    free = [label for label in lists if "signatures" not in label and "stochastic" not in label][-1]
    every = lists[-1]
    for name, least, case, label, limit in (
            ("ndpiReader", 10, mixed, every, "signatures"), ("libndpi loop", 3.5, mixed, every, "signatures"),
            ("libndpi loop", 15, small, free, "new flows"), ("ndpiReader", 50, small, free, "new flows")):
        what = f"{'mixed capture' if case is mixed else '1 M flows, minimum size'}, {label}: less CPU than {name}"
        if name not in case:
            yield what, f"{least} times", "not measured: it is not installed", None, limit
            continue
        reached = ratio(case[name]["whole_seconds"], case[label]["whole_seconds"])
        started = ratio(case[name]["cpu_seconds"], case[label]["cpu_seconds"])
        most = ratio(case[name]["whole_seconds"], case["libpcap alone"]["whole_seconds"])
        yield (what, f"{least} times", f"{reached:.1f} times ({started:.1f} without starts; reading alone: {most:.1f})",
               reached >= least, limit)
    reached = ratio(mixed[free]["whole_seconds"], mixed["libpcap alone"]["whole_seconds"])
    started = ratio(mixed[free]["cpu_seconds"], mixed["libpcap alone"]["cpu_seconds"])
    yield (f"mixed capture, {free}: CPU against libpcap alone", "at most 2 times",
           f"{reached:.2f} times ({started:.2f} without starts)", reached <= 2, "reading")
    if EIGHT_BOXES in mixed:
        for what, case in (("mixed capture", mixed), ("1 M flows, minimum size", small)):
            more = case[EIGHT_BOXES]["ns_per_packet"] - case[every]["ns_per_packet"]
            yield (f"{what}: eight boxes beside {every}", "at most 60 ns a packet more", f"{more:.0f} ns", more <= 60,
                   "boxes")
    peak = small[free]["peak_kb"] / 1024
    yield f"1 M flows, {free}: resident", "under 200 MB", f"{peak:.0f} MB", peak < 200, "resident"


def memory_goals(results):
    for flows, least in ((1_000_000, 0.6), (100_000, 0.35)):
        for row in results["rows"]:
            if (row["flows"], row["spread"], row["size"]) == (flows, "uniform", "minimum"):
                reached = share_of(row, results["headers"])
                yield (f"from memory, {flows:,} flows: share of the machine's rate", f"{least:.0%}",
                       f"{reached:.0%}", reached >= least, "machine")
    scaling = results["scaling"]
    if "skipped" in scaling:
        yield "two workers against one", "1.8 times", f"not measured: {scaling['skipped']}", None, "two"
    else:
        yield "two workers against one", "1.8 times", f"{scaling['ratio']:.2f} times", scaling["ratio"] >= 1.8, "two"


def cable_goals(row):
    no_loss, exact = f"{row['source']}: no loss at the sender's highest rate", f"{row['source']}: exact beyond it"
    if why_not(row):
        yield no_loss, "100 %", "not measured", None, "cable"
        yield exact, "to the frame", "not measured", None, "exact"
        return
    reached = ratio(row["zero_loss_rate"], row["sender_rate"])
    yield no_loss, "100 %", f"{reached:.0%}", reached >= 0.99, "cable"
    yield exact, "to the frame", "yes" if row["is_exact"] else "no", row["is_exact"], "exact"


def live_goals(results):
    for row in results["cables"]:
        if row["source"] != "net_ring":  # no goal: it shows what one worker takes
            yield from cable_goals(row)
    pcap = results["net_pcap"]
    what = "net_pcap, every frame classified: of what dpdk-testpmd receives"
    if why_not(pcap):
        yield what, "60 %", "not measured", None, "pcap"
    else:
        yield what, "60 %", f"{pcap['ratio']:.0%}", pcap["ratio"] >= 0.6, "pcap"


def flood_goals(told):
    yield "flood: verdicts kept", "99 %", f"{told['kept']:.2%}", told["kept"] >= 0.99, "flood"
    is_counted = told["seen"] == told["sent"] and told["balance"] == 0
    is_met = is_counted and told["evicted"] > 0
    yield "flood: every frame counted, full table reported", "yes", "yes" if is_met else "no", is_met, "exact"


def look_goals(told):
    most = max(row["ns"] for row in told["rows"])
    yield "one look of the headers tier", "under 1,000 ns", f"{most} ns at most", most < 1000, "look"


def soak_goals(told):
    minutes = told["seconds"] / 60
    wrong = "; ".join(told["faults"]) or "none of these"
    yield "soak: 10 minutes without loss, growth or a late report", "none of these", f"{wrong}, in {minutes:.1f} minutes", \
        not told["faults"] and minutes > 9.9, "soak"


GOALS = {"offline": offline_goals, "memory": memory_goals, "live": live_goals, "flood": flood_goals, "soak": soak_goals,
         "look": look_goals}
TEXTS = {"offline": offline_text, "memory": memory_text, "live": live_text, "growth": growth_text, "flood": flood_text,
         "soak": soak_text, "look": look_text}
HEADS = {"offline": OFFLINE, "memory": MEMORY, "live": LIVE, "growth": "## Growth\n", "flood": FLOOD, "soak": SOAK,
         "look": "## One look of the headers tier\n"}


def machine_text(results):
    told = results["machine"]
    build = ", ".join(f"{name} {value}" for name, value in results.get("build", {}).items())
    yardsticks = ", ".join(f"{name} {version}" for name, version in results.get("yardsticks", {}).items())
    return f"\nMeasured {told['date']}: {told['processor']}, {told['processors']} processors, Linux {told['kernel']}, " \
           f"{told['compiler']}, transparent huge pages: {told['huge_pages']}, load at the start {told['load']}.\n" \
           f"Built with {build}. Yardsticks, as installed: {yardsticks}.\n"


def goals_of(results):
    for part, goals in GOALS.items():
        if part not in results:
            yield part, "", "not measured", None, None
        elif why_not(results[part]):
            yield part, "", f"not measured: {why_not(results[part])}", None, None
        else:
            yield from goals(results[part])


READING_ALONE = """
*Reading alone* is the same ratio for a program that reads the file through libpcap and does nothing: none can do better on that file.

What bounds those that were not met:

"""


def goals_text(results):
    told = list(goals_of(results))
    said = {True: "yes", False: "**no**", None: "not measured"}
    text = "\n## Goals\n\n" + table(("goal", "wanted", "reached", "met"),
                                   [(what, wanted, reached, said[is_met]) for what, wanted, reached, is_met, _ in told])
    missed = dict.fromkeys(limit for *_, is_met, limit in told if is_met is False)
    if missed:
        text += READING_ALONE + "".join(f"- {LIMITS[limit]}\n" for limit in missed)
    return text


def part_text(part, told):
    if why_not(told):
        return HEADS[part] + f"\nNot measured: {why_not(told)}.\n"
    return TEXTS[part](told)


def instructions_text():
    baseline = HERE / "instructions.json"
    if not baseline.exists():
        return ""
    counts = json.loads(baseline.read_text(encoding="utf-8"))["counts"]
    return "## Instructions\n\nOf the project's own functions, a packet, by tests/bench/instructions.json:\n\n" + \
        table(("run", "instructions"), [(name, f"{count:.1f}") for name, count in counts.items()])


def page_of(results):
    parts = [INTRO + (QUICK if results.get("quick") else "") + machine_text(results) + goals_text(results)]
    parts += [part_text(part, results[part]) for part in TEXTS if part in results]
    parts += [instructions_text(), METHOD]
    return "\n".join(part for part in parts if part)


def main():
    results = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    pathlib.Path(sys.argv[2]).write_text(page_of(results), encoding="utf-8")


if __name__ == "__main__":
    main()
