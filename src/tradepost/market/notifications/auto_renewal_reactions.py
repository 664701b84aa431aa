"""What a buyer is told of automatic renewals. It is tried each day, and told when something is new: the first time for each
reason, and at the last try before the service is deleted."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.base.events import on
from tradepost.market.orders.auto_renew import costs, reason_words
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.events import AutoRenewalFailed
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments.queries import balance
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until

from . import facts as f
from .tell import Telling, tell

OPEN = "renewal.open"
"""The buyer has an order about it under way, and knows."""


def on_auto_renewal_failed(event: AutoRenewalFailed, now: datetime) -> None:
    """Told of the end that it was for: not when that was moved meanwhile, or the service is gone."""
    held = Subscription.objects.select_related("buyer", "product", "offer__sku").get(pk=event.subscription)
    kept = renewable_until(held)
    if held.expires_at != event.ends or kept is None:
        return
    if event.reason == OPEN and (event.next_at is not None or _is_paid(held)):
        return
    facts: dict[str, f.Json] = {
        "product": f.names(held.product.name, held.product.name_en),
        "until": f.moment(event.ends),
        "kept": f.moment(held.release_at or kept),
        "reason": f.phrase(reason_words(event.reason)),
    }
    kind = "auto_renewal_over" if event.next_at is None else "auto_renewal_refused"
    if event.next_at is not None:
        facts["next"] = f.moment(event.next_at)
        amount = costs(held) if event.reason == "balance.too_low" else None
        if amount is not None:
            kind = "auto_renewal_no_money"
            facts["amount"] = f.money(amount)
            facts["balance"] = f.money(balance(held.buyer, amount.currency))
    occasion = event.reason if event.next_at is not None else "last"
    once = f"{held.pk}/{event.ends.isoformat()}/{occasion}"
    link = reverse("storefront:subscription", args=[held.pk])
    tell(held.buyer, kind, facts=facts, once=once, link=link, now=now)


def _is_paid(held: Subscription) -> bool:
    return any(order.status == Order.Status.PROCESSING for order in open_changes(held))


def renewed_automatically(line: OrderLine, held: Subscription) -> Telling:
    """With what it cost, and what it cost the time before where that was something else."""
    facts = {
        "product": f.names(line.product_name, line.product_name_en),
        "until": f.moment(held.expires_at) if held.expires_at else {},
        "amount": f.money(line.amount),
        "order": line.order.number,
    }
    before = _before(line)
    kind = "service_auto_renewed"
    if before is not None and before.amount_minor != line.amount_minor:
        kind, facts["before"] = "service_auto_renewed_anew", f.money(before.amount)
    return Telling(
        user=line.order.buyer,
        kind=kind,
        facts=facts,
        once=line.order.number,
        link=reverse("storefront:subscription", args=[held.pk]),
    )


def _before(line: OrderLine) -> OrderLine | None:
    """The last purchase of as much for as long."""
    same = OrderLine.objects.select_related("order").filter(
        subscription=line.subscription_id,
        pk__lt=line.pk,
        status=Order.Status.COMPLETED,
        period_type=line.period_type,
        period_number=line.period_number,
        quantity=line.quantity,
        until=None,
    )
    return same.order_by("-pk").first()


REACTIONS = (on(AutoRenewalFailed, on_auto_renewal_failed),)
"""A part of ``wiring``'s table."""
