"""Calculations and texts of benchmarks: medians, percentiles, requirements."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bench.answer import Answer, Figure, Need, Ratio, Runs, percentile
from bench.report import as_section, on_terminal, with_sections


def test_result_is_the_median_of_the_runs():
    runs = Runs(say=lambda _text: None)
    for ours, theirs in ((10, 4), (1000, 5), (20, 100)):
        runs.add("ours", ours, "calls/s")
        runs.add("theirs", theirs, "calls/s")
    assert runs.ratio("theirs", "ours", "theirs") == Ratio(of="theirs", value=4)
    assert [figure.runs for figure in runs.figures()] == [(10, 1000, 20), (4, 5, 100)]


def test_percentile_is_a_measured_value():
    assert percentile(range(1, 101), 0.95) == 95
    assert percentile([7, 3, 5], 0.5) == 5
    assert percentile([4], 0.95) == 4


def test_requirement_holds_at_its_bound():
    assert Need(text="", reached=2000, bound=2000).holds
    assert not Need(text="", reached=1999, bound=2000).holds
    assert Need(text="", reached=150, bound=150, at_most=True).holds
    assert not Need(text="", reached=151, bound=150, at_most=True).holds


def test_ratio_comes_first_and_a_miss_is_reported():
    answer = Answer(
        name="engine", title="Calls", ratios=(Ratio(of="the bare loop", value=0.4321),),
        figures=(Figure(name="ours", unit="calls/s", runs=(1200.4, 900.0, 1000.0)),),
        needs=(Need(text="share of the bare loop", reached=0.4321, bound=0.5),), notes=("A note.",),
    )  # fmt: skip
    assert on_terminal(answer).splitlines() == [
        "engine: Calls",
        "  0.432 × the bare loop",
        "  ours: 1,000 calls/s (900 … 1,200)",
        "  MISS: 0.432 share of the bare loop, must be at least 0.5",
        "  A note.",
    ]
    page = as_section(answer, repeats=3, day=date(2026, 11, 26))
    assert "Measured 3 times on 2026-11-26: " in page
    assert page.index("**0.432 × the bare loop**") < page.index("| ours | 1,000 calls/s | 1,200, 900, 1,000 |")
    once = replace(answer, figures=(Figure(name="ours", unit="calls/s", runs=(1000.0,)),))
    assert "Measured once on 2026-11-26: " in as_section(once, repeats=3, day=date(2026, 11, 26)), "as a clock is"


def test_repeated_question_replaces_only_its_own_section():
    page = with_sections("", {"a": "## a\n\nold\n", "b": "## b\n\nkept\n", "gone": "## gone\n"}, order=["a", "b"])
    again = with_sections(page, {"a": "## a\n\nnew\n", "c": "## c\n\nfirst\n"}, order=["a", "b", "c"])
    assert again.startswith("# Results\n")
    assert again.endswith("\n## a\n\nnew\n\n## b\n\nkept\n\n## c\n\nfirst\n")
    assert with_sections(again, {}, order=["a", "b", "c"]) == again
