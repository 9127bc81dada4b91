#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/eval/measure.py BUILD CAPTURES [--truth CSV] [--megabytes N] [--write FILE]: the signatures tier's figures as
Markdown. Accuracy by `glassbox eval`, label share against ndpiReader on the same flows, false friends by
random_flows. With --write they replace what stands between the marks in FILE (docs/signatures.md): no
figure there is written by hand."""
import argparse
import csv
import gzip
import ipaddress
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
rules = here.parent.parent / "models" / "rules"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
TUPLE = ("l4", "a_ip", "a_port", "b_ip", "b_port")


def percent(rate, digits=2):
    if rate is None:
        return "–"
    text = f"{rate['value'] * 100:.{digits}f}"
    if "low" in rate:
        text += f" ({rate['low'] * 100:.{digits}f}–{rate['high'] * 100:.{digits}f})"
    return text


def share(part, whole):
    return f"{part:,} ({part / whole * 100:.2f} %)" if whole else "–"


def evaluate(args, *options):
    command = [args.build / "ctl/glassbox", "eval", "--truth", args.truth, "--root", args.captures,
               "--label-column", "consensus", "--aliases", here / "aliases.txt",
               "--overrule", here / "overruled.csv", "--format", "json", *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"measure: glassbox eval failed:\n{run.stderr}")
    return json.loads(run.stdout)


def accuracy(report):
    tier = report["tiers"][0]
    whole = tier["all"]
    yield (f"{report['scored']['flows']:,} flows ({report['scored']['bytes']:,} bytes) in {report['captures']:,} captures are "
           f"scored; {report['overruled']['flows']} of them by an overruled label, {report['withdrawn']['flows']} more are withdrawn; "
           f"{report['not_seen']} of the truth were not seen, {report['not_in_truth']['flows']} seen are not in the truth.\n")
    yield "| protocol | flows | precision % (95 %) | recall % (95 %) | F1 % (95 %) | bytes | precision % | recall % |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    rows = [whole] + [row for row in tier["protocols"] if row["truth"]["flows"] >= 10]
    for row in rows:
        flows, size = row["by_flows"], row["by_bytes"]
        name = "**all**" if row is whole else row["protocol"]
        yield (f"| {name} | {row['truth']['flows']:,} | {percent(flows['precision'])} | {percent(flows['recall'])} | "
               f"{percent(flows['f1'])} | {row['truth']['bytes']:,} | {percent(size['precision'])} | {percent(size['recall'])} |")
    yield ""
    few = [row for row in tier["protocols"] if 0 < row["truth"]["flows"] < 10]
    right = sum(row["right"]["flows"] for row in few)
    yield f"{len(few)} protocols with fewer than 10 flows each: {right} of {sum(r['truth']['flows'] for r in few)} flows right.\n"
    yield "| truth | verdict | flows | bytes |\n|---|---|--:|--:|"
    for row in tier["confusion"][:20]:
        yield f"| {row['truth']} | {row['verdict']} | {row['flows']} | {row['bytes']:,} |"


def end_of(address, port):
    return ipaddress.ip_address(address), int(port)


def name_of(l4, *ends):
    return (l4, *sorted((str(address), port) for address, port in ends))


LINE = re.compile(r"^\s*\d+\s+(TCP|UDP) \[?([0-9a-fA-F.:]+?)\]?:(\d+) <-> \[?([0-9a-fA-F.:]+?)\]?:(\d+) "
                  r"\[proto: ([^/\]]+)/([^\]]+)\].*?\[Confidence: ([^\]]+)\]")
SIDE = re.compile(r"^\s*\d+\s+(TCP|UDP) \[?([0-9a-fA-F.:]+?)\]?:(\d+) -> \[?([0-9a-fA-F.:]+?)\]?:(\d+) "
                  r"\[proto: ([^/\]]+)/([^\]]+)\].*?\[Confidence: ([^\]]+)\]")


def reader_words(capture):
    """How ndpiReader knew each flow of the capture: {name: confidence}; unknown flows are not in it."""
    run = subprocess.run(["ndpiReader", "-i", capture, "-v", "2"], capture_output=True, errors="replace",
                         text=True, check=False, timeout=300)
    words = {}
    for line in run.stdout.splitlines():
        found = LINE.match(line) or SIDE.match(line)
        if not found or found[7] == "Unknown":
            continue
        try:
            name = name_of(found[1].lower(), end_of(found[2], found[3]), end_of(found[4], found[5]))
        except ValueError:
            continue
        if words.get(name) is None or found[8].startswith("DPI"):
            words[name] = found[8]
    return words


def label_share(args, report):
    rows = list(csv.DictReader(open(args.truth, newline="")))
    ours = report["tiers"][0]["labelled"]
    whole = report["seen"]["flows"]
    yield (f"Of the {whole:,} flows of the truth that are in the captures, with a label or without, the signatures tier names "
           f"{share(ours['flows'], whole)}.")
    if not shutil.which("ndpiReader"):
        yield "ndpiReader is not installed: nothing to compare with."
        return
    by_capture = {}
    for row in rows:
        by_capture.setdefault(row["capture"], []).append(row)
    counts = {}
    for capture, flows in by_capture.items():
        words = reader_words(args.captures / capture)
        for row in flows:
            name = name_of(row["l4"], end_of(row["a_ip"], row["a_port"]), end_of(row["b_ip"], row["b_port"]))
            word = words.get(name)
            counts[word] = counts.get(word, 0) + 1
    dpi = sum(n for word, n in counts.items() if word and word.startswith("DPI"))
    address = counts.get("Match by IP", 0)
    port = counts.get("Match by port", 0)
    version = subprocess.run(["ndpiReader", "-h"], capture_output=True, text=True, check=False)
    found = re.search(r"nDPI \(([^)]+)\)", version.stdout + version.stderr)
    yield (f"ndpiReader{' ' + found[1] if found else ''} on the same flows: by inspection {share(dpi, whole)}; with those it only knows by address "
           f"{share(dpi + address, whole)}. Its guesses by port alone, {port:,}, are not counted, as ours are not.")


def without_heuristics(folder):
    """A copy of the rules without the heuristics against obfuscation: likely rules that ask for entropy."""
    dropped = []
    shutil.copytree(rules, folder)
    for path in sorted(folder.glob("*.rules")):
        if path.name == "services.rules":
            continue
        blocks = re.split(r"(?m)^(?=[ \t]*rule )", path.read_text())
        heuristics = [block for block in blocks if "entropy(" in block and re.search(r"(?m)^[ \t]*strength likely", block)]
        kept = [block for block in blocks if block not in heuristics]
        dropped += [f"{path.stem}/{block.split()[1]}" for block in heuristics]
        path.write_text("".join(kept))
    return dropped


def some_content(path, size=60_000_000):
    """Compressed text: this machine's own, as a download met in the middle has it."""
    with gzip.open(path, "wb", compresslevel=6) as out:
        written = 0
        for source in sorted(pathlib.Path("/usr/share").rglob("*")):
            if source.is_file() and source.suffix not in (".gz", ".xz", ".png", ".zst") and written < size:
                written += out.write(source.read_bytes())


