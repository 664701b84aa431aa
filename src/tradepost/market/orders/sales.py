"""Sales counts by seller and day, so that a chart of two weeks does not read orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from tradepost.market.base import rows
from tradepost.market.identity.models import Seller

from .models import Order, SalesDay

PARTS_PER_DAY = 4
"""Rows per seller and day, so that concurrent payments rarely wait for the same row."""
_AS_DATE = {"postgresql": "::date", "sqlite": ""}


def day_of(at: datetime) -> date:
    """Return the date in the market's time zone. A later change of the zone does not move counts."""
    return at.astimezone(timezone.get_default_timezone()).date()


def seller_has_sold(seller: Seller) -> bool:
    """Return whether an order of this seller was ever paid."""
    days = SalesDay.objects.filter(seller=seller).order_by("day")  # the order makes PostgreSQL use the index
    return bool(days.values_list("pk", flat=True)[:1])


def record_paid(order: Order, *, now: datetime) -> None:
    """Count the lines of an order just paid. Call it once per order, late in the payment's transaction, because other
    payments to the seller may wait for its row. Refunds do not change the counts."""
    record_all_paid([order], now=now)


def record_all_paid(orders: Sequence[Order], *, now: datetime) -> None:
    """Count the lines of many orders in one statement."""
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
            rows.as_json(
                {"id": order.pk, "currency": order.currency, "part": order.pk % PARTS_PER_DAY} for order in orders
            ),
        ],
    )
