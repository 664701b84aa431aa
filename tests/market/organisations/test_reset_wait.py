"""Password resets of joint accounts: at least 3 minutes apart, at most 15 an hour and 60 a day (business-rules §11.2, joint.md §4). Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tradepost.market.organisations.reset_wait import ResetLimits, reset_wait

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
GAPS = ResetLimits(apart=timedelta(minutes=3), hourly=15, daily=60)


def times_before(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=minutes_ago) for minutes_ago in minutes]


@pytest.mark.parametrize(
    ("minutes_ago", "wait"),
    [
        ((), 0),
        ((2,), 1),
        ((3,), 0),
        ([4 + n * 55 / 14 for n in range(14)] + [59], 1),
        ([4 + n * 4 for n in range(14)] + [60], 0),
        ([10 + n * 20 for n in range(59)] + [1419], 21),
        ([10 + n * 20 for n in range(59)] + [1440], 0),
        ([1, *(10 + n * 20 for n in range(58)), 1419], 21),
    ],
)
def test_next_reset_waits_for_each_limit(minutes_ago: list[float], wait: int) -> None:
    assert reset_wait(times_before(*minutes_ago), GAPS, now=NOW) == timedelta(minutes=wait)
