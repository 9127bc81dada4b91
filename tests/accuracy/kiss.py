#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measures the stochastic tier on endpoints: how often it is right, and how often it names what it
cannot know.

Usage: kiss.py GLASSBOX-TRAIN [CAPTURES]

Prints Markdown. The corpus is tests/data/lab-kiss; CAPTURES is a folder of third-party captures with
its flows.csv, of sites that nothing here was learnt from. Splits:

  another run    learnt from all networks, tried on a second run of one of them
  another site   learnt from all networks but one, tried on that one; each in turn
  half known     as both of these, with every other class learnt as what it is, and half of the others
                 as background; each class is in turn known, background, and never seen

True positives are endpoints of learnt classes that are called what they are; their mean and worst are
over classes. False positives are endpoints of other classes that are called anything: apart for
classes that were learnt as background and for those that nothing like was learnt from.
"""
import collections
import concurrent.futures
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
BACKGROUND = "unknown"
# The curve: reaches of all classes, times these.
FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0)
# About what the grid finds, so that it need not be searched for each split; and fewer rows and folds
# than the shipped model's, so that all of it takes seconds. KISS_OPTIONS in the environment is added,
# to try others.
FIXED = ["--cost", "16", "--gamma", "1", "--most", "120", "--folds", "4"]
FIXED += os.environ.get("KISS_OPTIONS", "").split()


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

    def verdicts(self, name, header, learnt, tried, background=()):
        """Learns from some rows, those of `background` as none of the classes, and returns what became
        of the labels ("class", "background"), the classes' margins and reaches, and by method
        the windows of other rows."""
        learnt_path = self.write(f"{name}.learnt.csv", header, learnt)
        tried_path = self.write(f"{name}.tried.csv", header, tried)
        model = os.path.join(self.folder, f"{name}.model")
        same = [word for label in sorted(background) for word in ("--same", f"{label}=unknown")]
        text = self.run("kiss", *FIXED, *same, learnt_path)
        with open(model, "w") as file:
            file.write(text)
        limits = {
            words[1]: (int(words[-3]), int(words[-1]))
            for words in map(str.split, text.splitlines())
            if words[0] == "class"
        }
        roles = {
            row[5]: "class" if row[5] in limits and row[5] not in background else "background"
            for row in learnt
        }
        told = {
            method: list(
                csv.DictReader(
                    self.run(
                        "kiss-test", "--windows", "--model", model, "--method", method, tried_path
                    ).splitlines()
                )
            )
            for method in METHODS
        }
        return roles, limits, told


def word_of(window, limits, factor):
    """The window's verdict, were all reaches so many times as long."""
    if factor == 1:
        return window["verdict"]
    margin, reach = limits[window["winner"]]
    is_near = int(window["distance"]) <= reach * factor * factor
    return window["winner"] if is_near and int(window["margin"]) >= margin else BACKGROUND


def endpoints(windows, limits, factor):
    """Each endpoint's first window and its verdict after the last, as stochastic_note_word has it."""
    first, verdicts = {}, {}
    for window in windows:
        key = tuple(window[name] for name in ("site", "capture", "half", "endpoint"))
        first.setdefault(key, window)
        word = word_of(window, limits, factor)
        verdict, strength = verdicts.get(key, (word, 0))
        if strength and word == verdict:
            strength = min(strength + 1, 7)
        elif strength > 1:
            strength -= 1
        else:
            verdict, strength = word, 1
        verdicts[key] = verdict, strength
    for key, window in first.items():
        yield window, verdicts[key][0]


