"""The state of a market's orders and subscriptions, which a later version must agree with."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tradepost.market.orders.models import Order
from tradepost.market.payments.models import Transfer
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription

type Row = dict[str, Any]


def orders() -> dict[str, Row]:
    """Return by number: the status, and the refunded part of the price in minor units."""
    back: Counter[str] = Counter()
    for order, amount in Transfer.objects.filter(reason="refund", entries__amount_minor__gt=0).values_list(
        "order_number", "entries__amount_minor"
    ):
        back[order] += amount
    return {
        order.number: {
            "order": order.number,
            "type": order.order_type,
            "price": order.total_minor,
            "status": order.status,
            "paid_back": back[order.number],
        }
        for order in Order.objects.order_by("pk")
    }


def subscriptions() -> dict[str, Row]:
    """Return by order line: the status, the end of the paid time, and the number of calls by their result."""
    calls: defaultdict[int | None, Counter[str]] = defaultdict(Counter)
    for subscription, kind, outcome in Call.objects.values_list("subscription", "kind", "outcome"):
        calls[subscription][f"{kind} {outcome or 'open'}"] += 1
    return {
        held.order_line_number: {
            "subscription": held.order_line_number,
            "status": held.status,
            "instance": held.instance_id,
            "expires_at": held.expires_at.isoformat() if held.expires_at else None,
            "quantity": held.quantity,
            "product": held.offer.product_id,
            "calls": dict(sorted(calls[held.pk].items())),
        }
        for held in Subscription.objects.select_related("offer").order_by("pk")
    }


def unfinished() -> Row:
    """Return the due work that is left: none at the end, except timers of later ends. Mails are excluded."""
    from tradepost.market.base.models import Event, Job
    from tradepost.market.base.work import State

    timers = Job.objects.exclude(kind__startswith="notifications.")
    return {
        "calls": Call.objects.exclude(state=State.ENDED).count(),
        "events": Event.objects.count(),
        "timers": dict(sorted(Counter(timers.values_list("kind", flat=True)).items())),
    }
