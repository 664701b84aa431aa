"""Count delivered orders by day, so that the share of a month reads thirty rows.

Undelivered orders are counted from the indexed column ``Order.undelivered_at``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import connection
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.outbox import batched_last

from .events import OrderCompleted
from .models import DeliveryDay, Order

_DAY = {
    "postgresql": "(ended_at AT TIME ZONE %s)::date",
    "sqlite": "django_datetime_cast_date(ended_at, %s, 'UTC')",
}


class DeliveryCounts(Struct, frozen=True):
    """Numbers of orders delivered and not delivered on a day."""

    day: date
    delivered: int = 0
    failed: int = 0


@batched_last
def on_order_completed(ended: Sequence[OrderCompleted], now: datetime) -> None:  # noqa: ARG001  # the order's own time is used
    """Reaction: count these orders as delivered. Unsubscriptions do not count."""
    numbers = sorted({event.order for event in ended})
    rows.run(
        f"INSERT INTO orders_deliveryday (day, delivered) SELECT {_DAY[connection.vendor]}, COUNT(*)"  # noqa: S608  # constants only
        f" FROM orders_order WHERE number IN ({', '.join(['%s'] * len(numbers))}) AND ended_at IS NOT NULL"
        " AND order_type <> %s GROUP BY 1 ORDER BY 1"
        " ON CONFLICT (day) DO UPDATE SET delivered = orders_deliveryday.delivered + excluded.delivered",
        [str(timezone.get_default_timezone()), *numbers, Order.Type.UNSUBSCRIBE],
    )


def deliveries_since(first: datetime) -> Sequence[DeliveryCounts]:
    """Return the counts of each day from ``first`` on, oldest first. Days without ended orders are left out."""
    zone = timezone.get_default_timezone()
    delivered_counts = dict(
        DeliveryDay.objects.filter(day__gte=first.astimezone(zone).date()).values_list("day", "delivered")
    )
    failed_counts: Mapping[date, int] = dict(
        Order.objects.filter(undelivered_at__gte=first)
        .values_list(TruncDate("undelivered_at", tzinfo=zone))
        .annotate(orders=Count("pk"))
        .order_by()
    )
    days = sorted({*delivered_counts, *failed_counts})
    return [DeliveryCounts(day, delivered_counts.get(day, 0), failed_counts.get(day, 0)) for day in days]
