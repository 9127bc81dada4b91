#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measures the headers and the stochastic tier on the lab's corpus and writes docs/accuracy.md.

Usage: accuracy.py BUILD DOCUMENT [--card CARD --captures FOLDER] [--keep FOLDER [--reuse]]

Runs `glassbox-train dataset` and `glassbox-train measure` of BUILD, and kiss.py beside this script. With --card also the card of the
default model is written; FOLDER has real captures and their flows.csv. With --keep the decisions
stay in FOLDER, and --reuse takes those that are there instead of making them again.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import decisions as d  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What the shipped model is learned with; models/default.headers.md says why.
RECIPE = open(os.path.join(ROOT, "models/default.recipe"), encoding="ascii").read().split()
TIMING = "gap_*,pace_*,mean_gap,mean_pace,longest_*,run_gap,run_pace,turn_gap,turn_pace"
BASELINES = {
    "majority": "the most frequent protocol",
    "ports": "the ports tier",
    "first-four": "the first four bytes of payload each way",
    "tree": "Pietrzyk's decision tree: ports, sizes of four packets",
    "bayes": "Pietrzyk's naive Bayes with kernels, the same",
}
RUNS = {
    "captures": ["--split", "captures", *RECIPE],
    "sites": ["--split", "sites", *RECIPE],
    "classes": ["--split", "classes", *RECIPE],
    "last": ["--split", "captures", "--folds", "3", "--last", *RECIPE],
    "xgboost": ["--split", "captures", "--folds", "3", "--method", "xgboost", *RECIPE],
    "share-25": ["--split", "captures", "--folds", "3", "--last", *RECIPE, "--share", "25"],
    "share-50": ["--split", "captures", "--folds", "3", "--last", *RECIPE, "--share", "50"],
    "trees-4": ["--split", "captures", "--folds", "3", "--last", *RECIPE, "--trees", "4"],
    "trees-10": ["--split", "captures", "--folds", "3", "--last", *RECIPE, "--trees", "10"],
    "plain": ["--split", "captures", "--folds", "3", "--last", *RECIPE, "--plain"],
    "sites-last": ["--split", "sites", "--last", *RECIPE],
    "sites-timeless": ["--split", "sites", "--last", *RECIPE, "--without", TIMING],
    "sites-plain": ["--split", "sites", "--last", *RECIPE, "--plain"],
}
for _name in BASELINES:
    RUNS[f"{_name}-captures"] = ["--split", "captures", "--method", _name]
    RUNS[f"{_name}-sites"] = ["--split", "sites", "--method", _name]