def friends(args):
    program = args.build / "tests/eval/random_flows"

    def run(kind, megabytes, folder, *content):
        done = subprocess.run([program, kind, str(megabytes), folder, *content], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"measure: random_flows failed:\n{done.stderr}")
        return json.loads(done.stdout)

    yield "| content | rules | flows | bytes | certain | likely | as what |\n|---|---|--:|--:|--:|--:|---|"
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        dropped = without_heuristics(scratch / "rules")
        content = scratch / "content.gz"
        some_content(content)
        for kind, megabytes, more in (("random", args.megabytes, []), ("tls", args.megabytes // 10, []),
                                      ("wireguard", args.megabytes // 10, []), ("file", args.megabytes // 10, [content])):
            own = kind if kind in ("tls", "wireguard") else None
            for title, folder in (("all", rules), ("without heuristics", scratch / "rules")):
                if kind == "random" and title == "all":
                    megabytes = args.megabytes // 10
                elif kind == "random":
                    megabytes = args.megabytes
                result = run(kind, megabytes, folder, *more)
                strays = {name: v for name, v in result["verdicts"].items() if name != own}
                certain = sum(v["certain"] for v in strays.values())
                likely = sum(v["likely"] for v in strays.values())
                what = ", ".join(f"{name} {v['certain'] + v['likely']:,}" for name, v in sorted(strays.items())) or "–"
                label = {"file": "gzip", "tls": "TLS records", "wireguard": "WireGuard"}.get(kind, kind)
                yield (f"| {label} | {title} | {result['flows']:,} | {result['bytes']:,} | {share(certain, result['flows'])} | "
                       f"{share(likely, result['flows'])} | {what} |")
    yield ""
    yield ("Heuristics are the likely rules that ask for entropy, since random bytes are what they look for: "
           + (", ".join(dropped) or "none") + ". Verdicts of the content's own protocol are right and not counted.")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("captures", type=pathlib.Path)
    parser.add_argument("--truth", type=pathlib.Path, help="default: flows.csv in CAPTURES")
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--write", type=pathlib.Path)
    args = parser.parse_args()
    args.truth = args.truth or args.captures / "flows.csv"
    report = evaluate(args, "--tiers", "signatures")
    parts = ["### Accuracy, on flows of high confidence\n", *accuracy(report), "\n### Label share\n", *label_share(args, report),
             "\n### False friends\n", *friends(args), ""]
    text = "\n".join(parts)
    if not args.write:
        print(text)
        return
    page = args.write.read_text()
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit(f"measure: {args.write} has not one pair of marks")
    head, rest = page.split(BEGIN)
    args.write.write_text(f"{head}{BEGIN}\n{text}{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
