"""Paid time that will never begin: a renewal that is cancelled before it, or a service that ends before it. What it cost
is held and was not earned, so that its buyer has it back in full (business-rules §4.7)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from tradepost.market.orders.models import OrderLine
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription


def take_back_latest(subscription: Subscription, *, now: datetime) -> None:
    """The latest period is cancelled; what had begun of it stays its seller's."""
    latest = Period.objects.filter(subscription=subscription, cancelled_at=None).order_by("-starts_at").first()
    if latest is not None:
        _take_back([latest], now)


def take_back_all(subscription: Subscription, *, now: datetime) -> None:
    """The service ends: all that has not begun is cancelled, and the paid time ends where the rest of it ends."""
    standing = Period.objects.filter(subscription=subscription, cancelled_at=None)
    unearned = list(standing.filter(earned_at=None, starts_at__gt=now).order_by("pk"))
    if not unearned:
        return
    _take_back(unearned, now)
    subscription.expires_at = standing.aggregate(end=Max("ends_at"))["end"]
    subscription.save(update_fields=["expires_at"])


def _take_back(periods: list[Period], now: datetime) -> None:
    held = [period.line_number for period in periods if period.earned_at is None]
    for line in OrderLine.objects.select_related("order__buyer").filter(number__in=held).order_by("pk"):
        ledger.refund(line.order.buyer, line.amount, reference=line.order.number, now=now)
    Period.objects.filter(pk__in=[period.pk for period in periods]).update(cancelled_at=now)
