"""Until when a service can be renewed, and how long it then lasts: pure rules (business-rules §4.4, §4.5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from .lifecycle import period_end
from .models import Subscription

RETENTION = timedelta(days=15)
"""How long a seller keeps the data of a frozen instance (saas-v2 §3.4, business-rules §4.4)."""
LIVING = (Subscription.Status.ACTIVE, Subscription.Status.FROZEN)


def renewable_until(subscription: Subscription) -> datetime | None:
    """The end of the retention, exclusive; None for what cannot be renewed: it has no end, or has ended for good."""
    end = subscription.expires_at
    if subscription.status not in LIVING or not subscription.offer.charging.renewable or end is None:
        return None
    return end + RETENTION


def renewed_end(subscription: Subscription, period_type: str, number: int) -> datetime:
    """``number`` periods after the present end, in the retention too (business-rules §4.4).

    The day is that of the beginning wherever the month has it: who began on 31 January and renews by the month has the
    28th of February and then the 31st of March, as if all had been bought at once.
    """
    begun, end = subscription.started_at, subscription.expires_at
    if begun is None or end is None:
        raise LookupError("what is renewed has a beginning and an end")
    months = _months_between(begun, end)
    if months > 0 and period_end(begun, "month", months) == end:
        return period_end(begun, "month", months + number * (12 if period_type == "year" else 1))
    return period_end(end, period_type, number)


def _months_between(begun: datetime, end: datetime) -> int:
    zone = timezone.get_default_timezone()
    first, last = begun.astimezone(zone), end.astimezone(zone)
    return (last.year - first.year) * 12 + last.month - first.month
