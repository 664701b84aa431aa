"""Spans of time as typed and as said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.cli.durations import parse, words
from tradepost.market.base.errors import Refused


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(days=14)),
        ("1y", timedelta(days=365)),
        (" 1D12h ", timedelta(days=1, hours=12)),
        ("100y", timedelta(days=36_500)),
    ],
)
def test_a_span_is_read(typed, span):
    assert parse(typed) == span


@pytest.mark.parametrize("typed", ["", "30", "d", "-1d", "1.5h", "1 d", "5x", "1d!", "１x"])
def test_what_is_no_span_is_refused_with_examples(typed):
    with pytest.raises(Refused, match="no span of time: write 90s") as refused:
        parse(typed)
    assert refused.value.code == "duration.unreadable"


@pytest.mark.parametrize("typed", ["0d", "0s0h", "101y", "9" * 30 + "y"])
def test_nothing_and_more_than_a_hundred_years_are_refused(typed):
    with pytest.raises(Refused, match="at most 100 years") as refused:
        parse(typed)
    assert refused.value.code == "duration.range"


@given(st.integers(1, 2_000), st.sampled_from("smhdw"), st.integers(1, 2_000), st.sampled_from("smhdw"))
def test_parts_add_up(first, unit, second, other):
    assert parse(f"{first}{unit}{second}{other}") == parse(f"{first}{unit}") + parse(f"{second}{other}")


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=61, seconds=20), "1 hour 1 minute"),
        (timedelta(days=30) - timedelta(seconds=3), "30 days"),
        (timedelta(days=-2, hours=4), "1 day 20 hours"),
    ],
)
def test_a_span_is_said(span, said):
    assert words(span) == said
