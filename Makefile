# SPDX-License-Identifier: BSD-3-Clause
# The door: every target installs what it needs (Debian 12 package names in packages/), builds, runs.
BUILD   ?= build
SAMPLE  ?= tests/data/sample.pcap
INSTALL := ./packages/install

.PHONY: run test bench bench-build bench-instructions soak accuracy model lab lab-report build clean
.PHONY: help

run: build  ## build, then replay the shipped sample capture to a table
	./$(BUILD)/ctl/glassbox replay $(SAMPLE)

build:  ## install what the build needs, and build
	$(INSTALL) build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	ninja -C $(BUILD)

test: build  ## install what the tests need, and run them all
	$(INSTALL) test
	./tests/run $(BUILD)

bench: bench-build  ## measure an optimised build beside its yardsticks; writes docs/performance.md
	@mkdir -p bench
	./tests/bench/bench.py $(BUILD)-release bench/results.json --page docs/performance.md

bench-build:
	$(INSTALL) build test bench
	@test -f $(BUILD)-release/build.ninja || \
	    meson setup $(BUILD)-release --buildtype=release -Db_lto=true
	ninja -C $(BUILD)-release

bench-instructions: build  ## count instructions and compare them with the committed baseline
	$(INSTALL) test
	./tests/bench/instructions.py $(BUILD)

soak: bench-build  ## ten minutes live at the highest rate without loss (root)
	@mkdir -p bench
	./tests/bench/soak.py $(BUILD)-release --results bench/results.json --page docs/performance.md

accuracy: build  ## measure headers and stochastic tiers; writes docs/accuracy.md, with CAPTURES=FOLDER the model's card, too
	$(INSTALL) accuracy
	@test -f $(BUILD)-release/build.ninja || \
	    meson setup $(BUILD)-release --buildtype=release -Db_lto=true
	ninja -C $(BUILD)-release models/train/glassbox-train
	./tests/accuracy/accuracy.py $(BUILD)-release docs/accuracy.md \
	    $(if $(CAPTURES),--card models/default.headers.md --captures $(CAPTURES))

model: build  ## learn models/default.headers.model; CAPTURES=FOLDER with flows.csv adds real captures
	./models/make_default $(BUILD) $(CAPTURES)

lab: build  ## capture the scenarios (root); SCENARIOS="…" and NETWORKS="…" choose some
	GLASSBOX=$(CURDIR)/$(BUILD)/ctl/glassbox ./tests/lab/run.sh lab

lab-report: build  ## what the lab captured, how much is labelled, and where DPI says otherwise
	GLASSBOX=$(CURDIR)/$(BUILD)/ctl/glassbox ./tests/lab/report.sh lab

clean:  ## remove what was built
	rm -rf $(BUILD) $(BUILD)-release

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)
