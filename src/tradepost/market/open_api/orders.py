"""What a seller may learn about an order: its own lines, and of the buyer what its products ask for (openapi-jointkit §C.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.lifecycle import period_end
from tradepost.protocols.commands import ChargingMode, Refresh
from tradepost.protocols.open_api import order_query as wire

LONGEST_PRODUCT_NAME = 64
MODE_NAMES = {
    ChargingMode.PERIOD: "包周期",
    ChargingMode.ONE_TIME: "按次",
    ChargingMode.ON_DEMAND: "按需",
    ChargingMode.ON_DEMAND_PKG: "按需套餐包",
}
"""As they end a product's name on the wire: data for a server, not words of a page, so always in Chinese."""

_NEEDED = (
    "number",
    "charging_mode",
    "period_type",
    "period_number",
    "quantity",
    "amount_minor",
    "sku_code",
    "linear",
    "product_name",
    "spec_name",
    "values",
    "extend_params",
    "order__number",
    "order__order_type",
    "order__placed_at",
    "order__paid_at",
    "order__currency",
    "order__buyer__customer_id",
    "order__buyer__name",
    "order__buyer__company",
    "order__buyer__phone",
    "order__buyer__email",
    "offer__product_id",
    "product__asks_mobile",
    "product__asks_email",
    "subscription__expires_at",
)
"""A product's texts and drawing are long, and a seller's server asks often."""


def order_of_seller(number: str, seller_id: int, *, line_number: str = "") -> wire.OrderInfo | None:
    """The order with this seller's lines. None when there is none, when it is another seller's, or while it is unpaid:
    until then a seller has nothing to do for it, and no reason to know the buyer."""
    lines = (
        OrderLine.objects.select_related("order__buyer", "offer", "product", "subscription")
        .only(*_NEEDED)
        .filter(order__number=number, seller_id=seller_id, order__paid_at__isnull=False)
        .order_by("pk")
    )
    if line_number:
        lines = lines.filter(number=line_number)
    found = list(lines)
    if not found:
        return None
    order = found[0].order
    return wire.OrderInfo(
        order_id=order.number,
        order_type=order.order_type,
        created_at=order.placed_at,
        lines=tuple(_line(line) for line in found),
        buyer=_buyer(order.buyer, found),
    )


def _line(line: OrderLine) -> wire.OrderLine:
    amount = _text(Money(line.amount_minor, line.order.currency))
    return wire.OrderLine(
        order_line_id=line.number,
        charging_mode=line.charging_mode,
        period_type=line.period_type,
        period_number=line.period_number if line.period_type else None,
        expires_at=_expires_at(line),
        products=(
            wire.ProductInfo(
                product_id=line.offer.product_id,
                sku_code=line.sku_code,
                product_name=_product_name(line),
                linear_value=line.quantity if line.linear else None,
            ),
        ),
        extend_params=tuple(wire.ExtendParam(name=p["name"], value=p["value"]) for p in line.extend_params),
        # The market has no discounts yet: what is asked is what is paid.
        currency=amount,
        currency_after_discount=amount,
    )


def _expires_at(line: OrderLine) -> datetime | None:
    """When the subscription ends; before there is one, the estimate that the wire allows: the period from payment on."""
    if not line.charging.ends:
        return None
    if line.order.order_type != Order.Type.NEW and (asked := _asked_for(line)) is not None:
        return asked
    if line.subscription and line.subscription.expires_at:
        return line.subscription.expires_at
    return period_end(line.order.paid_at or line.order.placed_at, line.period_type, line.period_number)


def _asked_for(line: OrderLine) -> datetime | None:
    """The end that this order leads to, as the seller was or will be told: the subscription has it only afterwards."""
    call = Call.objects.filter(order_line_number=line.number, kind=Refresh.__name__).order_by("-pk").first()
    command = calls.load(call.kind, call.command) if call else None
    return command.expires_at if isinstance(command, Refresh) else None


def _product_name(line: OrderLine) -> str:
    """Product, spec, chosen values and mode with commas, as the platform writes it; cut at the 64 that it declares."""
    parts = [line.product_name, line.spec_name, *(v["value"] for v in line.values)]
    parts.append(MODE_NAMES[ChargingMode(line.charging_mode)])
    return ",".join(parts)[:LONGEST_PRODUCT_NAME]


def _text(money: Money) -> str:
    """An amount in main units without needless zeros: ``100``, ``12.5``."""
    return f"{money.major.normalize():f}"


def _buyer(buyer: User, lines: Sequence[OrderLine]) -> wire.BuyerInfo:
    return wire.BuyerInfo(
        customer_id=buyer.customer_id,
        # Never the e-mail address: that is given only to those who ask for it.
        customer_name=buyer.name or f"user_{buyer.customer_id[:8]}",
        customer_real_name=buyer.company or buyer.name,
        customer_type=1 if buyer.company else 0,
        mobile_phone=buyer.phone if any(line.product.asks_mobile for line in lines) else "",
        email=buyer.email if any(line.product.asks_email for line in lines) else "",
    )
