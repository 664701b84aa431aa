"""Deadline for converting a trial, and the paid time after the conversion (business-rules §3.5). Pure functions."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from .models import Subscription
from .paid_time import period_end
from .renewable import LIVE_STATUSES, service_end_of


def convertible_until(subscription: Subscription) -> datetime | None:
    """Return the end of the retention, exclusive; None if it is not a trial or has been released. Needs the buyer and
    the offer."""
    if subscription.status not in LIVE_STATUSES or not subscription.offer.trial:
        return None
    ending = service_end_of(subscription)
    return ending.releases_at if ending else None


class PaidTimeAfterTrial(Struct, frozen=True):
    """Paid time after a conversion; ``until`` is exclusive."""

    since: datetime
    until: datetime


def paid_time_after_trial(
    subscription: Subscription, period_type: str, number: int, *, now: datetime
) -> PaidTimeAfterTrial:
    """Return the paid time after a conversion. It follows a running trial, or begins now if the trial has ended."""
    if subscription.expires_at is None:
        raise LookupError("a trial has an end")
    since = max(now, subscription.expires_at)
    return PaidTimeAfterTrial(since, period_end(since, period_type, number))
