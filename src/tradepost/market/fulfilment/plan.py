"""A paid order becomes deliveries: one opening subscription and one first call per line."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from tradepost.market.base.errors import Refused
from tradepost.market.base.outbox import Facts
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.prerequisite import check_prerequisite
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import calls
from tradepost.market.subscriptions.lifecycle import period_end
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Buyer, ChargingMode, Create, Purchase
from tradepost.protocols.registry import protocol

from .models import Delivery


def on_order_paid(facts: Facts, now: datetime) -> None:
    """Reaction: start what is not started yet. Money is never kept for what cannot even be asked of the seller."""
    order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(number=facts["order"])
    if order.status != Order.Status.PROCESSING:
        return
    lines = OrderLine.objects.filter(order=order, delivery=None).select_related("product", "seller", "offer__sku")
    try:
        with transaction.atomic():
            _check_lines([start(line, order, now) for line in lines.order_by("pk")])
    except Refused as refused:
        give_up_order(order, now=now, reason=str(refused.message))


def start(line: OrderLine, order: Order, now: datetime) -> Delivery:
    """Open the subscription and ask the first step of the product type's plan for this order type."""
    check_prerequisite(order.buyer, line.offer)
    subscription = Subscription.objects.create(
        buyer=order.buyer,
        seller=line.seller,
        product=line.product,
        offer=line.offer,
        quantity=line.quantity,
        order_line_number=line.number,
        created_at=now,
    )
    OrderLine.objects.filter(pk=line.pk).update(subscription=subscription)
    command = Create(
        order_id=order.number,
        order_line_id=line.number,
        business_id="",
        buyer=_buyer(line, order),
        purchase=_purchase(line, now),
    )
    call = calls.ask(
        command,
        product=line.product,
        subscription=subscription,
        order_number=order.number,
        order_line_number=line.number,
        now=now,
    )
    plan = product_type(line.product.product_type).plan(order.order_type, protocol(call.protocol))
    if not plan or plan[0].command is not Create:
        raise Refused("order.no_plan", f"{line.product.product_type} has no plan for {order.order_type} orders")
    return Delivery.objects.create(line=line, subscription=subscription, call=call, created_at=now)


def _check_lines(deliveries: list[Delivery]) -> None:
    """Where a protocol knows orders only, a seller would take a second line for a repeat (saas-v1-license A2.2).

    Checkout makes orders of one line; this stands before the day when it makes more.
    """
    alone = Counter(
        d.line.seller_id
        for d in deliveries
        if d.call and d.call.protocol in product_type(d.line.product.product_type).one_line_over
    )
    if any(lines > 1 for lines in alone.values()):
        raise Refused("order.one_line", "one order can hold one product only over the protocol of this seller")


def _buyer(line: OrderLine, order: Order) -> Buyer:
    """Privacy fields only when the product asked for them (saas-v2 §1.5)."""
    buyer, product = order.buyer, line.product
    return Buyer(
        customer_id=buyer.customer_id,
        # As the order query says it; never a part of an address that the product did not ask for.
        customer_name=buyer.name or f"user_{buyer.customer_id[:8]}",
        mobile_phone=buyer.phone if product.asks_mobile else "",
        email=buyer.email if product.asks_email else "",
    )


def _purchase(line: OrderLine, now: datetime) -> Purchase:
    expires = period_end(now, line.period_type, line.period_number) if line.period_type else None
    return Purchase(
        product_id=line.offer.product_id,
        sku_code=line.sku_code,
        product_name=line.product_name,
        charging_mode=ChargingMode(line.charging_mode),
        period_type=line.period_type,
        period_number=line.period_number or None,
        quantity=line.quantity if line.linear else None,
        started_at=now,
        expires_at=expires,
        amount=Decimal(line.amount.major),
        extend_params=tuple((p["name"], p["value"]) for p in line.extend_params),
    )
