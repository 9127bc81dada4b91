# SPDX-License-Identifier: BSD-3-Clause
"""Reads what `glassbox-train measure` wrote, and makes figures of it."""
import collections
import csv
import math
import random

RESAMPLES = 1000
FEW_FLOWS = 50  # classes with fewer are counted in no target


class Flow:
    """One decision; `known` says whether its protocol was learned."""

    def __init__(self, row):
        self.site, self.capture, self.label = row["site"], row["capture"], row["label"]
        self.group, self.verdict = row["group"], row["verdict"]
        self.verdict_group = row["verdict_group"]
        self.bytes, self.packets = int(row["bytes"]), int(row["packets"])
        self.confidence, self.score = int(row["confidence"]) / 65535, int(row["score"])
        self.known = row["learned"] == "1"
        self.right = self.verdict == self.label
        self.right_group = self.verdict != "unknown" and self.verdict_group == self.group


def read(path):
    with open(path, newline="", encoding="ascii") as file:
        return [Flow(row) for row in csv.DictReader(file, delimiter="\t")]


def frequent(flows, key=lambda flow: flow.label):
    """Learned flows of the classes with FEW_FLOWS or more."""
    counts = collections.Counter(key(flow) for flow in flows)
    return [flow for flow in flows if flow.known and counts[key(flow)] >= FEW_FLOWS]


def wilson(hits, cases):
    """Score interval of 95 % (Wilson 1927)."""
    if not cases:
        return 0.0, 1.0
    z, share = 1.959964, hits / cases
    middle = (share + z * z / (2 * cases)) / (1 + z * z / cases)
    half = z / (1 + z * z / cases) * math.sqrt(
        share * (1 - share) / cases + z * z / (4 * cases * cases)
    )
    return max(0.0, middle - half), min(1.0, middle + half)


def shares(flows, is_right, weight):
    """By capture: what is right, and all."""
    captures = collections.defaultdict(lambda: [0, 0])
    for flow in flows:
        captures[flow.capture][0] += weight(flow) if is_right(flow) else 0
        captures[flow.capture][1] += weight(flow)
    return list(captures.values())


def rate(flows, is_right, by_bytes=False):
    """The share that is right, with the 2.5 and 97.5 percentiles of bootstraps over captures."""
    cells = shares(flows, is_right, (lambda flow: flow.bytes) if by_bytes else lambda flow: 1)
    whole = sum(cell[1] for cell in cells)
    if not whole:
        return None
    value = sum(cell[0] for cell in cells) / whole
    if len(cells) < 5:
        return value, None, None
    draw = random.Random(1)
    drawn = []
    for _ in range(RESAMPLES):
        sample = draw.choices(cells, k=len(cells))
        all_of = sum(cell[1] for cell in sample)
        drawn.append(sum(cell[0] for cell in sample) / all_of if all_of else 1.0)
    drawn.sort()
    return value, drawn[int(RESAMPLES * 0.025)], drawn[int(RESAMPLES * 0.975) - 1]


def by(flows, key):
    parts = collections.defaultdict(list)
    for flow in flows:
        parts[key(flow)].append(flow)
    return dict(sorted(parts.items()))


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def macro(flows):
    """The mean over protocols of the share in the right group."""
    parts = by(flows, lambda flow: flow.label).values()
    return mean(mean(flow.right_group for flow in part) for part in parts)


def expected_calibration_error(flows, bins=15):
    decided = [flow for flow in flows if flow.known and flow.verdict != "unknown"]
    cells = collections.defaultdict(lambda: [0.0, 0])
    for flow in decided:
        cell = cells[min(bins - 1, int(flow.confidence * bins))]
        cell[0] += flow.confidence - flow.right
        cell[1] += 1
    return sum(abs(cell[0]) for cell in cells.values()) / len(decided)


def reliability(flows, bins=10):
    """Confidence, share right and flows of each tenth."""
    cells = collections.defaultdict(list)
    for flow in flows:
        if flow.known and flow.verdict != "unknown":
            cells[min(bins - 1, int(flow.confidence * bins))].append(flow)
    return [
        (mean(f.confidence for f in cell), mean(f.right for f in cell), len(cell))
        for _, cell in sorted(cells.items())
    ]


def area(known, unknown, key):
    """AUROC: how often a known flow stands above an unknown one (Mann, Whitney 1947)."""
    marked = sorted([(key(f), 1) for f in known] + [(key(f), 0) for f in unknown])
    ranks, at = 0.0, 0
    while at < len(marked):
        end = at
        while end < len(marked) and marked[end][0] == marked[at][0]:
            end += 1
        ranks += sum(mark for _, mark in marked[at:end]) * (at + 1 + end) / 2
        at = end
    n = len(known)
    return (ranks - n * (n + 1) / 2) / (n * len(unknown))


def accepted(known, unknown, key, keep=0.95):
    """Shares of unknown flows and bytes at or above the threshold that keeps so many known."""
    threshold = sorted(key(f) for f in known)[int(len(known) * (1 - keep))]
    taken = [f for f in unknown if key(f) >= threshold]
    return len(taken) / len(unknown), sum(f.bytes for f in taken) / sum(f.bytes for f in unknown)


def median(values):
    values = sorted(values)
    return values[len(values) // 2]
