#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/audit/collateral.py GLASSBOX DOCUMENT [LAB]: holds the collateral that an audit reports, by the signatures
tier, against the true one, by the lab's own truth, for every shipped box, and writes DOCUMENT (docs/collateral.md).
LAB is what `make lab` left, or else the corpus of it in tests/data/lab. Exits 0 whether they agree or not: the page
says so."""

import csv
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT / "tests/data/lab"
BOXES = sorted((ROOT / "models/boxes").glob("*.yaml"))
WITHIN = 0.01  # of what is acted on
EVENING = 18  # o'clock

TEXT = """# Collateral: reported and true

Written by `tests/audit/collateral.py GLASSBOX docs/collateral.md LAB`; only the prose is by hand. It holds `glassbox audit` with each shipped box against what
`make lab` captured (method.md), where it is known of every flow which program it is: {files} captures, {flows} flows, {bytes} wire bytes.

- **True**: of what a box acts on, the share of bytes that its rules do not mean, by the truth (`--truth`). Flows without a row of high
  confidence are no part of it.
- **Reported**: the same share as an audit without truth gives it, by what the signatures tier knows (`mistaken_share`). Where that tier is
  silent, bytes are *unsure* and no part of the share.
- **Bounds**: what a reader who is told both can conclude without trusting the silence: the least the share can be, if all that is unsure was
  meant, and the most, if none was.

The aim is a reported share within one point of the true one. *Unsure* has to be read along: where it is large, the reported share speaks for the rest alone.

Boxes see what they see of the same frames in both runs; what differs is who judges. Boxes that look at the clock are told one by which it is evening. With a
truth each capture stands alone, without one they follow each other; where rules count flows or fill buckets, a box may act on a little more or less.

"""


def combined_truth(lab, folder):
    """One file about all captures, named from the corpus' root."""
    path = pathlib.Path(folder, "truth.csv")
    captures = []
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = None
        for truth in sorted(lab.glob("*/*.csv")):
            with open(truth, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            capture = truth.with_suffix(".pcap")
            if not rows or not capture.exists():
                continue
            if writer is None:
                writer = csv.DictWriter(out, list(rows[0]), extrasaction="ignore", restval="")
                writer.writeheader()
            captures.append(capture)
            for row in rows:
                writer.writerow({**row, "capture": str(capture.relative_to(lab))})
    return path, captures


def boxes_of_the_evening(folder, capture):
    """The shipped boxes, with a clock by which it was EVENING when the capture began, whenever the lab ran."""
    seconds = struct.unpack("<I", capture.read_bytes()[24:28])[0]
    minutes = (EVENING * 60 - seconds // 60 + 720) % 1440 - 720
    clock = f'clock: "{"-" if minutes < 0 else "+"}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"'
    for box in BOXES:
        told = pathlib.Path(folder, box.name)
        told.write_text(re.sub("^clock: .*$", clock, box.read_text(encoding="utf-8"), flags=re.M), encoding="utf-8")
        yield told


def audit(glassbox, captures, boxes, *options):
    command = [glassbox, "audit", "--format", "json", "--no-ladder", "--flows", "65536", "--subscribers",
               "198.51.100.0/24,2001:db8:1::/64", *options, *captures, *boxes]
    done = subprocess.run(list(map(str, command)), capture_output=True, check=False, text=True)
    if done.returncode:
        sys.exit(f"collateral: {done.stderr[-1000:]}")
    return json.loads(done.stdout)


def share(part, whole):
    return part / whole if whole else None


def percent(value):
    return "-" if value is None else f"{value * 100:.1f} %"


def row_of(true, reported):
    judged, said = true["own"]["outcome"], reported["own"]["outcome"]
    acted = said["acted"]["bytes"]
    known = judged["right"]["bytes"] + judged["mistaken"]["bytes"]
    is_share = share(judged["mistaken"]["bytes"], known)
    is_told = share(said["mistaken"]["bytes"], said["right"]["bytes"] + said["mistaken"]["bytes"])
    low = share(said["mistaken"]["bytes"], acted)
    high = share(said["mistaken"]["bytes"] + said["unsure"]["bytes"], acted)
    apart = None if is_share is None or is_told is None else is_told - is_share
    verdict = "-" if apart is None else "yes" if abs(apart) <= WITHIN else "no"
    bounded = "-" if is_share is None or low is None else "yes" if low - WITHIN <= is_share <= high + WITHIN else "no"
    return [true["box"], str(judged["acted"]["bytes"]), str(acted), percent(is_share), percent(is_told),
            "-" if apart is None else f"{apart * 100:+.1f}", percent(share(said["unsure"]["bytes"], acted)),
            f"{percent(low)} to {percent(high)}" if low is not None else "-", verdict, bounded]


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def main():
    glassbox, document = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    lab = pathlib.Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else CORPUS
    with tempfile.TemporaryDirectory() as folder:
        truth, captures = combined_truth(lab, folder)
        boxes = list(boxes_of_the_evening(folder, captures[0]))
        true = audit(glassbox, captures, boxes, "--truth", truth, "--root", lab, "--aliases",
                     ROOT / "tests/accuracy/aliases.txt")
        reported = audit(glassbox, captures, boxes)
    rows = [row_of(one, other) for one, other in zip(true["boxes"], reported["boxes"], strict=True)]
    text = TEXT.format(files=len(captures), flows=true["boxes"][0]["own"]["seen"]["flows"],
                       bytes=true["seen"]["bytes_in_flows"])
    text += table(("box", "acted on (truth run)", "acted on", "true", "reported", "points", "unsure", "bounds",
                   "within 1 point", "true within bounds"), rows)
    unknown = reported["reference"]["unknown"]["bytes"]
    text += f"\nOf all bytes, {percent(share(unknown, reported['seen']['bytes_in_flows']))} are of flows that the " \
            f"signatures tier cannot name here, {percent(share(true['reference']['unknown']['bytes'], true['seen']['bytes_in_flows']))} " \
            "of flows that the truth says nothing about.\n"
    document.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
