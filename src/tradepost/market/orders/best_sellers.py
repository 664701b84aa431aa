"""How often each product was bought in the last thirty days: counted as it is paid for, moved on each night.

Lists of the store are sorted by it, so it stands beside what they show (``Shelf.sold_30d``) and no list counts orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from tradepost.market.base import jobs, rows
from tradepost.market.base.outbox import batched

from .events import OrderPaid
from .models import Order, ProductDay
from .sales import day_of

NIGHTLY = "orders.best_sellers"
DAYS = 30
_AS_DATE = {"postgresql": "::date", "sqlite": ""}


@batched
def on_order_paid(paid: Sequence[OrderPaid], now: datetime) -> None:
    """Reaction: count what was bought anew; who renews did not choose again. In the transaction that ends the events, so that
    each counts once."""
    cast = _AS_DATE[connection.vendor]
    numbers = sorted({one.order for one in paid})
    marks = ", ".join(["%s"] * len(numbers))
    rows.run(
        f"INSERT INTO orders_productday (product_id, day, lines) SELECT line.product_id, %s{cast}, COUNT(*)"  # noqa: S608  # marks
        " FROM orders_order o JOIN orders_orderline line ON line.order_id = o.id"
        f" WHERE o.number IN ({marks}) AND o.order_type = %s GROUP BY line.product_id ORDER BY line.product_id"
        " ON CONFLICT (product_id, day) DO UPDATE SET lines = orders_productday.lines + excluded.lines",
        [day_of(now).isoformat(), *numbers, Order.Type.NEW],
    )


def schedule(due_at: datetime) -> None:
    """Make sure that the nightly timer exists."""
    jobs.schedule(NIGHTLY, "nightly", due_at=due_at)


def move_on(now: datetime) -> None:
    """Write the last thirty days beside the products on the shelf, and forget what is older."""
    since = day_of(now) - timedelta(days=DAYS)
    ProductDay.objects.filter(day__lte=since).delete()
    sold = "COALESCE((SELECT SUM(lines) FROM orders_productday d WHERE d.product_id = catalog_shelf.product_id), 0)"
    rows.run(f"UPDATE catalog_shelf SET sold_30d = {sold} WHERE sold_30d <> {sold}", [])  # noqa: S608  # ours
