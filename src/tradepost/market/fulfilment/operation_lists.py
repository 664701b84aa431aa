"""What every list of operations needs: the states to narrow it to, the search, and the rows fetched with each."""

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
    "ended": Q(status__in=[one for one in Operation.Status.values if one not in UNRESOLVED]),
}
"""``open``: not ended, so that what stopped is among it."""

_TEXTS = ("description", "description_en", "guide", "guide_en", "picture")


def with_service(rows: QuerySet[Operation]) -> QuerySet[Operation]:
    """With call and address, the order, and the service with its product and buyer. What is sealed stays unread."""
    return rows.select_related(
        "call__address", "line__order", "subscription__product", "subscription__buyer", "subscription__offer"
    ).defer(
        "call__command", "call__sealed_answer", "subscription__sealed_access", "subscription__sealed_license",
        *(f"subscription__product__{text}" for text in _TEXTS),
    )  # fmt: skip


def about(text: str, **own: Any) -> list[int]:
    """Keys of the subscriptions that a search means: by instance id, or by the number of an order or of one of its lines,
    the renewals of it among them. ``own`` narrows both tables, to a seller say. Whole numbers, so that indexes serve it."""
    number = text.upper()
    order = number if OrderLine.objects.filter(order__number=number, **own).exists() else ""
    lines = (
        OrderLine.objects.filter(order__number=order, **own)
        if order
        else OrderLine.objects.filter(number=number, **own)
    )
    found = set(lines.values_list("subscription_id", flat=True))
    found |= set(Subscription.objects.filter(instance_id=text, **own).values_list("pk", flat=True))
    return sorted(found - {None})


def calls_for(operation: Operation) -> QuerySet[Call]:
    """What was asked of the seller for it, oldest first; the index of its subscription's calls serves it."""
    calls = Call.objects.filter(
        subscription=operation.subscription_id, purpose=Call.Purpose.ORDER, owner=operation.pk
    ).select_related("seller", "address")
    return with_variant(calls.defer("command", "sealed_answer")).order_by("pk")
