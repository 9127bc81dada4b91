#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measures the stochastic tier on endpoints: how often it is right, and how often it names what it
cannot know.

Usage: kiss.py GLASSBOX-TRAIN [CAPTURES]

Prints Markdown. The corpus is tests/data/lab-kiss; CAPTURES is a folder of third-party captures with
its flows.csv, of sites that nothing here was learnt from. Splits:

  another run    learnt from all networks, tried on a second run of one of them
  another site   learnt from all networks but one, tried on that one; each in turn
  half known     as both of these, learnt from every other class only: the rest is unknown

True positives are endpoints of learnt classes that are called what they are; their mean and worst are
over classes. False positives are endpoints of other classes that are called anything.
"""
import collections
import csv
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "data", "lab-kiss")
# One network, captured twice.
AGAIN = ("fibre", "fibre-again")
# SRTP's first 12 bytes are RTP's (RFC 3711, section 3.1); what others call bittorrent over UDP is uTP.
SAME = {"srtp": "rtp", "bittorrent": "utp"}
METHODS = {"vectors": "Support vectors", "centroids": "Nearest centroid"}
# About what the grid finds, so that it need not be searched for each split; KISS_OPTIONS in the
# environment is added, to try other limits.
FIXED = ["--cost", "16", "--gamma", "0.25", *os.environ.get("KISS_OPTIONS", "").split()]


class Trainer:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, *arguments):
        done = subprocess.run(
            [self.program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        # Captures that end in the middle are complained about, and the rest of them is used.
        if not done.stdout:
            sys.exit(f"kiss.py: {' '.join(arguments[:2])}: {done.stderr}")
        return done.stdout

    def rows(self, *arguments):
        rows = list(csv.reader(self.run("signatures", "--halves", *arguments).splitlines()))
        for row in rows:
            row[5] = SAME.get(row[5], row[5])
        return rows[0], [row for row in rows[1:] if row[3] == "udp"]

    def write(self, name, header, rows):
        path = os.path.join(self.folder, name)
        with open(path, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        return path

    def verdicts(self, header, learnt, tried):
        """The classes of a model learnt from some rows, and what either method calls the endpoints of
        others by it."""
        learnt = self.write("learnt.csv", header, learnt)
        tried = self.write("tried.csv", header, tried)
        model = os.path.join(self.folder, "tried.model")
        text = self.run("kiss", *FIXED, learnt)
        with open(model, "w") as file:
            file.write(text)
        classes = {line.split()[1] for line in text.splitlines() if line.startswith("class ")}
        told = {
            method: list(
                csv.DictReader(
                    self.run(
                        "kiss-test", "--model", model, "--method", method, tried
                    ).splitlines()
                )
            )
            for method in METHODS
        }
        return classes, told


class Score:
    """Endpoints by class, and how many of them were called what."""

    def __init__(self):
        self.called = collections.defaultdict(collections.Counter)
        self.unknown = collections.Counter()

    def add(self, classes, verdicts, is_whole):
        for row in verdicts:
            if (row["half"] == "both") != is_whole:
                continue
            if row["label"] in classes:
                self.called[row["label"]][row["verdict"]] += 1
            else:
                self.unknown[(row["label"], row["verdict"])] += 1

    def recalls(self):
        return {
            label: called[label] / sum(called.values()) for label, called in self.called.items()
        }

    def summary(self):
        recalls = self.recalls()
        right = sum(called[label] for label, called in self.called.items())
        endpoints = sum(sum(called.values()) for called in self.called.values())
        named = sum(n for (_, verdict), n in self.unknown.items() if verdict != "unknown")
        unknown = sum(self.unknown.values())
        worst = min(recalls, key=lambda label: (recalls[label], label)) if recalls else "-"
        return (
            f"{endpoints} | {len(recalls)} | {share(right, endpoints)} | "
            f"{100 * sum(recalls.values()) / max(1, len(recalls)):.1f} % | "
            f"{100 * recalls.get(worst, 0):.1f} % ({worst}) | {share(named, unknown)}"
        )


def share(part, whole):
    return f"{part}/{whole} ({100 * part / whole:.2f} %)" if whole else "-"


def site_of(row):
    return AGAIN[0] if row[0] == AGAIN[1] else row[0]


def splits(rows):
    """Name, rows to learn from, rows to try, for each split and part of it."""
    first = [row for row in rows if row[0] != AGAIN[1]]
    again = [row for row in rows if row[0] == AGAIN[1]]
    yield "another run", first, again
    for site in sorted({site_of(row) for row in rows}):
        yield (
            "another site",
            [row for row in rows if site_of(row) != site],
            [row for row in rows if site_of(row) == site],
        )


def halves(rows):
    labels = sorted({row[5] for row in rows})
    return [set(labels[0::2]), set(labels[1::2])]


def measure(trainer, header, rows):
    """Scores by method and split, of whole and of one-way captures."""
    scores = {method: collections.defaultdict(lambda: (Score(), Score())) for method in METHODS}

    def add(name, learnt, tried):
        if len({row[5] for row in learnt}) < 2 or not tried:
            return
        classes, told = trainer.verdicts(header, learnt, tried)
        for method, verdicts in told.items():
            for is_whole in (True, False):
                scores[method][name][not is_whole].add(classes, verdicts, is_whole)

    for name, learnt, tried in splits(rows):
        print(f"kiss.py: {name}", file=sys.stderr)
        add(name, learnt, tried)
        for known in halves(rows):
            add(name + ", half known", [row for row in learnt if row[5] in known], tried)
    return scores


def print_scores(title, scores):
    print(f"\n### {title}\n")
    print("| split | capture | endpoints | classes | right | mean | worst | unknown ones named |")
    print("|---|---|---|---|---|---|---|---|")
    for name, pair in scores.items():
        for score, capture in zip(pair, ("whole", "one-way")):
            print(f"| {name} | {capture} | {score.summary()} |")


def print_errors(scores):
    print("\n### What was taken for what, whole captures\n")
    print("| split | is | called | endpoints |\n|---|---|---|---|")
    for name, (score, _) in scores.items():
        errors = [
            (n, label, verdict)
            for label, called in score.called.items()
            for verdict, n in called.items()
            if verdict != label
        ]
        errors += [
            (n, label + " (not learnt)", verdict)
            for (label, verdict), n in score.unknown.items()
            if verdict != "unknown"
        ]
        for n, label, verdict in sorted(errors, key=lambda error: (-error[0], error[1:])):
            print(f"| {name} | {label} | {verdict} | {n} |")


def print_classes(scores):
    print("\n### Classes, whole captures\n")
    names = [name for name in scores if "half" not in name]
    labels = sorted({label for name in names for label in scores[name][0].called})
    print("| class | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for label in labels:
        cells = []
        for name in names:
            called = scores[name][0].called.get(label, {})
            cells.append(share(called.get(label, 0), sum(called.values())))
        print(f"| {label} | " + " | ".join(cells) + " |")


def third_party(trainer, captures):
    return trainer.rows(
        "--truth", os.path.join(captures, "flows.csv"), "--root", captures,
        "--label-column", "consensus",
        "--aliases", os.path.join(HERE, "..", "eval", "aliases.txt"),
        "--overrule", os.path.join(HERE, "..", "eval", "overruled.csv"),
    )[1]  # fmt: skip


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    captures = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(CORPUS)
        for name in names
        if name.endswith(".pcap")
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(sys.argv[1], folder)
        header, rows = trainer.rows(*captures)
        scores = measure(trainer, header, rows)
        if len(sys.argv) == 3:
            foreign = third_party(trainer, sys.argv[2])
            classes, told = trainer.verdicts(header, rows, foreign)
            for method, verdicts in told.items():
                for is_whole in (True, False):
                    score = scores[method]["lab to third-party captures"][not is_whole]
                    score.add(classes, verdicts, is_whole)
        for method, title in METHODS.items():
            print_scores(title, scores[method])
        scores = scores["vectors"]
        print_classes(scores)
        print_errors(scores)


main()
