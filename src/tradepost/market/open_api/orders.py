"""The order data that a seller may see: its own lines, and the buyer's data that its products ask for (openapi-jointkit
§C.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import models

from tradepost.market.base.money import Money
from tradepost.market.base.prepared import Prepared
from tradepost.market.fulfilment.renewing import end_after
from tradepost.market.identity.models import CustomerType
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.product_types.charging import charging_of
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.inline_purchase import NAME_LENGTH
from tradepost.protocols.open_api import order_query as wire

MAX_PRODUCT_NAME_LENGTH = 64
MODE_NAMES = {
    ChargingMode.PERIOD: "包周期",
    ChargingMode.ONE_TIME: "按次",
    ChargingMode.ON_DEMAND: "按需",
    ChargingMode.ON_DEMAND_PKG: "按需套餐包",
}
"""Suffixes of product names on the wire. Always Chinese, since they are data for servers, not texts of pages."""


OPENING_TYPES = (Order.Type.NEW, Order.Type.TRIAL)
"""Orders that open a service. Other orders change an end date, which is sent before it applies."""


_TYPES = {CustomerType.COMPANY: 1, CustomerType.PERSON: 0, "": -1}
"""Customer types, as an operator certified them (openapi-jointkit §C.4)."""


class _Line(NamedTuple):
    """The required columns of a line. Long texts and drawings are left out, since sellers' servers query often."""

    number: str
    charging_mode: str
    period_type: str
    period_number: int
    quantity: int
    amount_minor: int
    list_minor: int
    sku_code: str
    linear: bool
    product_name: str
    spec_name: str
    values: list[dict[str, str]]
    extend_params: list[dict[str, str]]
    order__number: str
    order__order_type: str
    order__placed_at: datetime
    order__paid_at: datetime
    order__currency: str
    order__buyer__customer_id: str
    order__buyer__name: str
    order__buyer__company: str
    order__buyer__customer_type: str
    order__buyer__certified_name: str
    order__buyer__phone: str
    order__buyer__email: str
    offer__product_id: str
    product__asks_mobile: bool
    product__asks_email: bool
    product__asks_user: bool
    subscription__expires_at: datetime | None


_lines = Prepared(
    (models.CharField(), models.BigIntegerField()),
    lambda number, seller: (
        OrderLine.objects.filter(order__number=number, seller_id=seller, order__paid_at__isnull=False)
        .order_by("pk")
        .values_list(*_Line._fields)
    ),
)


def order_of_seller(number: str, seller_id: int, *, line_number: str = "") -> wire.OrderInfo | None:
    """Return the order with this seller's lines. None if it does not exist, is another seller's, or is unpaid.

    An unpaid order requires no action by the seller, who need not know the buyer.
    """
    seller_lines = [line for line in map(_Line._make, _lines(number, seller_id)) if line_number in {"", line.number}]
    if not seller_lines:
        return None
    order = seller_lines[0]
    return wire.OrderInfo(
        order_id=order.order__number,
        order_type=order.order__order_type,
        created_at=order.order__placed_at,
        lines=tuple(_line(line) for line in seller_lines),
        buyer=_buyer(seller_lines),
    )


def _line(line: _Line) -> wire.OrderLine:
    listed_amount, paid_amount = _amounts(line)
    return wire.OrderLine(
        order_line_id=line.number,
        charging_mode=line.charging_mode,
        period_type=line.period_type,
        period_number=line.period_number if line.period_type else None,
        expires_at=_expires_at(line),
        products=(
            wire.ProductInfo(
                product_id=line.offer__product_id,
                sku_code=line.sku_code,
                product_name=_product_name(line),
                linear_value=line.quantity if line.linear else None,
            ),
        ),
        extend_params=tuple(wire.ExtendParam(name=p["name"], value=p["value"]) for p in line.extend_params),
        currency=listed_amount,
        currency_after_discount=paid_amount,
    )


def _amounts(line: _Line) -> tuple[str, str]:
    """Return ``currency`` and ``currencyAfterDiscount``.

    For an unsubscription the first is empty and the second negative (saas-v1-license C). The market has no discounts
    yet, so both are otherwise equal.
    """
    if line.order__order_type == Order.Type.UNSUBSCRIBE:
        return "", _text(-Money(line.list_minor, line.order__currency))
    amount = _text(Money(line.amount_minor, line.order__currency))
    return amount, amount


def _expires_at(line: _Line) -> datetime | None:
    """Return the end of the subscription; before it exists, the permitted estimate: one period after the payment."""
    if not charging_of(line.charging_mode).ends:
        return None
    if line.order__order_type not in OPENING_TYPES and (requested_end := end_after(line.number)) is not None:
        return requested_end
    if line.subscription__expires_at:
        return line.subscription__expires_at
    return period_end(line.order__paid_at, line.period_type, line.period_number)


def _product_name(line: _Line) -> str:
    """Return product, specification, chosen values and mode, separated by commas and cut to the declared 64
    characters."""
    parts = [line.product_name, line.spec_name, *(v["value"] for v in line.values)]
    parts.append(MODE_NAMES[ChargingMode(line.charging_mode)])
    return ",".join(parts)[:MAX_PRODUCT_NAME_LENGTH]


def _text(money: Money) -> str:
    """Return an amount in main units without trailing zeros: ``100``, ``12.5``."""
    return f"{money.major.normalize():f}"


def _buyer(lines: Sequence[_Line]) -> wire.BuyerInfo:
    order = lines[0]
    customer, name, company = order.order__buyer__customer_id, order.order__buyer__name, order.order__buyer__company
    return wire.BuyerInfo(
        customer_id=customer,
        # Never the email address, which only products that ask for it get.
        customer_name=name or f"user_{customer[:8]}",
        customer_real_name=order.order__buyer__certified_name or company or name,
        customer_type=_TYPES[order.order__buyer__customer_type],
        user_id=customer if (asks_user := any(line.product__asks_user for line in lines)) else "",
        user_name=(name or f"user_{customer[:8]}")[:NAME_LENGTH] if asks_user else "",
        mobile_phone=order.order__buyer__phone if any(line.product__asks_mobile for line in lines) else "",
        email=order.order__buyer__email if any(line.product__asks_email for line in lines) else "",
    )
