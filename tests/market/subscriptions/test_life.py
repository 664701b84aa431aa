"""The next moment at which a service needs something: each row of the rule; due work is never forgotten, delayed or
repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from tradepost.market.base.values import replace
from tradepost.market.subscriptions.life import (
    MIN_REMINDER_GAP,
    LifeFacts,
    Reminders,
    due_reminder,
    freeze_at,
    next_moment,
    paid_time_ends_at,
    release_at,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
REMINDERS = Reminders(days=(15, 7, 1), at=time(9), zone=SHANGHAI)
END = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
"""16:00 in the market's time zone."""
FREEZE, RELEASE = END + timedelta(days=7), END + timedelta(days=22)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def before(days: int) -> datetime:
    """Return 09:00 of the market's day, this many days before the end."""
    return datetime(2026, 4, 1, 1, 0, tzinfo=UTC) - days * DAY


def facts(*, living: bool = True, expires_at: datetime | None = END, **fields: Any) -> LifeFacts:
    return LifeFacts(living=living, expires_at=expires_at, **fields)


GRACE: dict[str, Any] = {"freeze_at": FREEZE, "release_at": RELEASE}
OVER: dict[str, Any] = {"expired": True, **GRACE}
KEPT_FOR_NO_TIME: dict[str, Any] = {"freeze_at": END, "release_at": END}
TABLE = [
    ("it is reminded fifteen days before", facts(since=NOW - 300 * DAY), before(15)),
    ("then seven", facts(reminded_until=before(15)), before(7)),
    ("then one", facts(reminded_until=before(7)), before(1)),
    ("then its end is next", facts(reminded_until=before(1)), END),
    ("of three days only the last is told", facts(since=END - 3 * DAY), before(1)),
    ("of one day nothing is told", facts(since=END - DAY), END),
    ("of a month that was bought sixteen days ago all", facts(since=before(15) - MIN_REMINDER_GAP - SECOND), before(15)),
    ("on the day on which it was bought nothing", facts(since=before(15) - MIN_REMINDER_GAP), before(7)),
    ("in its grace it is not reminded", facts(**GRACE), FREEZE),
    ("frozen after it, it is released after the retention", facts(**OVER), RELEASE),
    ("a release is wanted already, stopped or not", facts(**OVER, ending=True), None),
    ("a release is wanted in the grace: it is not frozen first", facts(**GRACE, ending=True), None),
    ("a renewal is under way: it is not frozen", facts(**GRACE, prolonging=True), None),
    ("nor released", facts(**OVER, prolonging=True), None),
    ("but its end is its end: the level of that moment counts", facts(reminded_until=END, prolonging=True), END),
    ("what is kept for no time is released at once", facts(**KEPT_FOR_NO_TIME), END),
    ("and not while a renewal is under way", facts(**KEPT_FOR_NO_TIME, prolonging=True), None),
    ("frozen by a release before this one: what was said is set first", facts(expired=True, release_at=RELEASE), END),
    ("what was sold once has no end", facts(expires_at=None), None),
    ("what is over needs nothing", facts(living=False, **OVER), None),
]  # fmt: skip


