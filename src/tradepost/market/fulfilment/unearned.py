"""Cancel paid periods that will not begin, because a renewal is cancelled or the service ends. Their held payments are
refunded in full, with the fees of changes (business-rules §4.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max

from tradepost.market.orders.delivery_refunds import LineRefund, refund_lines
from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.refund_models import DeliveryRefund
from tradepost.market.subscriptions.models import Period, Subscription

from .earning import reference_of


def cancel_latest(subscription: Subscription, *, now: datetime) -> list[Period]:
    """Cancel the latest period; earned parts remain the seller's. Return the input of ``pay_back``."""
    valid = Period.objects.filter(subscription=subscription, cancelled_at=None)
    latest_period = valid.exclude(kind=Period.Kind.CHANGE).order_by("-starts_at").first()
    if latest_period is None:
        return []
    changes = valid.filter(kind=Period.Kind.CHANGE, starts_at__gte=latest_period.starts_at)
    return _cancel([latest_period, *changes.order_by("pk")], now)


def cancel_all(subscription: Subscription, *, now: datetime) -> list[Period]:
    """Cancel all future periods because the service ends; the paid time ends with the others. Return the input of
    ``pay_back``."""
    valid = Period.objects.filter(subscription=subscription, cancelled_at=None)
    unearned_periods = list(valid.filter(earned_at=None, starts_at__gt=now).order_by("pk"))
    if not unearned_periods:
        return []
    cancelled_periods = _cancel(unearned_periods, now)
    subscription.expires_at = valid.aggregate(end=Max("ends_at"))["end"]
    subscription.save(update_fields=["expires_at"])
    return cancelled_periods


def _cancel(periods: list[Period], now: datetime) -> list[Period]:
    Period.objects.filter(pk__in=[period.pk for period in periods]).update(cancelled_at=now)
    return [period for period in periods if period.earned_at is None]


def refund_periods(cancelled: Sequence[Period], *, now: datetime) -> None:
    """Refund these periods. Accounts are locked last, after the timers and orders."""
    if not cancelled:
        return
    lines_by_number = {
        line.number: line
        for line in OrderLine.objects.select_related("order__buyer").filter(
            number__in={period.line_number for period in cancelled}
        )
    }
    refundable = [period for period in cancelled if period.line_number in lines_by_number]
    for period in sorted(
        refundable,
        key=lambda refundable_period: (lines_by_number[refundable_period.line_number].pk, refundable_period.pk),
    ):
        line, change = lines_by_number[period.line_number], period.kind == Period.Kind.CHANGE
        minor = period.paid_minor if change else line.amount_minor
        reference = reference_of(period) if change else line.order.number
        refund_lines(line.order, [LineRefund(line, minor, DeliveryRefund.Kind.UNBEGUN)], reference=reference, now=now)
