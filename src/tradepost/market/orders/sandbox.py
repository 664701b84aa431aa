"""Orders that a sandbox makes for a change that is tried out: real ones that a seller can query, which cost nothing.

No money moves, and nobody is told of what they did themselves: ``Order.origin`` says so, not the price.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tradepost.market.base import ids
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer
from tradepost.market.subscriptions.models import Subscription

from .lifecycle import ORDER, OrderEvent
from .models import Order, OrderLine
from .place import store_line
from .pricing import Priced, Tariff, price
from .sales import record_paid


def place_sandbox_order(
    subscription: Subscription,
    order_type: Order.Type,
    *,
    offer: Offer,
    quantity: int,
    periods: int,
    actor: str,
    now: datetime,
) -> OrderLine:
    """An order about what the buyer holds, paid with nothing and under way; its line says what is wanted, and what it
    would cost."""
    costs = price(Tariff.of(offer), quantity=quantity, periods=max(periods, 1))
    nothing = Priced(costs.unit, quantity, periods, Money(0, offer.currency), lines=costs.lines)
    with transaction.atomic():
        order = Order.objects.create(
            number=ids.order_number(now),
            order_type=order_type,
            origin=Order.Origin.SANDBOX,
            buyer=subscription.buyer,
            total_minor=0,
            currency=offer.currency,
            placed_at=now,
            pay_before=now,
            paid_at=now,
        )
        line = store_line(order, offer, nothing, subscription=subscription, list_minor=costs.total.minor, now=now)
        ORDER.move(order, OrderEvent.PAY, now=now, actor=actor)
        record_paid(order, now=now)
    return line
