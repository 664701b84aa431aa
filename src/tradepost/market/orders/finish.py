"""End a paid order: complete it, refund it as undelivered, or return it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from tradepost.market.base import outbox
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.base.work import wake
from tradepost.market.payments import ledger

from .delivery_refunds import LineRefund, refund_lines
from .events import OrderCompleted, OrderRefunded, OrderReturned
from .lifecycle import ORDER, OrderEvent
from .models import Order, OrderLine
from .refund_models import DeliveryRefund


def complete_orders(orders: Sequence[Order], *, now: datetime, later: Collection[str] = ()) -> None:
    """Complete delivered orders. Sellers earn the held money, except for lines (by number) that begin ``later``: they
    are earned when the paid period begins (business-rules §8.2)."""
    if not orders:
        return
    with transaction.atomic():
        ORDER.move_all(orders, OrderEvent.COMPLETE, now=now, ended_at=now)
        lines = _LINES_OF_ORDERS([order.pk for order in orders])
        earn_lines([line for line in lines if line.number not in later], now=now)
        outbox.publish_all([OrderCompleted(order=order.number) for order in _without_sandbox(orders)], now=now)
        wake()


def complete_order(order: Order, *, now: datetime) -> None:
    complete_orders([order], now=now)


_EARNING_COLUMNS = ("number", "amount_minor", "reduced_minor", "seller__id", "order__number", "order__currency")
"""Columns read to book the earnings of a line."""


def lines_to_earn(numbers: Collection[str]) -> list[OrderLine]:
    """Read the lines with these numbers, with the columns that ``earn_lines`` needs."""
    return _LINES_BY_NUMBER(numbers) if numbers else []


def _lines_to_earn(condition: Among) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(condition).select_related("seller", "order").only(*_EARNING_COLUMNS).order_by("pk")


_LINES_OF_ORDERS = PreparedObjects((Keys(),), lambda orders: _lines_to_earn(Among("order", orders)))
_LINES_BY_NUMBER = PreparedObjects((Keys("text"),), lambda numbers: _lines_to_earn(Among("number", numbers)))


def earn_lines(lines: Sequence[OrderLine], *, now: datetime, at: Mapping[str, datetime] | None = None) -> None:
    """Book the sellers' earnings for these lines, in few statements. ``at``: earlier booking times by line number."""
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
    """Refund an order in full because a line could not be delivered within the retry plan (saas-v2 §3.10,
    business-rules §4.2)."""
    delivers = bool(_without_sandbox([order])) and order.order_type != Order.Type.UNSUBSCRIBE
    with transaction.atomic():
        ORDER.move_all(
            [order], OrderEvent.GIVE_UP, now=now, actor=actor, note=reason[:500], ended_at=now,
            undelivered_at=now if delivers else None,
        )  # fmt: skip
        _refund_rest(order, None, actor=actor, now=now)
        outbox.publish_all(
            [OrderRefunded(order=announced.number, reason=reason) for announced in _without_sandbox([order])], now=now
        )


def return_order(order: Order, *, now: datetime, actor: str) -> None:
    """Return an order in full at the buyer's request before it was used (business-rules §2.10). It does not count as
    undelivered."""
    with transaction.atomic():
        ORDER.move_all([order], OrderEvent.RETURN, now=now, actor=actor, ended_at=now)
        _refund_rest(order, DeliveryRefund.Kind.RETURNED, actor=actor, now=now)
        outbox.publish_all([OrderReturned(order=announced.number) for announced in _without_sandbox([order])], now=now)


def _refund_rest(order: Order, kind: DeliveryRefund.Kind | None, *, actor: str, now: datetime) -> None:
    """Refund the remaining money held for the order: the price of each line, less earlier refunds."""
    lines = order.lines.only("order_id", "seller_id", "amount_minor", "reduced_minor", "flow").order_by("pk")
    parts = [LineRefund(line, line.amount_minor - line.reduced_minor, kind or _kind(line)) for line in lines]
    refund_lines(order, parts, reference=order.number, actor=actor, now=now)


def _kind(line: OrderLine) -> DeliveryRefund.Kind:
    """Return the kind of refund. A delivery by people may end for many reasons; other orders were not delivered."""
    return DeliveryRefund.Kind.ENDED if line.flow else DeliveryRefund.Kind.UNDELIVERED


def _without_sandbox(orders: Sequence[Order]) -> list[Order]:
    """Leave out sandbox orders, which publish no events."""
    return [order for order in orders if order.origin != Order.Origin.SANDBOX]
