"""Snoozing an entry of the queue: until the morning of a day, in the market's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tradepost.market.base.errors import Refused
from tradepost.market.work_queue.snooze import DATE, NOW, THREE_DAYS, TOMORROW, check_due_time, end_of_snooze

ZONE = ZoneInfo("Asia/Shanghai")
LATE_EVENING = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)  # 23:30 of 1 March in Shanghai
AFTER_MIDNIGHT = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)  # 00:30 of 2 March there


def _until(choice: str, typed: str = "", now: datetime = LATE_EVENING) -> datetime | None:
    return end_of_snooze(choice, typed, now=now, zone=ZONE, morning=time(9))


@pytest.mark.parametrize(
    ("choice", "typed", "now", "back"),
    [
        (TOMORROW, "", LATE_EVENING, (2026, 3, 2)),
        (TOMORROW, "", AFTER_MIDNIGHT, (2026, 3, 3)),
        (THREE_DAYS, "", LATE_EVENING, (2026, 3, 4)),
        (DATE, "2026-03-02", LATE_EVENING, (2026, 3, 2)),
        (DATE, "2027-03-02", LATE_EVENING, (2027, 3, 2)),
    ],
)
def test_entry_returns_in_the_morning_of_the_day(
    choice: str, typed: str, now: datetime, back: tuple[int, int, int]
) -> None:
    assert _until(choice, typed, now) == datetime(*back, 9, tzinfo=ZONE)


def test_now_ends_the_snooze() -> None:
    assert _until(NOW) is None


@pytest.mark.parametrize(
    ("choice", "typed"),
    [
        ("", ""), ("never", ""), (DATE, ""), (DATE, "soon"), (DATE, "2026-02-30"), (DATE, "0000-01-01"),
        (DATE, "2026-03-01"), (DATE, "1999-01-01"), (DATE, "2027-03-03"), (DATE, "9999-12-31"), (DATE, "9" * 5000),
        (TOMORROW + " ", ""),
    ],
)  # fmt: skip
def test_day_outside_the_coming_year_is_refused_beside_its_field(choice: str, typed: str) -> None:
    with pytest.raises(Refused) as refused:
        _until(choice, typed)
    assert (refused.value.field, refused.value.status) == ("until", 422)


def test_snooze_until_overdue_needs_a_due_time() -> None:
    due = datetime(2026, 3, 2, 18, tzinfo=ZONE)
    check_due_time(due, due, knowing=False)
    check_due_time(None, due + timedelta(days=300), knowing=False)
    check_due_time(due, due + timedelta(seconds=1), knowing=True)
    with pytest.raises(Refused) as refused:
        check_due_time(due, due + timedelta(seconds=1), knowing=False)
    assert (refused.value.code, refused.value.field) == ("queue.beyond_due", "beyond")
