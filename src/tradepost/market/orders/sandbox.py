"""Sandbox orders for trying out changes: real orders that sellers can query, without a price.

No money moves and no notices are sent; ``Order.origin`` marks them.
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
from .pricing import PricedChoice, Tariff, calculate_price
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
    """Store a paid sandbox order about an existing subscription. Its line holds the change and the price it would have."""
    full_price = calculate_price(Tariff.of(offer), quantity=quantity, periods=max(periods, 1))
    free_price = PricedChoice(full_price.unit, quantity, periods, Money(0, offer.currency), lines=full_price.lines)
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
        line = store_line(
            order, offer, free_price, subscription=subscription, list_minor=full_price.total.minor, now=now
        )
        ORDER.move(order, OrderEvent.PAY, now=now, actor=actor)
        record_paid(order, now=now)
    return line
