"""Paid time: counted in the market's calendar, and the same however it is bought together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.market.subscriptions.renewable import renewed_end

SHANGHAI = ZoneInfo("Asia/Shanghai")
moments = st.datetimes(datetime(2024, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
parts = st.lists(st.tuples(st.sampled_from(["month", "year"]), st.integers(1, 12)), min_size=1, max_size=8)


def held(begun: datetime, end: datetime) -> Subscription:
    return Subscription(started_at=begun, expires_at=end)


@pytest.mark.parametrize(
    ("bought", "ends"),
    [
        ("2026-03-01 01:00", "2026-04-01 01:00"),  # in UTC it is 28 February still: a month would end on the 29th
        ("2026-03-31 06:00", "2026-04-30 06:00"),
        ("2028-03-01 00:30", "2028-04-01 00:30"),
    ],
)
def test_a_month_is_one_of_the_calendar_that_people_read(bought: str, ends: str) -> None:
    """Pages show the market's time; the wire has the same moment in UTC (saas-v2 §3.3)."""
    start = datetime.fromisoformat(bought).replace(tzinfo=SHANGHAI)
    assert period_end(start, "month", 1) == datetime.fromisoformat(ends).replace(tzinfo=SHANGHAI)
    assert period_end(start, "month", 1).tzinfo is UTC


@given(moments, st.sampled_from(["month", "year"]), st.integers(1, 36))
def test_a_period_keeps_the_hour_and_the_day_or_takes_the_months_last(start: datetime, kind: str, number: int) -> None:
    begun, end = start.astimezone(SHANGHAI), period_end(start, kind, number).astimezone(SHANGHAI)
    assert end.timetz().replace(tzinfo=None) == begun.timetz().replace(tzinfo=None)
    assert end.day == begun.day or (end + timedelta(days=1)).day == 1


@given(moments, parts)
def test_who_renews_in_parts_has_what_one_has_who_buys_at_once(begun: datetime, bought: list[tuple[str, int]]) -> None:
    """business-rules §4.4: each renewal counts from the end before it; none loses the days that a short month lacked."""
    end = period_end(begun, *bought[0])
    for kind, number in bought[1:]:
        later = renewed_end(held(begun, end), kind, number)
        assert later > end
        end = later
    months = sum(number * (12 if kind == "year" else 1) for kind, number in bought)
    assert end == period_end(begun, "month", months)


def test_the_31st_comes_back_after_february() -> None:
    begun = datetime(2026, 1, 31, 9, tzinfo=SHANGHAI)
    end = period_end(begun, "month", 1)
    assert end == datetime(2026, 2, 28, 9, tzinfo=SHANGHAI)
    assert renewed_end(held(begun, end), "month", 1) == datetime(2026, 3, 31, 9, tzinfo=SHANGHAI)


def test_the_day_of_a_trial_counts_for_nothing() -> None:
    """It begins at the trial's end, on the 31st, and is renewed from there."""
    begun = datetime(2026, 1, 31, 9, tzinfo=SHANGHAI)
    tried = Subscription(
        started_at=begun - timedelta(days=15), formal_at=begun, expires_at=period_end(begun, "month", 1)
    )
    assert renewed_end(tried, "month", 1) == datetime(2026, 3, 31, 9, tzinfo=SHANGHAI)


def test_an_end_that_no_period_led_to_is_counted_from_itself() -> None:
    """As after a move by hand, or from a market that counted otherwise."""
    begun = datetime(2026, 1, 10, 9, tzinfo=UTC)
    assert renewed_end(held(begun, datetime(2026, 2, 20, tzinfo=UTC)), "month", 1) == datetime(2026, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize(("bought", "days", "ends"), [
    ("2026-02-26 23:30", 3, "2026-03-01 23:30"), ("2028-02-28 00:00", 2, "2028-03-01 00:00"),
    ("2026-12-31 08:00", 180, "2027-06-29 08:00"),
])  # fmt: skip
def test_days_are_days_at_the_same_time(bought: str, days: int, ends: str) -> None:
    """business-rules §3.2: day periods; §3.5: a trial of 3–180 days."""
    start = datetime.fromisoformat(bought).replace(tzinfo=SHANGHAI)
    assert period_end(start, "day", days) == datetime.fromisoformat(ends).replace(tzinfo=SHANGHAI)


def test_who_renews_by_the_day_has_what_one_has_who_buys_at_once() -> None:
    begun = datetime(2026, 1, 31, 9, tzinfo=SHANGHAI)
    end = period_end(begun, "day", 28)
    assert renewed_end(held(begun, end), "day", 3) == period_end(begun, "day", 31)
    assert renewed_end(held(begun, period_end(begun, "month", 1)), "day", 3) == datetime(2026, 3, 3, 9, tzinfo=SHANGHAI)
