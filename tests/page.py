#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/page.py GLASSBOX: holds the HTML form of an audit to what a reader may expect of it: one file that
asks for nothing, whose pictures are told in words and figures, and that prints to sane pages."""

import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SAMPLE = HERE / "data" / "sample.pcap"
BOXES = sorted((HERE.parent / "models" / "boxes").glob("*.yaml"))
VOID = {"meta", "br", "link", "img", "hr", "input"}
VOID_SHAPES = {"rect", "line", "circle", "polyline", "polygon"}
failures = passed = 0


def verdict(what, faults):
    global failures, passed
    faults = list(faults)
    failures, passed = failures + bool(faults), passed + (not faults)
    print(f"{'FAILED' if faults else 'ok'}: {what}" + "".join(f"\n    {fault}" for fault in faults[:8]))


class Page(html.parser.HTMLParser):
    """Elements in document order, each with its attributes, its text and the names of what is around it."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.faults = [], [], []
        self.feed(text)
        self.faults += [f"<{element['name']}> is never closed" for element in self.open]

    def handle_starttag(self, name, attributes):
        element = {"name": name, "at": dict(attributes), "text": "", "within": [e["name"] for e in self.open],
                   "children": []}
        for outer in self.open[-1:]:
            outer["children"].append(element)
        self.elements.append(element)
        if name not in VOID:
            self.open.append(element)

    def handle_startendtag(self, name, attributes):
        self.handle_starttag(name, attributes)
        if name not in VOID:
            self.open.pop()

    def handle_endtag(self, name):
        if not self.open or self.open[-1]["name"] != name:
            self.faults.append(f"</{name}> closes nothing, or something else, in line {self.getpos()[0]}")
        else:
            self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, *names):
        return [element for element in self.elements if element["name"] in names]


def requests(page, text):
    """Whatever could make a browser ask for something, or run something."""
    for element in page.elements:
        for name, value in element["at"].items():
            if name in ("src", "srcset", "data", "action", "poster", "background") or name.startswith("on"):
                yield f"<{element['name']} {name}={value!r}>"
            if name in ("href", "xlink:href") and not value.startswith("#"):
                yield f"<{element['name']} {name}={value!r}>"
        if element["name"] in ("script", "link", "iframe", "object", "embed", "img", "form"):
            yield f"<{element['name']}>"
    yield from (f"style: {found}" for found in re.findall(r"url\(.*?\)|@import.*", text))


def dead_links(page):
    ids = [element["at"]["id"] for element in page.elements if "id" in element["at"]]
    yield from (f"id {name} twice" for name in set(ids) if ids.count(name) > 1)
    for element in page.elements:
        for name in ("href", "aria-labelledby"):
            for target in element["at"].get(name, "").split():
                if target.lstrip("#") not in ids:
                    yield f"{name} to {target}, which is not there"


def unspoken(page):
    """What a person who listens would miss."""
    for element in page.all("svg"):
        if element["at"].get("role") != "img":
            yield "an svg is no image"
        named = {child["name"]: child["text"].strip() for child in element["children"]}
        if not named.get("title") or len(named.get("desc", "")) < 20:
            yield f"an svg says too little: {named.get('title')!r}"
    for element in page.all("table"):
        if not any(child["name"] == "caption" and child["text"].strip() for child in element["children"]):
            yield "a table has no caption"
    yield from ("a th has no scope" for element in page.all("th") if "scope" not in element["at"])
    level = 0
    for element in page.all("h1", "h2", "h3", "h4"):
        if int(element["name"][1]) > level + 1:
            yield f"{element['name']} under h{level}: {element['text']}"
        level = int(element["name"][1])
    if page.all("html")[0]["at"].get("lang") != "en":
        yield "its language is not said"
    if len(page.all("main")) != 1 or len(page.all("h1")) != 1:
        yield "not one main part and one heading"


def bare_figures(page):
    """Pictures without a table behind them."""
    names = [element["name"] for element in page.elements if element["name"] in ("svg", "table")]
    yield from ("a picture is not followed by its table" for first, second in zip(names, names[1:] + [""])
                if first == "svg" and second != "table")


def pages_of(chromium, path, folder):
    """Prints it, as a browser does without asking anybody; the number of pages."""
    pdf = folder / "page.pdf"
    subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                    f"--user-data-dir={folder}/profile", f"--print-to-pdf={pdf}", path.as_uri()],
                   check=True, capture_output=True, timeout=120)
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf.read_bytes()))


def main(glassbox):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = pathlib.Path(folder) / "audit.html"
        with path.open("wb") as out:
            run = subprocess.run([glassbox, "audit", SAMPLE, *BOXES, "--format", "html"], stdout=out,
                                 stderr=subprocess.PIPE, check=False)
        if b"without Hyperscan" in run.stderr:
            print("skipped: the audit needs the signatures tier ... ")
            print("totals: 0 passed, 0 failed, 1 skipped")
            return 0
        verdict("it is written", [] if run.returncode == 0 else [run.stderr.decode()])
        text = path.read_text(encoding="utf-8")
        page = Page(text)
        verdict("it is well formed", page.faults)
        verdict("it asks for nothing and runs nothing", requests(page, text))
        verdict("its links lead somewhere", dead_links(page))
        verdict("it can be heard", unspoken(page))
        verdict("its pictures have tables", bare_figures(page))
        verdict("every box has its part", (f"{box.stem} is not there" for box in BOXES
                                           if f">{box.stem}</code>" not in text))
        chromium = shutil.which("chromium")
        skipped = 0 if chromium else 1
        if chromium:
            pages = pages_of(chromium, path, pathlib.Path(folder))
            verdict("it prints to sane pages", [] if len(BOXES) < pages <= 4 * len(BOXES) else [f"{pages} pages"])
        else:
            print("skipped: chromium prints the page ... ")
        print(f"totals: {passed} passed, {failures} failed, {skipped} skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1]))
