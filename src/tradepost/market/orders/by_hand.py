"""Orders that a sandbox makes for a change by hand: real ones that a seller can query, which cost nothing.

No money moves and no event is published: nothing is to be delivered, and nobody has to be told of what they did.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tradepost.market.base import ids
from tradepost.market.catalog.models import Offer
from tradepost.market.subscriptions.models import Subscription

from .lifecycle import ORDER, E
from .models import Order, OrderLine
from .place import chosen_values

OF_A_CHANGE = (Order.Type.RENEW, Order.Type.CHANGE, Order.Type.UNSUBSCRIBE)


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
    sku = offer.sku
    spec, product = sku.spec, sku.spec.product
    with transaction.atomic():
        number = ids.order_number(now)
        order = Order.objects.create(
            number=number,
            order_type=order_type,
            buyer=subscription.buyer,
            total_minor=0,
            currency=offer.currency,
            placed_at=now,
            pay_before=now,
            paid_at=now,
        )
        ORDER.move(order, E.PAY, now=now, actor=actor)
        return OrderLine.objects.create(
            order=order,
            number=ids.line_number(number, 1),
            seller=product.seller,
            product=product,
            offer=offer,
            subscription=subscription,
            charging_mode=offer.charging_mode,
            period_type=offer.period_type,
            period_number=periods if offer.period_type else 0,
            quantity=quantity,
            amount_minor=0,
            sku_code=sku.code,
            linear=sku.quantity_max > sku.quantity_min,
            product_name=product.name,
            product_name_en=product.name_en,
            spec_name=spec.name,
            spec_name_en=spec.name_en,
            values=chosen_values(sku),
            agreed_at=now,
        )


def end_by_hand(order: Order, *, done: bool, note: str = "", now: datetime) -> None:
    """The seller did it, or the plan of the call ended without it; there is no money to give back."""
    with transaction.atomic():
        ORDER.move(order, E.COMPLETE if done else E.GIVE_UP, now=now, note=note[:500])
        Order.objects.filter(pk=order.pk).update(ended_at=now)


def open_changes(subscription: Subscription) -> list[Order]:
    """Changes that are ordered and not ended, oldest first."""
    return list(
        Order.objects.filter(
            lines__subscription=subscription, order_type__in=OF_A_CHANGE, status=Order.Status.PROCESSING
        ).order_by("pk")
    )
