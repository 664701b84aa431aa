"""When the life of a subscription next needs something: a pure rule (business-rules §4.4, §8.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

REMIND = timedelta(days=7)
"""How long before the end its buyer is reminded; of what lasts for less than twice that, when half of it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Where a subscription stands."""

    living: bool
    """Active or frozen."""
    expires_at: datetime | None
    since: datetime | None = None
    """When it began; None where that is not known."""
    release_at: datetime | None = None
    expired: bool = False
    """It is frozen for its end already."""
    prolonging: bool = False
    """A paid renewal is under way, or about to be: its end comes here again."""
    ending: bool = False
    """A release is wanted already."""
    begins_at: datetime | None = None
    """The earliest beginning of paid time whose money is not yet the seller's."""


def next_moment(facts: Facts, *, now: datetime) -> datetime | None:
    """The next moment at which something is to be done, or one that is over when it is due already; None when nothing
    will be, unless something else happens."""
    if not facts.living:
        return None
    moments = [facts.begins_at, reminder(facts, now=now), freeze_at(facts), release_at(facts)]
    return min((moment for moment in moments if moment is not None), default=None)


def reminder(facts: Facts, *, now: datetime) -> datetime | None:
    if facts.expires_at is None or facts.expired:
        return None
    at = remind_at(facts)
    return at if at is not None and at > now else None


def remind_at(facts: Facts) -> datetime | None:
    """A week before the end. A trial of three days, or a service sold by the day, has its reminder in the middle."""
    if facts.expires_at is None:
        return None
    lasts = REMIND * 2 if facts.since is None else facts.expires_at - facts.since
    return facts.expires_at - min(REMIND, lasts / 2)


def freeze_at(facts: Facts) -> datetime | None:
    """At the end of the paid time, unless a paid renewal is under way: its buyer is not locked out meanwhile."""
    return None if facts.expired or facts.prolonging else facts.expires_at


def release_at(facts: Facts) -> datetime | None:
    return facts.release_at if facts.expired and not facts.prolonging and not facts.ending else None
