"""Durations as typed and as printed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.cli.durations import as_text, parse
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
def test_duration_is_parsed(typed, span):
    assert parse(typed) == span


@pytest.mark.parametrize("typed", ["", "30", "d", "-1d", "1.5h", "1 d", "5x", "1d!", "１x"])
def test_invalid_duration_is_refused_with_examples(typed):
    with pytest.raises(Refused, match="no span of time: write 90s") as refused:
        parse(typed)
    assert refused.value.code == "duration.unreadable"


@pytest.mark.parametrize("typed", ["0d", "0s0h", "101y", "9" * 30 + "y"])
def test_zero_and_more_than_a_hundred_years_are_refused(typed):
    with pytest.raises(Refused, match="at most 100 years") as refused:
        parse(typed)
    assert refused.value.code == "duration.range"


@given(st.integers(1, 2_000), st.sampled_from("smhdw"), st.integers(1, 2_000), st.sampled_from("smhdw"))
def test_parts_are_added(first, unit, second, other):
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
def test_duration_is_printed(span, said):
    assert as_text(span) == said
