"""Orders about what a buyer holds already: there is one at a time for each service (business-rules §4.1)."""

from __future__ import annotations

from tradepost.market.subscriptions.models import Subscription

from .models import Order

OF_A_CHANGE = (Order.Type.RENEW, Order.Type.CHANGE, Order.Type.UNSUBSCRIBE)
NOT_ENDED = (Order.Status.UNPAID, Order.Status.PROCESSING)


def open_changes(subscription: Subscription) -> list[Order]:
    """Changes that are ordered and not ended, unpaid ones too, oldest first."""
    changes = Order.objects.filter(lines__subscription=subscription, order_type__in=OF_A_CHANGE, status__in=NOT_ENDED)
    return list(changes.order_by("pk"))
