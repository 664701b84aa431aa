"""What is in use while its buyer looks at it: its order goes on until that is over, and ends here (business-rules §2.10; ``by_people``).

Whoever calls holds the lock of the subscription. Nothing waits in its lane, so that licenses are applied for, and a code that
expires is frozen, meanwhile.
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import rows
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions.life import QUIET
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.market.subscriptions.renewable import LIVING

from .apply import bought_period
from .contract import Paid
from .timers import watch


def accept(subscription: Subscription, *, effective_at: datetime, now: datetime) -> None:
    """The order completes and the seller has earned; the paid time counts from ``effective_at``, where it did not begin before."""
    line = _line(subscription)
    if line.period_type and subscription.expires_at is None and subscription.status in LIVING:
        _begin_paid_time(subscription, line, effective_at, now)
    order = _locked(line)
    if order.status == Order.Status.PROCESSING:
        complete_order(order, now=now)


def _begin_paid_time(subscription: Subscription, line: OrderLine, since: datetime, now: datetime) -> None:
    end = period_end(since, line.period_type, line.period_number)
    rows.create([bought_period(subscription, line, Paid(starts_at=since, ends_at=end), now=now)])
    subscription.started_at, subscription.expires_at, subscription.reminded_until = since, end, now + QUIET
    subscription.save(update_fields=["started_at", "expires_at", "reminded_until"])
    watch([subscription], now=now)


def pay_back(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """All that is held goes back, and what was paid for is no paid time any more. The service itself is released afterwards, in a
    transaction of its own (``by_people.release``)."""
    line = _line(subscription)
    bought = Period.objects.filter(subscription=subscription, line_number=line.number, cancelled_at=None)
    bought.update(cancelled_at=now)
    order = _locked(line)
    if order.status == Order.Status.PROCESSING:
        give_up_order(order, reason=reason, actor=actor, now=now)


def _line(subscription: Subscription) -> OrderLine:
    return OrderLine.objects.select_related("order", "offer").get(number=subscription.order_line_number)


def _locked(line: OrderLine) -> Order:
    return Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=line.order_id)
