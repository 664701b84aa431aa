"""Paid time that will never begin: a renewal that is cancelled before it, or a service that ends before it. What it cost
is held and was not earned, so that its buyer has it back in full (business-rules §4.7); what a change in use cost for it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max

from tradepost.market.base.money import Money
from tradepost.market.orders.models import OrderLine
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription

from .earning import reference_of


def cancel_latest(subscription: Subscription, *, now: datetime) -> list[Period]:
    """The latest period is cancelled; what had begun of it stays its seller's. Gives what ``pay_back`` takes."""
    standing = Period.objects.filter(subscription=subscription, cancelled_at=None)
    latest = standing.exclude(kind=Period.Kind.CHANGE).order_by("-starts_at").first()
    if latest is None:
        return []
    changes = standing.filter(kind=Period.Kind.CHANGE, starts_at__gte=latest.starts_at)
    return _cancel([latest, *changes.order_by("pk")], now)


def cancel_all(subscription: Subscription, *, now: datetime) -> list[Period]:
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


def _cancel(periods: list[Period], now: datetime) -> list[Period]:
    Period.objects.filter(pk__in=[period.pk for period in periods]).update(cancelled_at=now)
    return [period for period in periods if period.earned_at is None]


def pay_back(cancelled: Sequence[Period], *, now: datetime) -> None:
    """What was paid for these is their buyers' again. Accounts are locked last: the timers and orders that change with the
    period come before."""
    if not cancelled:
        return
    of = {
        line.number: line
        for line in OrderLine.objects.select_related("order__buyer").filter(
            number__in={period.line_number for period in cancelled}
        )
    }
    told = [period for period in cancelled if period.line_number in of]
    for period in sorted(told, key=lambda one: (of[one.line_number].pk, one.pk)):
        line, number = of[period.line_number], of[period.line_number].order.number
        if period.kind == Period.Kind.CHANGE:
            amount = Money(period.paid_minor, period.currency)
            ledger.refund(line.order.buyer, amount, reference=reference_of(period), order_number=number, now=now)
        else:
            ledger.refund(line.order.buyer, line.amount, reference=number, now=now)
