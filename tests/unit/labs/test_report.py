"""Points and messages of a checked lab."""

from __future__ import annotations

import json

from unilab.labs.report import Part, Report, part

_READS = part("reads", 3, None, "")
_WRITES = part("writes", 2, None, "it wrote <nothing>", "it did not end")


def test_a_part_is_right_if_nobody_complains() -> None:
    assert Part("reads", 3, 3) == _READS
    assert _READS.passed


def test_the_first_complaint_counts_and_costs_all_points() -> None:
    assert Part("writes", 2, 0, "it wrote <nothing>") == _WRITES
    assert not _WRITES.passed


def test_a_report_adds_up_and_says_each_part_on_a_line() -> None:
    report = Report("01-a-lab", (_READS, _WRITES))
    assert (report.points, report.earned, report.passed) == (5, 3, False)
    assert repr(report).splitlines() == [
        "✓ reads: 3 of 3",
        "✗ writes: 0 of 2",
        "    it wrote <nothing>",
        "01-a-lab: 3 of 5 points",
    ]


def test_its_html_does_not_take_a_submissions_words_for_markup() -> None:
    assert "&lt;nothing&gt;" in Report("01-a-lab", (_WRITES,))._repr_html_()


def test_its_json_is_one_line() -> None:
    text = Report("01-a-lab", (_READS, _WRITES)).to_json()
    assert "\n" not in text
    assert json.loads(text)["parts"][1]["message"] == "it wrote <nothing>"
    assert json.loads(text)["earned"] == 3
