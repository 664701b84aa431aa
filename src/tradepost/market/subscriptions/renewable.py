"""Until when a service can be renewed, and how long it then lasts: pure rules (business-rules §4.4, §4.5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from .models import Subscription
from .paid_time import prolonged

RETENTION = timedelta(days=15)
"""How long a seller keeps the data of a frozen instance (saas-v2 §3.4, business-rules §4.4)."""
LIVING = (Subscription.Status.ACTIVE, Subscription.Status.FROZEN)


def renewable_until(subscription: Subscription) -> datetime | None:
    """The end of the retention, exclusive; None for what cannot be renewed: it has no end, has ended for good, or
    is a trial."""
    end = subscription.expires_at
    if subscription.status not in LIVING or not subscription.offer.renewable or end is None:
        return None
    return end + RETENTION


def renewed_end(subscription: Subscription, period_type: str, number: int) -> datetime:
    """``number`` periods after the present end, in the retention too (business-rules §4.4)."""
    begun, end = subscription.started_at, subscription.expires_at
    if begun is None or end is None:
        raise LookupError("what is renewed has a beginning and an end")
    return prolonged(begun, end, period_type, number)
