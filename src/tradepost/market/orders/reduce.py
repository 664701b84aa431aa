"""A part of the price goes back to the buyer before the order is delivered: what its seller agreed to take less for
(business-rules §4.7: negotiated, within the guarantee period)."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import outbox
from tradepost.market.base.money import Money
from tradepost.market.payments import ledger

from .events import LineReduced
from .models import Order, OrderLine


def take_less(line: OrderLine, amount: Money) -> None:
    """What the seller earns is less by this from now on; ``pay_less`` follows in the same transaction. Whoever calls holds the
    operation that delivers it. Raises ``ValueError`` for all that is left or more: that is no reduction."""
    held = OrderLine.objects.get(pk=line.pk)
    if held.status != Order.Status.PROCESSING or not 0 < amount.minor < held.amount_minor - held.reduced_minor:
        raise ValueError(f"{amount.minor} of {held.amount_minor - held.reduced_minor}")
    line.reduced_minor = held.reduced_minor + amount.minor
    line.save(update_fields=["reduced_minor"])


def pay_less(line: OrderLine, amount: Money, *, reference: str, actor: str, now: datetime) -> None:
    """The buyer has it back, out of what is held. ``reference`` names it in the ledger, once. Locks the order, and last the
    buyer's account."""
    order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=line.order_id)
    ledger.refund(order.buyer, amount, reference=reference, order_number=order.number, actor=actor, now=now)
    outbox.publish(LineReduced(order=order.number, line=line.number, minor=amount.minor), now=now)
