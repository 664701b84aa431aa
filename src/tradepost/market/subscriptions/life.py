"""When the life of a subscription next needs something: a pure rule (business-rules §4.4, §8.2; operations.md §4)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

from msgspec import Struct

QUIET = timedelta(days=1)
"""After a service began or its end was moved: a reminder that falls into this time tells nothing new and is left off."""


class Reminders(Struct, frozen=True, kw_only=True):
    """On which days before the end its buyer is reminded, and at which time of the market's day."""

    days: tuple[int, ...]
    at: time
    zone: tzinfo

    def before(self, end: datetime) -> list[Reminder]:
        """Earliest first. By the calendar: a day before the 8th, whenever on that day it ends, is the 7th."""
        day = end.astimezone(self.zone).date()
        return [
            Reminder(days, datetime.combine(day - timedelta(days=days), self.at, self.zone).astimezone(UTC))
            for days in sorted(self.days, reverse=True)
        ]


class Reminder(Struct, frozen=True):
    days: int
    """Before the end."""
    at: datetime


class Facts(Struct, frozen=True, kw_only=True):
    """Where a subscription stands."""

    living: bool
    """Active or frozen."""
    expires_at: datetime | None
    since: datetime | None = None
    """When it began; None where that is not known."""
    reminded_until: datetime | None = None
    """What should have been told until then was told, or left off."""
    freeze_at: datetime | None = None
    """Set with ``release_at`` when the paid time ends; None before that."""
    release_at: datetime | None = None
    expired: bool = False
    """It is frozen for its end already."""
    prolonging: bool = False
    """A paid renewal is under way, or about to be: its end comes here again."""
    renewing: bool = False
    """A paid renewal is under way or has stopped: its buyer wants to keep it."""
    ending: bool = False
    """A release is wanted already."""


def next_moment(facts: Facts, reminders: Reminders) -> datetime | None:
    """The next moment at which something is to be done, or one that is over when it is due already; None when nothing
    will be, unless something else happens."""
    if not facts.living:
        return None
    untold = _untold(facts, reminders)
    moments = [
        untold[0].at if untold else None,
        grace_at(facts),
        freeze_at(facts),
        release_at(facts),
    ]
    return min((moment for moment in moments if moment is not None), default=None)


def due_reminder(facts: Facts, reminders: Reminders, *, now: datetime) -> Reminder | None:
    """What its buyer is to be told now: of several that are due, as after an outage, the last one alone."""
    due = [one for one in _untold(facts, reminders) if one.at <= now]
    return due[-1] if due and facts.expires_at is not None and now < facts.expires_at else None


def _untold(facts: Facts, reminders: Reminders) -> list[Reminder]:
    """Of an end that has not come."""
    if facts.expires_at is None or facts.expired or facts.freeze_at is not None:
        return []
    quiet = [facts.since + QUIET] if facts.since is not None else []
    if facts.reminded_until is not None:
        quiet.append(facts.reminded_until)
    until = max(quiet, default=None)
    return [
        one for one in reminders.before(facts.expires_at)
        if one.at < facts.expires_at and (until is None or one.at > until)
    ]  # fmt: skip


def grace_at(facts: Facts) -> datetime | None:
    """The end of the paid time, at which it is set when it will be frozen and released. Also where a renewal is under way:
    the level that counts is that of this moment."""
    return facts.expires_at if facts.freeze_at is None else None


def freeze_at(facts: Facts) -> datetime | None:
    """When the grace is over, unless a paid renewal is under way: its buyer is not locked out meanwhile. What is kept for no
    time is released without being frozen first."""
    if facts.expired or facts.prolonging or facts.ending or _kept_for_no_time(facts):
        return None
    return facts.freeze_at


def release_at(facts: Facts) -> datetime | None:
    if facts.freeze_at is None or facts.prolonging or facts.ending:
        return None
    return facts.release_at if facts.expired or _kept_for_no_time(facts) else None


def _kept_for_no_time(facts: Facts) -> bool:
    return facts.freeze_at is not None and facts.release_at is not None and facts.release_at <= facts.freeze_at
