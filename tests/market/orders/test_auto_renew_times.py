"""When automatic renewals are attempted: a pure rule over the market's calendar (business-rules §4.5, operations.md §4, §7)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.base.settings.orders import OrderSettings
from tradepost.market.orders.auto_renew import DEFAULT_RULE, AutoRule, first_attempt_at, next_attempt_at, rule_of
from tradepost.market.subscriptions.settings_of import levels

ZONE = ZoneInfo("Asia/Shanghai")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
BOUGHT_AT = datetime(2027, 2, 8, 10, 30, tzinfo=ZONE)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-{text}").replace(tzinfo=ZONE).astimezone(UTC)


def attempts(end: datetime, last: datetime, rule: AutoRule = DEFAULT_RULE) -> list[datetime]:
    moments, moment = [], first_attempt_at(end, rule, not_before=BOUGHT_AT)
    while moment < last:
        moments.append(moment)
        moment = next_attempt_at(moment, rule)
    return moments


@pytest.mark.parametrize(
    ("level", "released", "number"),
    [("V0", "03-10 10:30", 10), ("V2", "03-16 10:30", 16), ("V3", "03-22 10:30", 22), ("V5", "03-30 10:30", 30)],
)
def test_attempts_of_each_level(level: str, released: str, number: int) -> None:
    """operations.md §4, life: E = 2027-03-08 10:30; auto-renew from 03-01 03:00 until the last day of the retention."""
    end, terms = at("03-08 10:30"), levels().of(level)
    assert end + terms.grace + terms.retention == at(released)
    moments = attempts(end, at(released))
    assert (moments[0], len(moments)) == (at("03-01 03:00"), number), level
    assert {moment.astimezone(ZONE).time() for moment in moments} == {time(3)}
    assert moments[-1].astimezone(ZONE).date() == at(released).astimezone(ZONE).date()


@pytest.mark.parametrize(
    ("not_before", "first"),
    [
        ("02-08 10:30", "03-01 03:00"),  # long before
        ("03-01 02:59", "03-01 03:00"),
        ("03-01 03:00", "03-01 03:00"),
        ("03-01 03:01", "03-02 03:00"),  # requested within the seven days: at the next 03:00, not at once
        ("03-05 15:00", "03-06 03:00"),
        ("03-09 15:00", "03-10 03:00"),  # after the end
    ],
)
def test_first_attempt_is_at_the_set_time_of_day(not_before: str, first: str) -> None:
    assert first_attempt_at(at("03-08 10:30"), DEFAULT_RULE, not_before=at(not_before)) == at(first)


@pytest.mark.parametrize(
    ("rule", "first"),
    [(AutoRule(days_before=0), "03-08 03:00"), (AutoRule(days_before=15, at=time(23, 30)), "02-21 23:30")],
)
def test_days_and_time_can_be_set(rule: AutoRule, first: str) -> None:
    assert first_attempt_at(at("03-08 10:30"), rule, not_before=BOUGHT_AT) == at(first)


def test_default_settings_match_the_rule() -> None:
    """business-rules §4.5: 7 days before expiry at 03:00."""
    assert rule_of(OrderSettings()) == AutoRule(days_before=7, at=time(3)) == DEFAULT_RULE


@given(
    st.integers(0, 10**9).map(lambda seconds: NEW_YEAR + timedelta(seconds=seconds)),
    st.times().map(lambda t: t.replace(tzinfo=None)),
)
def test_next_attempt_is_later_and_within_a_day(attempt: datetime, clock: time) -> None:
    next_attempt = next_attempt_at(attempt, AutoRule(at=clock))
    assert timedelta() < next_attempt - attempt <= timedelta(days=1)
    assert next_attempt.astimezone(ZONE).time() == clock
