"""A paid order becomes deliveries: one opening subscription and one first call per line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from tradepost.market.base import rows
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbox import batched
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.prerequisite import check_prerequisite
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Call
from tradepost.market.subscriptions.lifecycle import period_end
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Buyer, ChargingMode, Create, Purchase
from tradepost.protocols.registry import protocol

from .models import Delivery

TEXTS = tuple(f"product__{name}" for name in ("description", "description_en", "guide", "guide_en", "picture"))
"""What is long on a product, and never asked of a seller."""

type Started = tuple[OrderLine, Call]
"""A line and the first call about it, both not written yet."""


@batched
def on_order_paid(paid: Sequence[OrderPaid], now: datetime) -> None:
    """Reaction: start what is not started yet. Money is never kept for what cannot even be asked of the seller."""
    orders = (
        Order.objects.filter(number__in={event.order for event in paid}, status=Order.Status.PROCESSING)
        .exclude(order_type=Order.Type.RENEW)
        .select_for_update(of=("self",))
        .select_related("buyer")
        .order_by("pk")
    )
    lines = _lines_to_start(orders)
    addresses = calls.addresses_of(line.product for ours in lines.values() for line in ours)
    started: list[Started] = []
    for order, ours in lines.items():
        try:
            begun = [_first_call(line, order, addresses.get(line.product_id), now) for line in ours]
            _check_lines(begun)
        except Refused as refused:
            give_up_order(order, now=now, reason=str(refused.message))
        else:
            started += begun
    if started:
        _open(started, now)


def _lines_to_start(orders: Iterable[Order]) -> dict[Order, list[OrderLine]]:
    by_pk = {order.pk: order for order in orders}
    lines = OrderLine.objects.filter(order__in=by_pk, delivery=None)
    wanted: dict[Order, list[OrderLine]] = {order: [] for order in by_pk.values()}
    for line in lines.select_related("product", "offer__sku").defer(*TEXTS).order_by("pk"):
        line.order = by_pk[line.order_id]
        wanted[line.order].append(line)
    return wanted


def _first_call(line: OrderLine, order: Order, address: Address | None, now: datetime) -> Started:
    """Ask the first step of the product type's plan for this order type. Raises ``Refused`` when that cannot be asked."""
    check_prerequisite(order.buyer, line.offer)
    command = Create(
        order_id=order.number,
        order_line_id=line.number,
        business_id="",
        buyer=_buyer(line, order),
        purchase=_purchase(line, now),
    )
    request = calls.CallRequest(
        command=command,
        product=line.product,
        subscription=Subscription(
            buyer=order.buyer,
            seller_id=line.seller_id,
            product=line.product,
            offer=line.offer,
            quantity=line.quantity,
            order_line_number=line.number,
            created_at=now,
        ),
        order_number=order.number,
        order_line_number=line.number,
    )
    call = calls.prepare(request, address, now=now)
    plan = product_type(line.product.product_type).plan(order.order_type, protocol(call.protocol))
    if not plan or plan[0].command is not Create:
        raise Refused("order.no_plan", f"{line.product.product_type} has no plan for {order.order_type} orders")
    return line, call


def _check_lines(started: list[Started]) -> None:
    """Where a protocol knows orders only, a seller would take a second line for a repeat (saas-v1-license A2.2).

    Checkout makes orders of one line; this stands before the day when it makes more.
    """
    alone = Counter(
        line.seller_id
        for line, call in started
        if call.protocol in product_type(line.product.product_type).one_line_over
    )
    if any(lines > 1 for lines in alone.values()):
        raise Refused("order.one_line", "one order can hold one product only over the protocol of this seller")


def _open(started: list[Started], now: datetime) -> None:
    """Write the subscriptions, their first calls, and the deliveries that follow these."""
    opened = Subscription.objects.bulk_create(call.subscription for _, call in started if call.subscription)
    for (_, call), subscription in zip(started, opened, strict=True):
        call.subscription = subscription  # it has its key now
    asked = calls.write([call for _, call in started])
    own = ({"id": line.pk, "subscription_id": s.pk} for (line, _), s in zip(started, opened, strict=True))
    rows.update("orders_orderline", {"subscription_id": "bigint"}, own)
    Delivery.objects.bulk_create(
        Delivery(line=line, subscription=subscription, call=call, created_at=now)
        for (line, _), subscription, call in zip(started, opened, asked, strict=True)
    )


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