@pytest.mark.parametrize(("of", "moment"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_next_moment(of: LifeFacts, moment: datetime | None) -> None:
    """business-rules §4.4 (grace, frozen, kept, released), §8.2 (earned when it begins); operations.md §7 (reminders)."""
    assert next_moment(of, REMINDERS) == moment


@pytest.mark.parametrize(
    ("now", "of", "days"),
    [
        (before(15) - SECOND, facts(), None),
        (before(15), facts(), 15),
        (before(7), facts(), 7),
        (before(7), facts(reminded_until=before(7)), None),
        (END - SECOND, facts(), 1),
        (END, facts(), None),
        (before(7), facts(living=True, **GRACE), None),
    ],
)
def test_due_reminder(now: datetime, of: LifeFacts, days: int | None) -> None:
    """Of several due reminders, as after an outage, only the last; after the end, none."""
    reminder = due_reminder(of, REMINDERS, now=now)
    assert (reminder.days if reminder else None) == days


@pytest.mark.parametrize("hour", [0, 9, 23])
def test_reminders_follow_the_markets_calendar(hour: int) -> None:
    """operations.md §7: at 09:00 of the market's zone, whenever on its day the service ends."""
    end = datetime(2027, 3, 8, hour, 30, tzinfo=SHANGHAI)
    reminders = [
        (reminder.days, reminder.at.astimezone(SHANGHAI)) for reminder in REMINDERS.before(end.astimezone(UTC))
    ]
    assert reminders == [
        (15, datetime(2027, 2, 21, 9, tzinfo=SHANGHAI)),
        (7, datetime(2027, 3, 1, 9, tzinfo=SHANGHAI)),
        (1, datetime(2027, 3, 7, 9, tzinfo=SHANGHAI)),
    ]


# --- any order of events ----------------------------------------------------------------------------------------------


@dataclass
class Life:
    """The acts of the timer's task (``fulfilment.live``), as values."""

    of: LifeFacts
    grace: timedelta
    retention: timedelta
    told: list[tuple[int, datetime]] = field(default_factory=list)
    frozen: list[datetime] = field(default_factory=list)
    released: list[datetime] = field(default_factory=list)

    def tick(self, now: datetime) -> None:
        if (reminder := due_reminder(self.of, REMINDERS, now=now)) is not None:
            self.of = replace(self.of, reminded_until=reminder.at)
            self.told.append((reminder.days, now))
        if _due(paid_time_ends_at(self.of), now) and self.of.expires_at is not None:
            at = self.of.expires_at + self.grace
            self.of = replace(self.of, freeze_at=at, release_at=at + self.retention)
        if _due(freeze_at(self.of), now):
            self.of = replace(self.of, expired=True)
            self.frozen.append(now)
        elif _due(release_at(self.of), now):
            self.of = replace(self.of, ending=True)
            self.released.append(now)


def _due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


spans = st.integers(0, 15).map(lambda days: timedelta(days=days))


@given(
    lasts=st.integers(1, 40 * 24).map(lambda hours: timedelta(hours=hours)), grace=spans, retention=spans,
    other=st.lists(st.integers(0, 80 * 24).map(lambda hours: timedelta(hours=hours)), max_size=12),
)  # fmt: skip
def test_any_ticks_send_each_reminder_at_most_once_and_freeze_and_release_on_time(
    lasts: timedelta, grace: timedelta, retention: timedelta, other: list[timedelta]
) -> None:
    """business-rules §4.4: half-open. An unneeded tick changes nothing; the timer itself is never early or late."""
    life = Life(LifeFacts(living=True, expires_at=END, since=END - lasts), grace, retention)
    needless, now = sorted(END - lasts + span for span in other), END - lasts
    while (due := next_moment(life.of, REMINDERS)) is not None:
        now = max(now, min([due, *needless]))
        needless = [at for at in needless if at > now]
        life.tick(now)
    days = [days for days, _ in life.told]
    assert days == sorted(set(days), reverse=True)
    assert life.told == [
        (reminder.days, reminder.at)
        for reminder in REMINDERS.before(END)
        if END - lasts + MIN_REMINDER_GAP < reminder.at
    ]
    assert life.frozen == ([END + grace] if retention else [])
    assert life.released == [END + grace + retention]


@given(
    late=st.integers(1, 100 * 24).map(lambda hours: timedelta(hours=hours)), grace=spans, retention=spans,
)  # fmt: skip
def test_market_that_was_down_sends_one_reminder_and_forgets_no_end(
    late: timedelta, grace: timedelta, retention: timedelta
) -> None:
    life = Life(LifeFacts(living=True, expires_at=END, since=END - 30 * DAY), grace, retention)
    now = END - 30 * DAY + late
    for _ in range(3):
        life.tick(now)
    assert len(life.told) <= 1
    assert life.frozen == ([now] if END + grace <= now and retention else [])
    assert bool(life.released) == (END + grace + retention <= now)
    due = next_moment(life.of, REMINDERS)
    assert due is None or due > now
