"""Purchases of each product in the last thirty days, counted on payment and rolled forward each night.

Lists of the store sort by the count, so it is stored with the listed product (``Shelf.sold_30d``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Sum

from tradepost.market.base import jobs, rows
from tradepost.market.base.outbox import batched_last

from .events import OrderPaid
from .models import Order, ProductDay
from .sales import day_of

NIGHTLY_TIMER = "orders.best_sellers"
DAYS = 30
_AS_DATE = {"postgresql": "::date", "sqlite": ""}


@batched_last
def on_order_paid(paid: Sequence[OrderPaid], now: datetime) -> None:
    """Reaction: count new purchases; renewals do not count. Runs in the transaction that ends the events, so each order
    counts once."""
    cast = _AS_DATE[connection.vendor]
    numbers = sorted({order_paid.order for order_paid in paid})
    marks = ", ".join(["%s"] * len(numbers))
    rows.run(
        f"INSERT INTO orders_productday (product_id, day, lines) SELECT line.product_id, %s{cast}, COUNT(*)"  # noqa: S608  # placeholders only
        " FROM orders_order o JOIN orders_orderline line ON line.order_id = o.id"
        f" WHERE o.number IN ({marks}) AND o.order_type = %s GROUP BY line.product_id ORDER BY line.product_id"
        " ON CONFLICT (product_id, day) DO UPDATE SET lines = orders_productday.lines + excluded.lines",
        [day_of(now).isoformat(), *numbers, Order.Type.NEW],
    )


def recent_purchases(products: Sequence[int], *, now: datetime) -> Mapping[int, int]:
    """Return the purchases of these products in the last thirty days, by product key. Products without purchases are
    left out."""
    days = ProductDay.objects.filter(product__in=list(products), day__gt=day_of(now) - timedelta(days=DAYS))
    return dict(days.order_by("product").values_list("product").annotate(sold=Sum("lines")))


def schedule(due_at: datetime) -> None:
    """Create the nightly timer if it does not exist."""
    jobs.schedule(NIGHTLY_TIMER, "nightly", due_at=due_at)


def update_counts(now: datetime) -> None:
    """Store the counts of the last thirty days with the listed products and delete older counts."""
    since = day_of(now) - timedelta(days=DAYS)
    ProductDay.objects.filter(day__lte=since).delete()
    sold_sql = "COALESCE((SELECT SUM(lines) FROM orders_productday d WHERE d.product_id = catalog_shelf.product_id), 0)"
    rows.run(f"UPDATE catalog_shelf SET sold_30d = {sold_sql} WHERE sold_30d <> {sold_sql}", [])  # noqa: S608  # constants only
