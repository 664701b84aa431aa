"""Shared parts of operation lists: states, search and fetched rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from tradepost.market.orders.models import OrderLine
from tradepost.market.production.models import Call
from tradepost.market.production.seller_queries import with_variant
from tradepost.market.subscriptions.models import Subscription

from .models import UNRESOLVED, Operation

STATES: Mapping[str, Q] = {
    "open": Q(status__in=UNRESOLVED),
    "stopped": Q(status=Operation.Status.STOPPED),
    "ended": Q(status__in=[value for value in Operation.Status.values if value not in UNRESOLVED]),
}
"""Filters by state. ``open``: not ended, including stopped ones."""

_TEXTS = ("description", "description_en", "guide", "guide_en", "picture")


def with_service(rows: QuerySet[Operation]) -> QuerySet[Operation]:
    """Fetch call and address, the order, and the service with product and buyer. Sealed columns are not read."""
    return rows.select_related(
        "call__address", "line__order", "subscription__product", "subscription__buyer", "subscription__offer"
    ).defer(
        "call__command", "call__sealed_answer", "subscription__sealed_access", "subscription__sealed_license",
        *(f"subscription__product__{text}" for text in _TEXTS),
    )  # fmt: skip


def find_subscriptions(text: str, **own: Any) -> list[int]:
    """Return the keys of subscriptions by instance ID, order number or line number, including renewals. ``own``:
    conditions for both tables, such as a seller. Whole numbers only, for the indexes."""
    number = text.upper()
    order = number if OrderLine.objects.filter(order__number=number, **own).exists() else ""
    lines = (
        OrderLine.objects.filter(order__number=order, **own)
        if order
        else OrderLine.objects.filter(number=number, **own)
    )
    keys = set(lines.values_list("subscription_id", flat=True))
    keys |= set(Subscription.objects.filter(instance_id=text, **own).values_list("pk", flat=True))
    return sorted(keys - {None})


def calls_for(operation: Operation) -> QuerySet[Call]:
    """Select the calls of an operation, oldest first, by the index of its subscription."""
    calls = Call.objects.filter(
        subscription=operation.subscription_id, purpose=Call.Purpose.ORDER, owner=operation.pk
    ).select_related("seller", "address")
    return with_variant(calls.defer("command", "sealed_answer")).order_by("pk")
