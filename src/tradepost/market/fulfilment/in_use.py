"""End orders of services in use during the buyer's check (business-rules §2.10; ``by_people``).

Callers hold the lock of the subscription. No operation blocks its lane meanwhile, so licenses can be applied for and an
expired code is frozen.
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import rows
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions.life import MIN_REMINDER_GAP
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .apply import bought_period
from .contract import PaidPeriod
from .timers import set_timers


def accept(subscription: Subscription, *, effective_at: datetime, now: datetime) -> None:
    """Complete the order; the seller has earned the payment. Paid time counts from ``effective_at`` unless it began
    before."""
    line = _line(subscription)
    if line.period_type and subscription.expires_at is None and subscription.status in LIVE_STATUSES:
        _begin_paid_time(subscription, line, effective_at, now)
    order = _locked(line)
    if order.status == Order.Status.PROCESSING:
        complete_order(order, now=now)


def _begin_paid_time(subscription: Subscription, line: OrderLine, since: datetime, now: datetime) -> None:
    end = period_end(since, line.period_type, line.period_number)
    rows.create([bought_period(subscription, line, PaidPeriod(starts_at=since, ends_at=end), now=now)])
    subscription.started_at, subscription.expires_at, subscription.reminded_until = since, end, now + MIN_REMINDER_GAP
    subscription.save(update_fields=["started_at", "expires_at", "reminded_until"])
    set_timers([subscription], now=now)


def refund_payment(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """Refund the held payment and cancel the paid period. ``by_people.release`` then releases the service in its own
    transaction."""
    line = _line(subscription)
    periods = Period.objects.filter(subscription=subscription, line_number=line.number, cancelled_at=None)
    periods.update(cancelled_at=now)
    order = _locked(line)
    if order.status == Order.Status.PROCESSING:
        give_up_order(order, reason=reason, actor=actor, now=now)


def _line(subscription: Subscription) -> OrderLine:
    return OrderLine.objects.select_related("order", "offer").get(number=subscription.order_line_number)


def _locked(line: OrderLine) -> Order:
    return Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=line.order_id)
