"""Paid time: counted in the market's calendar, and the same for any division into purchases."""

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


def make_service(begun: datetime, end: datetime) -> Subscription:
    return Subscription(started_at=begun, expires_at=end)


@pytest.mark.parametrize(
    ("bought", "ends"),
    [
        ("2026-03-01 01:00", "2026-04-01 01:00"),  # in UTC it is still 28 February: a month would end on the 29th
        ("2026-03-31 06:00", "2026-04-30 06:00"),
        ("2028-03-01 00:30", "2028-04-01 00:30"),
    ],
)
def test_month_follows_the_calendar_of_the_market(bought: str, ends: str) -> None:
    """Pages show the market's time; the wire has the same moment in UTC (saas-v2 §3.3)."""
    start = datetime.fromisoformat(bought).replace(tzinfo=SHANGHAI)
    assert period_end(start, "month", 1) == datetime.fromisoformat(ends).replace(tzinfo=SHANGHAI)
    assert period_end(start, "month", 1).tzinfo is UTC


@given(moments, st.sampled_from(["month", "year"]), st.integers(1, 36))
def test_period_keeps_hour_and_day_or_ends_on_the_last_day_of_the_month(
    start: datetime, kind: str, number: int
) -> None:
    begun, end = start.astimezone(SHANGHAI), period_end(start, kind, number).astimezone(SHANGHAI)
    assert end.timetz().replace(tzinfo=None) == begun.timetz().replace(tzinfo=None)
    assert end.day == begun.day or (end + timedelta(days=1)).day == 1


@given(moments, parts)
def test_renewals_in_parts_give_the_same_end_as_one_purchase(begun: datetime, bought: list[tuple[str, int]]) -> None:
    """business-rules §4.4: each renewal counts from the end before it; none loses the days that a short month lacked."""
    end = period_end(begun, *bought[0])
    for kind, number in bought[1:]:
        later = renewed_end(make_service(begun, end), kind, number)
        assert later > end
        end = later
    months = sum(number * (12 if kind == "year" else 1) for kind, number in bought)
    assert end == period_end(begun, "month", months)


def test_the_31st_returns_after_february() -> None:
    begun = datetime(2026, 1, 31, 9, tzinfo=SHANGHAI)
    end = period_end(begun, "month", 1)
    assert end == datetime(2026, 2, 28, 9, tzinfo=SHANGHAI)
    assert renewed_end(make_service(begun, end), "month", 1) == datetime(2026, 3, 31, 9, tzinfo=SHANGHAI)


def test_day_of_a_trials_end_does_not_count() -> None:
    """The paid time begins at the trial's end, on the 31st, and is renewed from there."""
    begun = datetime(2026, 1, 31, 9, tzinfo=SHANGHAI)
    tried = Subscription(
        started_at=begun - timedelta(days=15), formal_at=begun, expires_at=period_end(begun, "month", 1)
    )
    assert renewed_end(tried, "month", 1) == datetime(2026, 3, 31, 9, tzinfo=SHANGHAI)


def test_manually_moved_end_is_counted_from_itself() -> None:
    """As after a manual change, or from a market that counted differently."""
    begun = datetime(2026, 1, 10, 9, tzinfo=UTC)
    assert renewed_end(make_service(begun, datetime(2026, 2, 20, tzinfo=UTC)), "month", 1) == datetime(
        2026, 3, 20, tzinfo=UTC
    )


@pytest.mark.parametrize(("bought", "days", "ends"), [
    ("2026-02-26 23:30", 3, "2026-03-01 23:30"), ("2028-02-28 00:00", 2, "2028-03-01 00:00"),
    ("2026-12-31 08:00", 180, "2027-06-29 08:00"),
])  # fmt: skip
def test_days_end_at_the_same_time_of_day(bought: str, days: int, ends: str) -> None:
    """business-rules §3.2: day periods; §3.5: a trial of 3–180 days."""
    start = datetime.fromisoformat(bought).replace(tzinfo=SHANGHAI)
    assert period_end(start, "day", days) == datetime.fromisoformat(ends).replace(tzinfo=SHANGHAI)


def test_daily_renewals_give_the_same_end_as_one_purchase() -> None:
    begun = datetime(2026, 1, 31, 9, tzinfo=SHANGHAI)
    end = period_end(begun, "day", 28)
    assert renewed_end(make_service(begun, end), "day", 3) == period_end(begun, "day", 31)
    assert renewed_end(make_service(begun, period_end(begun, "month", 1)), "day", 3) == datetime(
        2026, 3, 3, 9, tzinfo=SHANGHAI
    )
