"""Refund order lines without a request: not delivered, ended or reduced before acceptance, returned, or paid time that never began.

Every such transfer is listed by line, so that buyer and seller find it beside the refunds that were requested.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.money import Money
from tradepost.market.payments import ledger

from .models import Order, OrderLine
from .refund_models import DeliveryRefund


class LineRefund(Struct, frozen=True):
    """The part of a refund that belongs to one order line."""

    line: OrderLine
    minor: int
    kind: DeliveryRefund.Kind


def refund_lines(
    order: Order, parts: Sequence[LineRefund], *, reference: str, now: datetime, actor: str = "market"
) -> None:
    """Return the sum of ``parts`` from the held payment to the buyer in one transfer, and list it by line.

    ``order.buyer`` should be fetched. Lock the order first; the buyer's account is locked last.
    """
    total = Money(sum(part.minor for part in parts), order.currency)
    rows.create(
        DeliveryRefund(
            kind=part.kind, line=part.line, buyer_id=order.buyer_id, seller_id=part.line.seller_id,
            amount_minor=part.minor, currency=order.currency, reference=reference, at=now,
        )
        for part in parts
        if part.minor
    )  # fmt: skip
    ledger.refund(order.buyer, total, reference=reference, order_number=order.number, actor=actor, now=now)
