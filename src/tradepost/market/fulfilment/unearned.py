"""Paid time that will never begin: a renewal that is cancelled before it, or a service that ends before it. What it cost
is held and was not earned, so that its buyer has it back in full (business-rules §4.7)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from tradepost.market.orders.models import OrderLine
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription


def cancel_latest(subscription: Subscription, *, now: datetime) -> list[str]:
    """The latest period is cancelled; what had begun of it stays its seller's. Gives what ``pay_back`` takes."""
    latest = Period.objects.filter(subscription=subscription, cancelled_at=None).order_by("-starts_at").first()
    return [] if latest is None else _cancel([latest], now)


def cancel_all(subscription: Subscription, *, now: datetime) -> list[str]:
    """The service ends: all that has not begun is cancelled, and the paid time ends where the rest of it ends. Gives what
    ``pay_back`` takes."""
    standing = Period.objects.filter(subscription=subscription, cancelled_at=None)
    unearned = list(standing.filter(earned_at=None, starts_at__gt=now).order_by("pk"))
    if not unearned:
        return []
    held = _cancel(unearned, now)
    subscription.expires_at = standing.aggregate(end=Max("ends_at"))["end"]
    subscription.save(update_fields=["expires_at"])
    return held


def _cancel(periods: list[Period], now: datetime) -> list[str]:
    Period.objects.filter(pk__in=[period.pk for period in periods]).update(cancelled_at=now)
    return [period.line_number for period in periods if period.earned_at is None]


def pay_back(line_numbers: list[str], *, now: datetime) -> None:
    """What was paid for these is their buyers' again. Accounts are locked last: the timers and orders that change with the
    period come before."""
    if not line_numbers:
        return
    for line in OrderLine.objects.select_related("order__buyer").filter(number__in=line_numbers).order_by("pk"):
        ledger.refund(line.order.buyer, line.amount, reference=line.order.number, now=now)
