"""When a service next needs something: each row of the rule, and that what is due is never forgotten, put off or done twice."""

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
    QUIET,
    Facts,
    Reminders,
    due_reminder,
    freeze_at,
    grace_at,
    next_moment,
    release_at,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
TOLD = Reminders(days=(15, 7, 1), at=time(9), zone=SHANGHAI)
END = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
"""16:00 in the market's zone."""
FREEZE, RELEASE = END + timedelta(days=7), END + timedelta(days=22)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def before(days: int) -> datetime:
    """At 09:00 of the market's day, so many days before the end."""
    return datetime(2026, 4, 1, 1, 0, tzinfo=UTC) - days * DAY


def facts(*, living: bool = True, expires_at: datetime | None = END, **fields: Any) -> Facts:
    return Facts(living=living, expires_at=expires_at, **fields)


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
    ("of a month that was bought sixteen days ago all", facts(since=before(15) - QUIET - SECOND), before(15)),
    ("on the day on which it was bought nothing", facts(since=before(15) - QUIET), before(7)),
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
def test_the_next_moment(of: Facts, moment: datetime | None) -> None:
    """business-rules §4.4 (grace, frozen, kept, released), §8.2 (earned when it begins); operations.md §7 (reminders)."""
    assert next_moment(of, TOLD) == moment


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
def test_which_reminder_is_due(now: datetime, of: Facts, days: int | None) -> None:
    """Of several that are due, as after an outage, only the last; of an end that has come none."""
    found = due_reminder(of, TOLD, now=now)
    assert (found.days if found else None) == days


@pytest.mark.parametrize("hour", [0, 9, 23])
def test_reminders_go_by_the_calendar_of_the_market(hour: int) -> None:
    """operations.md §7: at 09:00 of the market's zone, whenever on its day the service ends."""
    end = datetime(2027, 3, 8, hour, 30, tzinfo=SHANGHAI)
    told = [(one.days, one.at.astimezone(SHANGHAI)) for one in TOLD.before(end.astimezone(UTC))]
    assert told == [
        (15, datetime(2027, 2, 21, 9, tzinfo=SHANGHAI)),
        (7, datetime(2027, 3, 1, 9, tzinfo=SHANGHAI)),
        (1, datetime(2027, 3, 7, 9, tzinfo=SHANGHAI)),
    ]


# --- whatever comes in whatever order ---------------------------------------------------------------------------------


@dataclass
class Life:
    """What the timer's task does of it (``fulfilment.live``), as values."""

    of: Facts
    grace: timedelta
    retention: timedelta
    told: list[tuple[int, datetime]] = field(default_factory=list)
    frozen: list[datetime] = field(default_factory=list)
    released: list[datetime] = field(default_factory=list)

    def tick(self, now: datetime) -> None:
        if (reminder := due_reminder(self.of, TOLD, now=now)) is not None:
            self.of = replace(self.of, reminded_until=reminder.at)
            self.told.append((reminder.days, now))
        if _due(grace_at(self.of), now) and self.of.expires_at is not None:
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
def test_any_ticks_tell_each_reminder_at_most_once_and_freeze_and_release_when_it_is_time(
    lasts: timedelta, grace: timedelta, retention: timedelta, other: list[timedelta]
) -> None:
    """business-rules §4.4: half-open. A tick that nobody needed changes nothing; the timer itself is never early or late."""
    life = Life(Facts(living=True, expires_at=END, since=END - lasts), grace, retention)
    needless, now = sorted(END - lasts + span for span in other), END - lasts
    while (due := next_moment(life.of, TOLD)) is not None:
        now = max(now, min([due, *needless]))
        needless = [at for at in needless if at > now]
        life.tick(now)
    days = [days for days, _ in life.told]
    assert days == sorted(set(days), reverse=True)
    assert life.told == [(one.days, one.at) for one in TOLD.before(END) if END - lasts + QUIET < one.at]
    assert life.frozen == ([END + grace] if retention else [])
    assert life.released == [END + grace + retention]


@given(
    late=st.integers(1, 100 * 24).map(lambda hours: timedelta(hours=hours)), grace=spans, retention=spans,
)  # fmt: skip
def test_a_market_that_was_down_tells_one_reminder_and_forgets_no_end(
    late: timedelta, grace: timedelta, retention: timedelta
) -> None:
    life = Life(Facts(living=True, expires_at=END, since=END - 30 * DAY), grace, retention)
    now = END - 30 * DAY + late
    for _ in range(3):
        life.tick(now)
    assert len(life.told) <= 1
    assert life.frozen == ([now] if END + grace <= now and retention else [])
    assert bool(life.released) == (END + grace + retention <= now)
    due = next_moment(life.of, TOLD)
    assert due is None or due > now
