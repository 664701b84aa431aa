"""Purchased products: newer interfaces only send IDs, so the market is queried; the older ones send the purchase
inline."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradepost.kit import Create
from tradepost.kit.client import MarketClient, MarketError

if TYPE_CHECKING:
    from datetime import datetime

    from tradepost.kit import Refresh, Upgrade

log = logging.getLogger("sample_seller")


@dataclass(frozen=True, slots=True)
class Bought:
    """Data of the order; all unknown if the market could not be queried."""

    plan: str = ""
    quantity: int | None = None
    expires_at: datetime | None = None
    mode: str = ""
    customer: str = ""


def purchase_of(command: Create | Upgrade | Refresh, market: MarketClient | None) -> Bought:
    sent = command.purchase
    if sent is not None:
        customer = command.buyer.customer_id if isinstance(command, Create) and command.buyer else ""
        return Bought(
            sent.product_name or sent.product_id, sent.quantity, sent.expires_at, sent.charging_mode, customer
        )
    return ask(market, command.order_id, command.order_line_id)


def ask(market: MarketClient | None, order_id: str, order_line_id: str) -> Bought:
    """Query an order; unknown if the market is unreachable, so that a buyer who paid still gets the product."""
    if market is None:
        return Bought()
    try:
        order = market.order(order_id, order_line_id)
    except MarketError as error:
        log.warning("the order %s stays unknown: %s", order_id, error)
        return Bought()
    for line in order.lines:
        if line.order_line_id == order_line_id and line.products:
            product = line.products[0]
            customer = order.buyer.customer_id if order.buyer else ""
            return Bought(product.product_name, product.linear_value, line.expires_at, line.charging_mode, customer)
    return Bought()
