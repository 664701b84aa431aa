"""Dates of statements (business-rules §8.1: the 3rd of the month, next workday)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tradepost.market.settlement.calendar import month_after, month_before, month_of, next_run, run_at, start_of

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("month", "day"),
    [
        (date(2026, 11, 1), 3),  # a Tuesday
        (date(2026, 1, 1), 4),  # a Saturday; Sunday the 4th is a working day that makes up for New Year's holidays
        (date(2026, 10, 1), 8),  # National Day's holidays until the 7th
        (date(2025, 5, 1), 6),
        (date(2026, 12, 1), 3),
    ],
)
def test_statements_are_made_on_the_third_or_the_next_working_day(month: date, day: int) -> None:
    assert run_at(month, day=3, zone=ZONE) == datetime(month.year, month.month, day, 2, tzinfo=ZONE)


def test_next_run_is_in_the_future() -> None:
    run = datetime(2026, 11, 3, 2, tzinfo=ZONE)
    assert next_run(run - timedelta(seconds=1), day=3, zone=ZONE) == run
    assert next_run(run, day=3, zone=ZONE) == datetime(2026, 12, 3, 2, tzinfo=ZONE)
    assert next_run(datetime(2026, 10, 3, 12, tzinfo=ZONE), day=3, zone=ZONE) == datetime(2026, 10, 8, 2, tzinfo=ZONE)


def test_months_are_in_the_markets_time_zone() -> None:
    assert month_of(datetime(2026, 10, 31, 16, tzinfo=UTC), ZONE) == date(2026, 11, 1)
    assert start_of(date(2026, 11, 1), ZONE) == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert (month_before(date(2026, 1, 1)), month_after(date(2025, 12, 1))) == (date(2025, 12, 1), date(2026, 1, 1))
