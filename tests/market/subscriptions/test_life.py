"""When a service next needs something: each row of the rule, and that what is due is never forgotten or put off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from tradepost.market.subscriptions.life import REMIND, Facts, freeze_at, next_moment, release_at

END = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
RELEASE = END + timedelta(days=15)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def facts(*, living: bool = True, expires_at: datetime | None = END, **fields: Any) -> Facts:
    return Facts(living=living, expires_at=expires_at, **fields)


OVER: dict[str, Any] = {"expired": True, "release_at": RELEASE}
TABLE = [
    ("it is reminded a week before", facts(), NOW, END - REMIND),
    ("of a short time, when half of it is over", facts(since=END - 3 * DAY), END - 3 * DAY, END - 1.5 * DAY),
    ("of a long time, a week before", facts(since=END - 15 * DAY), END - 15 * DAY, END - REMIND),
    ("it was reminded, so that its end is next", facts(), END - REMIND, END),
    ("what is due stays due", facts(), END + timedelta(days=3), END),
    ("frozen at its end, it is released after the retention", facts(**OVER), END, RELEASE),
    ("the release stays due", facts(**OVER), RELEASE + timedelta(days=40), RELEASE),
    ("frozen before its end as if it had come", facts(**OVER), NOW, RELEASE),
    ("a release is wanted already, stopped or not", facts(**OVER, ending=True), RELEASE, None),
    ("a renewal is under way: neither is frozen", facts(prolonging=True), END, None),
    ("nor released", facts(**OVER, prolonging=True), RELEASE, None),
    ("nor is who renews forgotten to be reminded of nothing", facts(prolonging=True), END - SECOND, None),
    ("paid time begins at the end of the one before", facts(begins_at=END, expires_at=END + REMIND * 4), NOW, END),
    ("paid time that has begun is earned at once", facts(begins_at=NOW), NOW + SECOND, NOW),
    (
        "what begins while a renewal is under way is earned all the same",
        facts(begins_at=END, prolonging=True),
        END,
        END,
    ),
    ("what was sold once has no end", facts(expires_at=None), NOW, None),
    ("what is over needs nothing", facts(living=False, **OVER, begins_at=NOW), NOW, None),
]


@pytest.mark.parametrize(("of", "now", "moment"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_next_moment(of: Facts, now: datetime, moment: datetime | None) -> None:
    """business-rules §4.4 (frozen at the end, kept for the retention, released), §8.2 (earned when it begins)."""
    assert next_moment(of, now=now) == moment


moments = st.none() | st.integers(0, 400).map(lambda days: NOW + timedelta(days=days))
lives = st.builds(
    Facts, living=st.just(True), expires_at=moments, release_at=moments, expired=st.booleans(),
    prolonging=st.booleans(), ending=st.booleans(), begins_at=moments,
)  # fmt: skip


@given(lives, st.integers(0, 400))
def test_what_is_due_is_the_next_moment_or_comes_after_it(of: Facts, days: int) -> None:
    now = NOW + timedelta(days=days)
    moment = next_moment(of, now=now)
    for due in (freeze_at(of), release_at(of), of.begins_at):
        assert due is None or (moment is not None and moment <= due)


@given(lives, st.integers(0, 400), st.integers(1, 400))
def test_time_that_passes_brings_no_earlier_moment(of: Facts, days: int, later: int) -> None:
    """A timer that is set early finds what is due, and one that is late loses nothing but a reminder."""
    first, second = (next_moment(of, now=NOW + timedelta(days=n)) for n in (days, days + later))
    if second is not None:
        assert first is not None
        assert first <= second
