"""Until when a trial can become formal, and when its paid time begins and ends then: pure rules (business-rules §3.5)."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from .models import Subscription
from .paid_time import period_end
from .renewable import LIVING, ending_of


def convertible_until(subscription: Subscription) -> datetime | None:
    """The end of the retention, exclusive; None for what is no trial, or has ended for good. With its buyer and its offer."""
    if subscription.status not in LIVING or not subscription.offer.trial:
        return None
    ending = ending_of(subscription)
    return ending.releases_at if ending else None


class FormalTime(Struct, frozen=True):
    """``until`` is exclusive."""

    since: datetime
    until: datetime


def formal_time(subscription: Subscription, period_type: str, number: int, *, now: datetime) -> FormalTime:
    """A trial that runs is used up first; one that has ended is followed by what is paid for from now on."""
    if subscription.expires_at is None:
        raise LookupError("a trial has an end")
    since = max(now, subscription.expires_at)
    return FormalTime(since, period_end(since, period_type, number))
