"""Kept counts of what was paid for, by seller and day: a chart of two weeks reads them instead of the orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from tradepost.market.base import rows

from .models import Order

PARTS = 4
"""Rows over which the orders of one seller and day are spread, so that payments seldom wait for each other's row."""
_AS_DATE = {"postgresql": "::date", "sqlite": ""}


def day_of(at: datetime) -> date:
    """In the market's time zone. A day is counted by the zone of that time: a zone that is changed later moves no count."""
    return at.astimezone(timezone.get_default_timezone()).date()


def record_paid(order: Order, *, now: datetime) -> None:
    """Count the lines of an order that has just been paid. Call it once for an order, in the payment's transaction, and
    late in it: other payments to the same seller may wait from here on. A refund later changes nothing, as it always was:
    the day says what was paid on it."""
    record_all_paid([order], now=now)


def record_all_paid(orders: Sequence[Order], *, now: datetime) -> None:
    """The same for many orders, in one statement."""
    rows.run(
        "INSERT INTO orders_salesday (seller_id, day, currency, part, lines, amount_minor)"
        f" SELECT l.seller_id, %s{_AS_DATE[connection.vendor]}, r.currency, r.part, COUNT(*), SUM(l.amount_minor)"
        f" FROM {rows.recordset({'id': 'bigint', 'currency': 'text', 'part': 'smallint'})}"
        " JOIN orders_orderline l ON l.order_id = r.id"
        " GROUP BY l.seller_id, r.currency, r.part ORDER BY l.seller_id, r.currency, r.part"
        " ON CONFLICT (seller_id, day, currency, part) DO UPDATE SET lines = orders_salesday.lines + excluded.lines,"
        " amount_minor = orders_salesday.amount_minor + excluded.amount_minor",
        [
            day_of(now).isoformat(),
            rows.as_json({"id": one.pk, "currency": one.currency, "part": one.pk % PARTS} for one in orders),
        ],
    )
