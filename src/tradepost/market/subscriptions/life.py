"""Compute the next step in the life of a subscription (business-rules §4.4, §8.2; operations.md §4). Pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

from msgspec import Struct

MIN_REMINDER_GAP = timedelta(days=1)
"""Reminders are skipped for this time after a service began or its end was moved."""


class Reminders(Struct, frozen=True, kw_only=True):
    """Days before the end, and time of day in the market's zone, at which buyers are reminded."""

    days: tuple[int, ...]
    at: time
    zone: tzinfo

    def before(self, end: datetime) -> list[Reminder]:
        """Return the reminders before an end, earliest first. They count calendar days: one day before the 8th is the
        7th, at any time of day."""
        day = end.astimezone(self.zone).date()
        return [
            Reminder(days, datetime.combine(day - timedelta(days=days), self.at, self.zone).astimezone(UTC))
            for days in sorted(self.days, reverse=True)
        ]


class Reminder(Struct, frozen=True):
    days: int
    """Days before the end."""
    at: datetime


class LifeFacts(Struct, frozen=True, kw_only=True):
    """State of a subscription for these rules."""

    living: bool
    """Whether it is active or frozen."""
    expires_at: datetime | None
    since: datetime | None = None
    """Beginning of the service; None if unknown."""
    reminded_until: datetime | None = None
    """Reminders up to this moment were sent or skipped."""
    freeze_at: datetime | None = None
    """Set with ``release_at`` at the end of the paid time; None before."""
    release_at: datetime | None = None
    expired: bool = False
    """Whether it is already frozen because of its end."""
    prolonging: bool = False
    """Whether a paid renewal is in progress or about to start, which will move the end."""
    renewing: bool = False
    """Whether a paid renewal is in progress or has stopped, so its buyer keeps the service."""
    ending: bool = False
    """Whether a release was already requested."""


def next_moment(facts: LifeFacts, reminders: Reminders) -> datetime | None:
    """Return the next moment that needs an action; a past moment if it is due. None if no action is planned."""
    if not facts.living:
        return None
    reminders_left = _unsent_reminders(facts, reminders)
    moments = [
        reminders_left[0].at if reminders_left else None,
        paid_time_ends_at(facts),
        freeze_at(facts),
        release_at(facts),
    ]
    return min((moment for moment in moments if moment is not None), default=None)


def due_reminder(facts: LifeFacts, reminders: Reminders, *, now: datetime) -> Reminder | None:
    """Return the reminder to send now. Of several due reminders, for example after an outage, only the last is sent."""
    due_reminders = [reminder for reminder in _unsent_reminders(facts, reminders) if reminder.at <= now]
    return due_reminders[-1] if due_reminders and facts.expires_at is not None and now < facts.expires_at else None


def _unsent_reminders(facts: LifeFacts, reminders: Reminders) -> list[Reminder]:
    """Return the reminders of a future end that are not sent yet."""
    if facts.expires_at is None or facts.expired or facts.freeze_at is not None:
        return []
    quiet_ends = [facts.since + MIN_REMINDER_GAP] if facts.since is not None else []
    if facts.reminded_until is not None:
        quiet_ends.append(facts.reminded_until)
    until = max(quiet_ends, default=None)
    return [
        reminder for reminder in reminders.before(facts.expires_at)
        if reminder.at < facts.expires_at and (until is None or reminder.at > until)
    ]  # fmt: skip


def paid_time_ends_at(facts: LifeFacts) -> datetime | None:
    """Return the end of the paid time, when the freeze and release are set. Also during a renewal, because the buyer's
    level at this moment decides."""
    return facts.expires_at if facts.freeze_at is None else None


def freeze_at(facts: LifeFacts) -> datetime | None:
    """Return the end of the grace, unless a paid renewal is in progress. Services without retention are released
    without a freeze."""
    if facts.expired or facts.prolonging or facts.ending or _has_no_retention(facts):
        return None
    return facts.freeze_at


def release_at(facts: LifeFacts) -> datetime | None:
    if facts.freeze_at is None or facts.prolonging or facts.ending:
        return None
    return facts.release_at if facts.expired or _has_no_retention(facts) else None


def _has_no_retention(facts: LifeFacts) -> bool:
    return facts.freeze_at is not None and facts.release_at is not None and facts.release_at <= facts.freeze_at
