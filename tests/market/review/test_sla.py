"""Deadline of a submission: the examples of shelf.md §4, and the rules of business-rules §2.4."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.review import sla

CHINA = ZoneInfo("Asia/Shanghai")
CLOSES = time(18)
PROMISE = sla.Promise(days=3, busy_from=10, busy_extra=2)


def due(came: str, days: int = 3) -> str:
    deadline = sla.deadline_of(datetime.fromisoformat(came).replace(tzinfo=CHINA), days, zone=CHINA, closes=CLOSES)
    return f"{deadline.at.astimezone(CHINA):%Y-%m-%d %H:%M}{'' if deadline.certain else '?'}"


@pytest.mark.parametrize(
    ("came", "until"),
    [
        (
            "2026-09-30T10:00",
            "2026-10-10 18:00",
        ),  # shelf.md §4: over the holidays, to a Saturday that is a make-up working day
        ("2026-11-25T09:00", "2026-11-30 18:00"),  # shelf.md §4
        ("2026-11-25T23:59", "2026-11-30 18:00"),  # the day of submission does not count
        ("2026-11-28T12:00", "2026-12-02 18:00"),  # on a Saturday: Monday is the first day
        ("2026-02-13T12:00", "2026-02-25 18:00"),  # over the spring festival, past a Saturday that is a working day
        ("2026-12-30T12:00", "2027-01-04 18:00?"),  # the calendar of the next year is unknown: Monday to Friday
        ("2027-04-30T12:00", "2027-05-05 18:00?"),
    ],
)
def test_three_working_days(came: str, until: str) -> None:
    assert due(came) == until


def test_moment_belongs_to_the_markets_day() -> None:
    """2026-11-25 16:30 UTC is the 26th in China."""
    deadline = sla.deadline_of(datetime(2026, 11, 25, 16, 30, tzinfo=UTC), 3, zone=CHINA, closes=CLOSES)
    assert deadline.at.astimezone(CHINA).date() == date(2026, 12, 1)


@pytest.mark.parametrize(("sent_today", "days"), [(0, 3), (1, 3), (9, 3), (10, 5), (11, 5)])
def test_ten_applications_a_day_add_two_days(sent_today: int, days: int) -> None:
    """§2.4: ≥ 10 publish applications in one calendar day extend it."""
    assert sla.promised_days(PROMISE, sent_today=sent_today) == days


@given(st.datetimes(datetime(2020, 1, 1), datetime(2026, 12, 1)), st.integers(1, 10))  # noqa: DTZ001
def test_deadline_is_a_working_day_and_grows_with_the_day(came: datetime, days: int) -> None:
    at = came.replace(tzinfo=CHINA)
    first, then = (sla.deadline_of(at, n, zone=CHINA, closes=CLOSES) for n in (days, days + 1))
    assert sla.is_workday(first.at.astimezone(CHINA).date())[0]
    assert first.at - at >= timedelta(hours=18) * days
    assert first.at < then.at
