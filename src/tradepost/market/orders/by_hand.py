"""Orders that a sandbox makes for a change by hand: real ones that a seller can query, which cost nothing.

No money moves and no event is published: nothing is to be delivered, and nobody has to be told of what they did.
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
from .pricing import Priced
from .sales import record_paid


def place_by_hand(
    subscription: Subscription,
    order_type: Order.Type,
    *,
    offer: Offer,
    quantity: int,
    periods: int,
    actor: str,
    now: datetime,
) -> OrderLine:
    """An order about what the buyer holds, paid with nothing and under way; its line says what is wanted."""
    nothing = Priced(offer.price, quantity, periods, Money(0, offer.currency))
    with transaction.atomic():
        order = Order.objects.create(
            number=ids.order_number(now),
            order_type=order_type,
            buyer=subscription.buyer,
            total_minor=0,
            currency=offer.currency,
            placed_at=now,
            pay_before=now,
            paid_at=now,
        )
        line = store_line(order, offer, nothing, subscription=subscription, now=now)
        ORDER.move(order, OrderEvent.PAY, now=now, actor=actor)
        record_paid(order, now=now)
    return line


def end_by_hand(order: Order, *, done: bool, note: str = "", now: datetime) -> None:
    """The seller did it, or the plan of the call ended without it; there is no money to give back."""
    with transaction.atomic():
        ORDER.move(order, OrderEvent.COMPLETE if done else OrderEvent.GIVE_UP, now=now, note=note[:500])
        Order.objects.filter(pk=order.pk).update(ended_at=now)