class Score:
    """Endpoints by class, and how many of them were called what."""

    def __init__(self):
        self.called = collections.defaultdict(collections.Counter)
        self.others = {"background": collections.Counter(), "unseen": collections.Counter()}

    def add(self, roles, told, is_whole):
        for window, verdict in told:
            if (window["half"] == "both") != is_whole:
                continue
            role = roles.get(window["label"], "unseen")
            if role == "class":
                self.called[window["label"]][verdict] += 1
            else:
                self.others[role][(window["label"], verdict)] += 1

    def named(self, role):
        counts = self.others[role]
        named = sum(n for (_, verdict), n in counts.items() if verdict != BACKGROUND)
        return share(named, sum(counts.values()))

    def recalls(self):
        return {
            label: called[label] / sum(called.values()) for label, called in self.called.items()
        }

    def summary(self):
        recalls = self.recalls()
        right = sum(called[label] for label, called in self.called.items())
        endpoints = sum(sum(called.values()) for called in self.called.values())
        worst = min(recalls, key=lambda label: (recalls[label], label)) if recalls else "-"
        return (
            f"{endpoints} | {len(recalls)} | {share(right, endpoints)} | "
            f"{100 * sum(recalls.values()) / max(1, len(recalls)):.1f} % | "
            f"{100 * recalls.get(worst, 0):.1f} % ({worst}) | "
            f"{self.named('background')} | {self.named('unseen')}"
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
    """Four ways to part the labels: known, and of the others those that are background."""
    labels = sorted({row[5] for row in rows})
    for known in (0, 1):
        others = labels[1 - known :: 2]
        for part in (0, 1):
            yield set(labels[known::2]), set(others[part::2])


def plan(rows):
    """Name of the split, rows to learn from, rows to try, labels that are background."""
    for name, learnt, tried in splits(rows):
        yield name, learnt, tried, set()
        for known, background in halves(rows):
            kept = [row for row in learnt if row[5] in known | background]
            yield name + ", half known", kept, tried, background


def measure(trainer, header, rows):
    """Scores by method, split and factor, of whole and of one-way captures."""

    def by_factor():
        return collections.defaultdict(lambda: (Score(), Score()))

    scores = {method: collections.defaultdict(by_factor) for method in METHODS}

    def learn(number, job):
        name, learnt, tried, background = job
        if len({row[5] for row in learnt}) < 2 or not tried:
            return name, ({}, {}, {})
        return name, trainer.verdicts(str(number), header, learnt, tried, background)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, result in pool.map(learn, *zip(*enumerate(plan(rows)))):
            add(scores, name, *result)
    return scores


def add(scores, name, roles, limits, told):
    for method, windows in told.items():
        for factor in FACTORS if method == "vectors" else (1.0,):
            for is_whole in (True, False):
                scores[method][name][factor][not is_whole].add(
                    roles, endpoints(windows, limits, factor), is_whole
                )


def print_scores(title, scores):
    print(f"\n### {title}\n")
    print(
        "| split | capture | endpoints | classes | right | mean | worst | background named "
        "| unseen named |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, by_factor in scores.items():
        for score, capture in zip(by_factor[1.0], ("whole", "one-way")):
            print(f"| {name} | {capture} | {score.summary()} |")


def print_curve(scores):
    print("\n### Reach against error, whole captures\n")
    print(
        "| split | reach times | endpoints | classes | right | mean | worst | background named "
        "| unseen named |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, by_factor in scores.items():
        for factor in FACTORS if "half" in name else ():
            print(f"| {name} | {factor} | {by_factor[factor][0].summary()} |")


def print_errors(scores):
    print("\n### What was taken for what, whole captures\n")
    print("| split | is | called | endpoints |\n|---|---|---|---|")
    for name, by_factor in scores.items():
        score = by_factor[1.0][0]
        errors = [
            (n, label, verdict)
            for label, called in score.called.items()
            for verdict, n in called.items()
            if verdict != label
        ]
        errors += [
            (n, f"{label} ({role})", verdict)
            for role, counts in score.others.items()
            for (label, verdict), n in counts.items()
            if verdict != BACKGROUND
        ]
        for n, label, verdict in sorted(errors, key=lambda error: (-error[0], error[1:])):
            print(f"| {name} | {label} | {verdict} | {n} |")


def print_classes(scores):
    print("\n### Classes, whole captures\n")
    names = [name for name in scores if "half" not in name]
    labels = sorted({label for name in names for label in scores[name][1.0][0].called})
    print("| class | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for label in labels:
        cells = []
        for name in names:
            called = scores[name][1.0][0].called.get(label, {})
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
            result = trainer.verdicts("foreign", header, rows, foreign)
            add(scores, "lab to third-party captures", *result)
        for method, title in METHODS.items():
            print_scores(title, scores[method])
        scores = scores["vectors"]
        print_curve(scores)
        print_classes(scores)
        print_errors(scores)


main()