class Lab:
    """Runs what is measured, each once."""

    def __init__(self, build, folder, reuse):
        self.program = os.path.join(build, "models/train/glassbox-train")
        self.folder, self.reuse = folder, reuse
        self.rows = os.path.join(folder, "lab.rows")
        self.made = self.call(
            "dataset", "--lab", "tests/data/lab", "--aliases", "tests/accuracy/aliases.txt",
            "--vary", "--output", self.rows,
        )

    def real(self, captures):
        """Decisions on real captures, by models that learned from others of them and from the lab."""
        rows = os.path.join(self.folder, "more.rows")
        path = os.path.join(self.folder, "real.decisions")
        if not (self.reuse and os.path.exists(path)):
            subprocess.run(
                [self.program, "dataset", "--truth", f"{captures}/flows.csv", "--root", captures,
                 "--label-column", "consensus", "--confidence-column", "confidence", "--aliases",
                 "tests/eval/aliases.txt", "--overrule", "tests/eval/overruled.csv", "--vary",
                 "--output", rows], cwd=ROOT, check=False, capture_output=True,
            )
            self.call("measure", "--rows", rows, "--also", self.rows, "--split", "captures",
                      "--folds", "3", "--output", path, *RECIPE)
        return d.read(path)

    def call(self, *arguments):
        done = subprocess.run(
            [self.program, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def flows(self, name):
        """The decisions of one run; None where the program cannot make them."""
        path = os.path.join(self.folder, f"{name}.decisions")
        if not (self.reuse and os.path.exists(path)):
            print(f"measuring {name}", file=sys.stderr)
            try:
                self.call("measure", "--rows", self.rows, "--output", path, *RUNS[name])
            except subprocess.CalledProcessError as failure:
                if "not among those built in" in failure.stderr:
                    return None
                raise SystemExit(failure.stderr)
        return d.read(path)


def per_cent(value, digits=1):
    return "–" if value is None else f"{100 * value:.{digits}f}"


def interval(measured):
    if measured is None:
        return "–"
    value, low, high = measured
    if low is None:
        return per_cent(value)
    return f"{per_cent(value)} ({per_cent(low)} to {per_cent(high)})"


def right_group(flow):
    return flow.right_group


def right(flow):
    return flow.right


def many(number):
    return f"{number:,}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("|" + "|".join(["---"] + ["--:"] * (len(head) - 1)) + "|")
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def summary(flows):
    chosen = d.frequent(flows)
    other = [flow for flow in chosen if flow.label not in ("dns", "ntp")]
    return {
        "flows": d.rate(chosen, right_group),
        "bytes": d.rate(chosen, right_group, True),
        "protocol": d.rate(chosen, right),
        "macro": d.macro(chosen),
        "other": d.rate(other, right_group),
        "unknown": d.mean(flow.verdict == "unknown" for flow in chosen),
        "packets": d.median(flow.packets for flow in chosen),
        "ece": d.expected_calibration_error(chosen),
    }


def summary_rows(lab):
    measured = {name: summary(lab.flows(name)) for name in ("captures", "sites")}
    lines = []
    for name, key in (
        ("flows in the right group", "flows"), ("bytes in the right group", "bytes"),
        ("the same without dns and ntp, flows", "other"), ("flows of the right protocol", "protocol"),
    ):
        lines.append([name] + [interval(measured[s][key]) for s in measured])
    lines.append(["mean over protocols, right group"] + [per_cent(m["macro"]) for m in measured.values()])
    lines.append(["called unknown"] + [per_cent(m["unknown"], 2) for m in measured.values()])
    lines.append(["data packets before the verdict, median"] + [m["packets"] for m in measured.values()])
    lines.append(["expected calibration error"] + [f"{m['ece']:.4f}" for m in measured.values()])
    return table(["%", "other captures of known sites", "a site not seen"], lines)


def target_rows(lab):
    """The issue's targets beside what was measured."""
    same, apart = summary(lab.flows("captures")), summary(lab.flows("sites"))
    known, unknown = held_out(lab)
    area = d.area(known, unknown, lambda flow: flow.score)
    taken = d.accepted(known, unknown, lambda flow: flow.score)
    worst = min((gap for *_, gap in class_gaps(lab)), default=0)
    points = 100 * (same["flows"][0] - apart["flows"][0])
    rows = [
        ("known sites: flows in the right group", "≥ 97 %", per_cent(same["flows"][0]), same["flows"][0] >= 0.97),
        ("known sites: bytes in the right group", "≥ 97 %", per_cent(same["bytes"][0]), same["bytes"][0] >= 0.97),
        ("median data packets before the verdict", "≤ 6", same["packets"], same["packets"] <= 6),
        ("a site not seen: points of flows lost", "≤ 3", f"{points:.1f}", points <= 3),
        ("a site not seen: most points lost by a protocol", "≤ 5", f"{-100 * worst:.1f}", worst >= -0.05),
        ("held-out protocols: AUROC", "≥ 0.95", f"{area:.3f}", area >= 0.95),
        ("held-out protocols: their bytes taken at 95 % true positives", "≤ 5 %", per_cent(taken[1]), taken[1] <= 0.05),
        ("expected calibration error, known sites", "< 0.02", f"{same['ece']:.4f}", same["ece"] < 0.02),
        ("expected calibration error, a site not seen", "< 0.02", f"{apart['ece']:.4f}", apart["ece"] < 0.02),
    ]
    boosted = lab.flows("xgboost")
    if boosted:
        behind = 100 * (
            d.mean(f.right_group for f in d.frequent(boosted))
            - d.mean(f.right_group for f in d.frequent(lab.flows("last")))
        )
        rows.append(("points behind XGBoost on the same rows", "≤ 1", f"{behind:.2f}", behind <= 1))
    return table(
        ["", "to reach", "measured", "reached"],
        [[name, wanted, got, "yes" if is_met else "**no**"] for name, wanted, got, is_met in rows],
    )


def class_gaps(lab):
    """Protocols with enough flows both ways: name, flows, shares in the right group, the gap."""
    same = d.by(d.frequent(lab.flows("captures")), lambda flow: flow.label)
    apart = d.by(d.frequent(lab.flows("sites")), lambda flow: flow.label)
    for label in same:
        if label not in apart:
            continue
        a, b = (d.mean(flow.right_group for flow in part[label]) for part in (same, apart))
        yield label, len(apart[label]), a, b, b - a


def mistakes(flows, key):
    counts = {}
    for flow in flows:
        if not flow.right_group:
            counts[key(flow)] = counts.get(key(flow), 0) + 1
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3]
    return ", ".join(f"{name} {count}" for name, count in most)


def f1(flows, key, verdict, name):
    hits = sum(1 for f in flows if key(f) == name == verdict(f))
    claimed = sum(1 for f in flows if verdict(f) == name)
    true = sum(1 for f in flows if key(f) == name)
    return hits / claimed if claimed else None, hits / true, 2 * hits / (claimed + true)


def protocol_rows(lab):
    same = d.by(lab.flows("captures"), lambda flow: flow.label)
    sites = [flow for flow in lab.flows("sites") if flow.known]
    rows = []
    for label, flows in d.by(sites, lambda flow: flow.label).items():
        if len(flows) < d.FEW_FLOWS:
            continue
        low, high = d.wilson(sum(f.right_group for f in flows), len(flows))
        precision, recall, score = f1(sites, lambda f: f.label, lambda f: f.verdict, label)
        rows.append([
            label, many(len(flows)), per_cent(d.mean(f.right_group for f in same[label])),
            f"{per_cent(d.mean(f.right_group for f in flows))} ({per_cent(low)} to {per_cent(high)})",
            interval(d.rate(flows, right_group, True)), per_cent(precision), per_cent(recall),
            per_cent(score), mistakes(flows, lambda f: f.verdict),
        ])
    return table(
        ["protocol", "flows", "known sites: group", "site not seen: group", "its bytes",
         "precision", "recall", "F1", "called instead"], rows,
    )


def group_rows(lab):
    rows = []
    same = d.by([f for f in lab.flows("captures") if f.known], lambda flow: flow.group)
    sites = [flow for flow in lab.flows("sites") if flow.known]
    for group, flows in d.by(sites, lambda flow: flow.group).items():
        precision, _, score = f1(sites, lambda f: f.group, lambda f: f.verdict_group, group)
        rows.append([
            group, many(len(flows)), interval(d.rate(same[group], right_group)),
            interval(d.rate(same[group], right_group, True)), interval(d.rate(flows, right_group)),
            interval(d.rate(flows, right_group, True)), per_cent(precision), per_cent(score),
        ])
    return table(
        ["group", "flows", "known sites: flows", "bytes", "site not seen: flows", "bytes",
         "precision", "F1"], rows,
    )


def site_rows(lab):
    rows = []
    same = d.by(d.frequent(lab.flows("captures")), lambda flow: flow.site)
    for site, flows in d.by(d.frequent(lab.flows("sites")), lambda flow: flow.site).items():
        other = [flow for flow in flows if flow.label not in ("dns", "ntp")]
        rows.append([
            site, many(len(flows)), interval(d.rate(same[site], right_group)),
            interval(d.rate(flows, right_group)), interval(d.rate(flows, right_group, True)),
            interval(d.rate(other, right_group)),
        ])
    return table(
        ["network", "flows", "known: flows", "not seen: flows", "bytes", "flows without dns, ntp"], rows
    )


def baseline_rows(lab):
    rows = []
    for name, meaning in [("", "**headers tier**"), *BASELINES.items()]:
        cells = [meaning]
        for split in ("captures", "sites"):
            flows = d.frequent(lab.flows(f"{name}-{split}" if name else split))
            other = [flow for flow in flows if flow.label not in ("dns", "ntp")]
            cells += [
                per_cent(d.mean(f.right_group for f in flows)), per_cent(d.rate(flows, right_group, True)[0]),
                per_cent(d.mean(f.right_group for f in other)), per_cent(d.macro(flows)),
            ]
        rows.append(cells)
    return table(
        ["right group, %", "known sites: flows", "bytes", "without dns, ntp", "mean of protocols",
         "site not seen: flows", "bytes", "without dns, ntp", "mean of protocols"], rows,
    )


def curve_rows(lab):
    kinds = [
        ("last", "as shipped, all evidence, nothing rejected"),
        ("xgboost", "XGBoost on the same rows (25 rounds, depth 6)"),
        ("share-50", "half of the captures"), ("share-25", "a quarter of the captures"),
        ("trees-10", "10 trees"), ("trees-4", "4 trees"), ("plain", "without copies of flows"),
        ("sites-last", "**sites not seen:** as shipped"),
        ("sites-timeless", "sites not seen: without times"),
        ("sites-plain", "sites not seen: without copies of flows"),
    ]
    rows = []
    for name, meaning in kinds:
        flows = lab.flows(name)
        if flows is None:
            rows.append([meaning] + ["not built in"] * 4)
            continue
        chosen = d.frequent(flows)
        other = [flow for flow in chosen if flow.label not in ("dns", "ntp")]
        rows.append([
            meaning, per_cent(d.mean(f.right_group for f in chosen), 2),
            per_cent(d.rate(chosen, right_group, True)[0], 2),
            per_cent(d.mean(f.right_group for f in other), 2), per_cent(d.macro(chosen), 2),
        ])
    return table(["right group, %", "flows", "bytes", "without dns, ntp", "mean of protocols"], rows)


def held_out(lab):
    flows = [flow for flow in lab.flows("classes")]
    return [f for f in flows if f.known], [f for f in flows if not f.known]


def unknown_rows(lab):
    known, unknown = held_out(lab)
    elsewhere = [f for f in unknown if f.verdict_group != f.group]
    rows = []
    for meaning, key in (
        ("raw score", lambda f: f.score), ("calibrated confidence", lambda f: f.confidence),
    ):
        flows, volume = d.accepted(known, unknown, key)
        apart, apart_volume = d.accepted(known, elsewhere, key)
        rows.append([
            meaning, f"{d.area(known, unknown, key):.3f}", per_cent(flows), per_cent(volume),
            f"{d.area(known, elsewhere, key):.3f}", per_cent(apart), per_cent(apart_volume),
        ])
    return table(
        ["told apart by", "AUROC", "flows taken at 95 % TPR", "bytes", "other groups: AUROC",
         "flows", "bytes"], rows,
    )


def worst_unknown_rows(lab):
    known, unknown = held_out(lab)
    threshold = sorted(f.score for f in known)[int(len(known) * 0.05)]
    rows = []
    for label, flows in d.by(unknown, lambda flow: flow.label).items():
        taken = [flow for flow in flows if flow.score >= threshold]
        if len(flows) < 20 or not taken:
            continue
        names = d.by(taken, lambda flow: flow.verdict)
        common = max(names, key=lambda name: len(names[name]))
        rows.append([label, len(flows), len(taken), sum(f.bytes for f in taken), common])
    rows.sort(key=lambda row: -row[3])
    return table(
        ["left out", "flows", "taken", "bytes taken", "mostly for"],
        [[row[0], many(row[1]), many(row[2]), many(row[3]), row[4]] for row in rows[:15]],
    )


def reliability_rows(lab):
    rows = []
    for name, meaning in (("captures", "known sites"), ("sites", "site not seen")):
        for confidence, is_right, count in d.reliability(d.frequent(lab.flows(name))):
            rows.append([meaning, f"{confidence:.3f}", f"{is_right:.3f}", many(count)])
    return table(["", "mean confidence", "share right", "flows"], rows)


def packet_rows(lab):
    """How soon it decides, and how well by then."""
    flows = d.frequent(lab.flows("sites"))
    rows = []
    for low, high in ((1, 2), (3, 4), (5, 8), (9, 16), (17, 32), (33, 64)):
        part = [flow for flow in flows if low <= flow.packets <= high]
        if part:
            rows.append([
                f"{low} to {high}", many(len(part)), per_cent(len(part) / len(flows)),
                per_cent(d.mean(f.right_group for f in part)),
            ])
    return table(["data packets at the verdict", "flows", "of all, %", "right group, %"], rows)


def endpoint_lines(lab, captures):
    """What kiss.py says of the stochastic tier, a heading deeper; that it cannot, where libsvm was not there."""
    script = os.path.join(ROOT, "tests/accuracy/kiss.py")
    print("measuring endpoints", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, script, lab.program, *([captures] if captures else [])],
        capture_output=True, text=True, check=False,
    )
    if done.returncode:
        return ["Not measured: " + (done.stderr.strip().splitlines() or ["kiss.py failed"])[-1]]
    return ["#" + line if line.startswith("##") else line for line in done.stdout.strip().splitlines()]


