"""End a paid order: delivered, or given up with the money back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet, Sum

from tradepost.market.base import outbox
from tradepost.market.base.money import Money
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.base.work import wake
from tradepost.market.payments import ledger

from .events import OrderCompleted, OrderRefunded, OrderReturned
from .lifecycle import ORDER, OrderEvent
from .models import Order, OrderLine


def complete_orders(orders: Sequence[Order], *, now: datetime, later: Collection[str] = ()) -> None:
    """Every line was delivered: what was held becomes the sellers', but for the lines (by number) whose paid time begins
    ``later``: what is paid for a time to come is earned when it comes (business-rules §8.2)."""
    if not orders:
        return
    with transaction.atomic():
        ORDER.move_all(orders, OrderEvent.COMPLETE, now=now, ended_at=now)
        lines = _OF_ORDERS([order.pk for order in orders])
        earn_lines([line for line in lines if line.number not in later], now=now)
        outbox.publish_all([OrderCompleted(order=order.number) for order in _told(orders)], now=now)
        wake()


def complete_order(order: Order, *, now: datetime) -> None:
    complete_orders([order], now=now)


_EARNED = ("number", "amount_minor", "reduced_minor", "seller__id", "order__number", "order__currency")
"""What is read of a line to book what it earns."""


def lines_to_earn(numbers: Collection[str]) -> list[OrderLine]:
    """Of these lines, by number, what ``earn_lines`` reads."""
    return _NUMBERED(numbers) if numbers else []


def _earned(which: Among) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(which).select_related("seller", "order").only(*_EARNED).order_by("pk")


_OF_ORDERS = PreparedObjects((Keys(),), lambda orders: _earned(Among("order", orders)))
_NUMBERED = PreparedObjects((Keys("text"),), lambda numbers: _earned(Among("number", numbers)))


def earn_lines(lines: Sequence[OrderLine], *, now: datetime, at: Mapping[str, datetime] | None = None) -> None:
    """What was paid for these becomes their sellers', in few statements. ``at``: by line number when it did, where that was
    before now."""
    moments = at or {}
    ledger.earn_all(
        [
            ledger.Earning(
                seller=line.seller,
                amount=line.left,
                reference=line.number,
                order_number=line.order.number,
                at=moments.get(line.number),
            )
            for line in lines
        ],
        now=now,
    )


def give_up_order(order: Order, *, now: datetime, reason: str, actor: str = "market") -> None:
    """A line could not be delivered within the plan: full refund (saas-v2 §3.10, business-rules §4.2)."""
    with transaction.atomic():
        ORDER.move_all([order], OrderEvent.GIVE_UP, now=now, actor=actor, note=reason[:500], ended_at=now)
        ledger.refund(order.buyer, _left_of(order), reference=order.number, actor=actor, now=now)
        outbox.publish_all([OrderRefunded(order=one.number, reason=reason) for one in _told([order])], now=now)


def return_order(order: Order, *, now: datetime, actor: str) -> None:
    """Its buyer gives it back before anything was taken of it: full refund, and nobody failed (business-rules §2.10)."""
    with transaction.atomic():
        ORDER.move_all([order], OrderEvent.RETURN, now=now, actor=actor, ended_at=now)
        ledger.refund(order.buyer, _left_of(order), reference=order.number, actor=actor, now=now)
        outbox.publish_all([OrderReturned(order=one.number) for one in _told([order])], now=now)


def _left_of(order: Order) -> Money:
    """What is held for it: the total, less what was paid back before."""
    reduced = order.lines.aggregate(sum=Sum("reduced_minor"))["sum"] or 0
    return Money(order.total_minor - reduced, order.currency)


def _told(orders: Sequence[Order]) -> list[Order]:
    """Nobody is told of what an engineer tries out."""
    return [order for order in orders if order.origin != Order.Origin.SANDBOX]
