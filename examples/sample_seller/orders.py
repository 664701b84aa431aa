"""What was bought: newer interfaces send ids only, and the market is asked; the older ones send it along."""

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
    """What the order says; all unknown when the market could not be asked."""

    plan: str = ""
    quantity: int | None = None
    expires_at: datetime | None = None
    mode: str = ""
    customer: str = ""


def what_was_bought(command: Create | Upgrade | Refresh, market: MarketClient | None) -> Bought:
    sent = command.purchase
    if sent is not None:
        customer = command.buyer.customer_id if isinstance(command, Create) and command.buyer else ""
        return Bought(
            sent.product_name or sent.product_id, sent.quantity, sent.expires_at, sent.charging_mode, customer
        )
    return ask(market, command.order_id, command.order_line_id)


def ask(market: MarketClient | None, order_id: str, order_line_id: str) -> Bought:
    """Unknown when the market cannot be asked: a buyer who paid still gets what was bought."""
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