def fill(template, path, parts):
    """Writes the template with each word's lines in its place."""
    with open(os.path.join(ROOT, "tests/accuracy", template), encoding="utf-8") as file:
        text = file.read()
    for word, lines in parts.items():
        text = text.replace(f"@{word}@", "\n".join(lines))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def real_rows(flows):
    """Real captures: all learned protocols, and by protocol those with 20 flows."""
    known = [flow for flow in flows if flow.known]
    rows = [["all learned protocols", many(len(known)), interval(d.rate(known, right_group)),
             interval(d.rate(known, right_group, True)), mistakes(known, lambda f: f.verdict)]]
    for label, part in d.by(known, lambda flow: flow.label).items():
        if len(part) >= 20:
            rows.append([label, many(len(part)), interval(d.rate(part, right_group)),
                         interval(d.rate(part, right_group, True)),
                         mistakes(part, lambda f: f.verdict)])
    return table(["protocol", "flows", "right group: flows", "bytes", "called instead"], rows)


def write_card(lab, captures, path):
    fill("card.md", path, {"CARD": summary_rows(lab), "REAL": real_rows(lab.real(captures))})


def write_document(lab, captures, path):
    parts = {
        "MADE": [lab.made + "."], "RECIPE": ["    " + " ".join(RECIPE)],
        "TARGETS": target_rows(lab), "SUMMARY": summary_rows(lab), "GROUPS": group_rows(lab),
        "SITES": site_rows(lab), "PROTOCOLS": protocol_rows(lab), "BASELINES": baseline_rows(lab),
        "CURVES": curve_rows(lab), "UNKNOWN": unknown_rows(lab), "WORST": worst_unknown_rows(lab),
        "RELIABILITY": reliability_rows(lab), "PACKETS": packet_rows(lab),
        "ENDPOINTS": endpoint_lines(lab, captures),
    }
    fill("accuracy.md", path, parts)


def option(arguments, name):
    return arguments[arguments.index(name) + 1] if name in arguments else None


def write_all(lab, arguments):
    write_document(lab, option(arguments, "--captures"), arguments[1])
    if option(arguments, "--card"):
        write_card(lab, option(arguments, "--captures"), option(arguments, "--card"))


def main(arguments):
    build, keep = os.path.abspath(arguments[0]), option(arguments, "--keep")
    if keep:
        write_all(Lab(build, keep, "--reuse" in arguments), arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_all(Lab(build, folder, False), arguments)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(sys.argv[1:])
