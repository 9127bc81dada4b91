#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The bench's own judgement, without measuring anything: the soak finds each fault, the search ends at the highest
clean rate, and the page of docs is written of whatever could be measured."""

import time
import unittest

import bench_live
import bench_page
import soak

GOOD = {"seen": 100, "sent": 100, "lost": 0, "shed": 0, "grown_kb": 0, "latest_seconds": 0.1, "reports": 5,
        "seconds": 20, "law_holds": True, "flows_ended": 7}
MACHINE = {"date": "2026-01-01", "processor": "P", "processors": 2, "kernel": "6", "compiler": "gcc",
           "huge_pages": "always", "load": 0.0}


def report(seen, lost=0, end="2026-01-01T00:00:05Z"):
    return {"interval": {"end": end}, "conservation": {unit: {"balance": 0} for unit in ("frames", "bytes")},
            "frames": {"seen": seen, "shed": 0, "carried_over": 0, "non_ip": 0, "orphan_fragments": 0, "unreported": 0,
                       "malformed": {}, "dropped": {"nic": 0, "kernel": lost, "source": 0}},
            "flows": {"ended": 1}, "protocols": [{"packets": seen}]}


def trial_at(limit, fastest):
    """Of a receiver that loses above `limit`, and a sender that can do `fastest`."""

    def attempt(rate):
        sent = min(rate or fastest, fastest)
        seen = min(sent, limit)
        return {"rate": sent, "sent": sent, "arrived": sent, "seen": seen, "lost": sent - seen, "shed": 0}

    return attempt


class Soak(unittest.TestCase):
    def test_good_run_has_no_fault(self):
        self.assertEqual(list(soak.faults(GOOD)), [])

    def test_each_fault_is_found(self):
        for key, value in (("seen", 99), ("lost", 1), ("shed", 1), ("grown_kb", soak.GROWTH_KB + 1),
                           ("latest_seconds", soak.LATE_SECONDS + 0.1), ("reports", 3), ("law_holds", False),
                           ("flows_ended", 0)):
            self.assertEqual(len(list(soak.faults({**GOOD, key: value}))), 1, key)

    def test_summary_reads_reports_and_notes(self):
        ends = [f"2026-01-01T00:00:{second:02}Z" for second in (5, 10, 15, 20)]
        reports = [report(25, end=end) for end in ends]
        start = soak.late_by((0.0, ends[0], 0))
        notes = [(-start + 5 * i + (2.5 if i == 1 else 0.0), end, 1000 + 2000 * i) for i, end in enumerate(ends)]
        told = soak.summary("af_packet", {"sent": 100, "seconds": 20.0}, reports, notes)
        self.assertEqual((told["seen"], told["lost"], told["flows_ended"]), (100, 0, 4))
        self.assertEqual((told["latest_seconds"], told["grown_kb"]), (2.5, 4000))
        self.assertEqual(len(told["faults"]), 2)

    def test_broken_law_is_a_fault(self):
        broken = report(10)
        broken["conservation"]["frames"]["balance"] = 1
        told = soak.summary("af_packet", {"sent": 10, "seconds": 5.0}, [broken], [(time.time(), "", 1)])
        self.assertEqual(told["faults"], ["the law of conservation is broken"])


class Search(unittest.TestCase):
    def test_all_that_the_sender_can_do(self):
        found = bench_live.search(trial_at(2000, 1000), 5)
        self.assertEqual(found, {"sender_rate": 1000, "zero_loss_rate": 1000})

    def test_the_highest_clean_rate(self):
        found = bench_live.search(trial_at(700, 1024), 10)
        self.assertEqual(found["sender_rate"], 1024)
        self.assertTrue(690 <= found["zero_loss_rate"] <= 700, found)

    def test_none_is_clean(self):
        self.assertEqual(bench_live.search(trial_at(0, 1024), 5)["zero_loss_rate"], 0)

    def test_exact_means_to_the_frame(self):
        told = trial_at(700, 1024)(0)
        self.assertTrue(bench_live.is_exact(told))
        self.assertFalse(bench_live.is_exact({**told, "lost": told["lost"] - 1}))


class Page(unittest.TestCase):
    def test_parts_that_failed_say_why(self):
        results = {"machine": MACHINE, **{part: {"failed": f"no {part} to be had"} for part in bench_page.TEXTS}}
        page = bench_page.page_of(results)
        for part in bench_page.TEXTS:
            self.assertEqual(page.count(f"ot measured: no {part} to be had"), 2 if part != "growth" else 1, part)

    def test_parts_that_are_missing_are_named(self):
        page = bench_page.page_of({"machine": MACHINE})
        self.assertEqual(page.count("| not measured | not measured |"), len(bench_page.GOALS))

    def test_missed_goals_are_explained(self):
        met, missed = {**GOOD, "source": "af_packet", "rate": 5, "resident_kb": 1, "seconds": 600, "faults": []}, \
            {**GOOD, "source": "af_packet", "rate": 5, "resident_kb": 1, "seconds": 600, "faults": ["rain"]}
        for told, count in ((met, 0), (missed, 1)):
            page = bench_page.page_of({"machine": MACHINE, "soak": told})
            self.assertEqual(page.count(bench_page.LIMITS["soak"]), count)

    def test_live_rows_that_failed_leave_the_others(self):
        good = {"sender_rate": 10, "zero_loss_rate": 10, "is_exact": True,
                "beyond": {"sent": 20, "arrived": 20, "seen": 15, "lost": 5}}
        live_part = {"are_parted": True, "net_pcap": {"failed": "no testpmd"},
                     "cables": [{"source": "af_packet", **good}, {"source": "af_xdp", "skipped": "no XDP"}]}
        page = bench_page.page_of({"machine": MACHINE, "live": live_part})
        self.assertIn("| af_packet | 10 | 10 | 20 | 20 | 15 | 5 | yes |", page)
        self.assertIn("not measured: no XDP", page)
        self.assertIn("not measured (no testpmd)", page)


if __name__ == "__main__":
    unittest.main()
