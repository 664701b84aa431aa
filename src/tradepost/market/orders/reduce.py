"""Refund part of the price before delivery, as agreed with the seller (business-rules §4.7: negotiated, within the
guarantee period)."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import outbox
from tradepost.market.base.money import Money

from .delivery_refunds import LineRefund, refund_lines
from .events import LineReduced
from .models import Order, OrderLine
from .refund_models import DeliveryRefund


def reduce_earnings(line: OrderLine, amount: Money) -> None:
    """Reduce the seller's earnings for the line; ``refund_reduction`` follows in the same transaction.

    The caller holds the lock of the delivering operation. Raises ``ValueError`` unless the amount is less than the
    remaining price.
    """
    stored_line = OrderLine.objects.get(pk=line.pk)
    if (
        stored_line.status != Order.Status.PROCESSING
        or not 0 < amount.minor < stored_line.amount_minor - stored_line.reduced_minor
    ):
        raise ValueError(f"{amount.minor} of {stored_line.amount_minor - stored_line.reduced_minor}")
    line.reduced_minor = stored_line.reduced_minor + amount.minor
    line.save(update_fields=["reduced_minor"])


def refund_reduction(
    line: OrderLine, amount: Money, *, reference: str, actor: str, now: datetime, ended: bool = False
) -> None:
    """Refund the amount from the held payment. ``reference``: unique name in the ledger. ``ended``: nothing more is
    delivered.

    Locks the order, then the buyer's account.
    """
    order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=line.order_id)
    kind = DeliveryRefund.Kind.ENDED if ended else DeliveryRefund.Kind.REDUCED
    refund_lines(order, [LineRefund(line, amount.minor, kind)], reference=reference, actor=actor, now=now)
    outbox.publish(LineReduced(order=order.number, line=line.number, minor=amount.minor), now=now)
