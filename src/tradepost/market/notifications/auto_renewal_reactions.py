"""What a buyer is told of automatic renewals. It is tried each day, and told when something is new: the first time for each
reason, and at the last try before the service is deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from tradepost.market.base.events import on
from tradepost.market.base.money import Money
from tradepost.market.base.outbox import batched
from tradepost.market.base.prepared import Among, Keys, Prepared, Slot
from tradepost.market.orders.auto_renew import costs_of_all, reason_words
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.events import AutoRenewalFailed
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments.pay_many import balances_of
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until

from . import facts as f
from .tell import Telling, tell_all

OPEN = "renewal.open"
"""The buyer has an order about it under way, and knows."""
TOO_LOW = "balance.too_low"


@batched
def on_auto_renewal_failed(events: Sequence[AutoRenewalFailed], now: datetime) -> None:
    """Told of the end that it was for: not when that was moved meanwhile, or the service is gone."""
    services = Subscription.objects.select_related("buyer", "product", "offer__sku")
    held = services.in_bulk({event.subscription for event in events})
    short = {event.subscription for event in events if event.reason == TOO_LOW and event.next_at is not None}
    lacking = _lacking([one for pk, one in held.items() if pk in short])
    told = (_not_renewed(event, held[event.subscription], lacking.get(event.subscription)) for event in events)
    tell_all([one for one in told if one is not None], now=now)


def _lacking(held: Collection[Subscription]) -> dict[int, tuple[Money, Money]]:
    """By service what its renewal costs, and what its buyer has."""
    prices = costs_of_all(held)
    balances = balances_of({one.buyer for one in held}, {price.currency for price in prices.values()})
    return {
        one.pk: (price, Money(balances[one.buyer_id, price.currency], price.currency))
        for one in held
        if (price := prices.get(one.pk)) is not None
    }


def _not_renewed(event: AutoRenewalFailed, held: Subscription, lacking: tuple[Money, Money] | None) -> Telling | None:
    kept = renewable_until(held)
    if held.expires_at != event.ends or kept is None:
        return None
    if event.reason == OPEN and (event.next_at is not None or _is_paid(held)):
        return None
    facts: dict[str, f.Json] = {
        "product": f.names(held.product.name, held.product.name_en),
        "until": f.moment(event.ends),
        "kept": f.moment(held.release_at or kept),
        "reason": f.phrase(reason_words(event.reason)),
    }
    kind = "auto_renewal_over" if event.next_at is None else "auto_renewal_refused"
    if event.next_at is not None:
        facts["next"] = f.moment(event.next_at)
        if lacking is not None:
            kind = "auto_renewal_no_money"
            facts["amount"], facts["balance"] = map(f.money, lacking)
    occasion = event.reason if event.next_at is not None else "last"
    once = f"{held.pk}/{event.ends.isoformat()}/{occasion}"
    link = reverse("storefront:subscription", args=[held.pk])
    return Telling(user=held.buyer, kind=kind, facts=facts, once=once, link=link)


def _is_paid(held: Subscription) -> bool:
    return any(order.status == Order.Status.PROCESSING for order in open_changes(held))


def renewed_automatically(line: OrderLine, held: Subscription, before: Money | None) -> Telling:
    """With what it cost, and what it cost the time ``before`` where that was something else."""
    facts = {
        "product": f.names(line.product_name, line.product_name_en),
        "until": f.moment(held.expires_at) if held.expires_at else {},
        "amount": f.money(line.amount),
        "order": line.order.number,
    }
    kind = "service_auto_renewed"
    if before is not None and before.minor != line.amount_minor:
        kind, facts["before"] = "service_auto_renewed_anew", f.money(before)
    return Telling(
        user=line.order.buyer,
        kind=kind,
        facts=facts,
        once=line.order.number,
        link=reverse("storefront:subscription", args=[held.pk]),
    )


def prices_before(lines: Collection[OrderLine]) -> dict[int, Money]:
    """By line, what the last purchase of as much for as long had cost; those that had none are left out."""
    if not lines:
        return {}
    of = {pk: before for pk, before in _BEFORE([line.pk for line in lines]) if before is not None}
    found = {pk: Money(minor, currency) for pk, minor, currency in _AMOUNTS(set(of.values()))} if of else {}
    return {pk: found[before] for pk, before in of.items()}


def _before(lines: Slot) -> QuerySet[OrderLine, tuple[int, int | None]]:
    same = OrderLine.objects.filter(
        subscription=OuterRef("subscription"),
        pk__lt=OuterRef("pk"),
        status=Order.Status.COMPLETED,
        period_type=OuterRef("period_type"),
        period_number=OuterRef("period_number"),
        quantity=OuterRef("quantity"),
        until=None,
    )
    last = OrderLine.objects.filter(Among("pk", lines)).annotate(before=Subquery(same.order_by("-pk").values("pk")[:1]))
    return last.values_list("pk", "before")


_BEFORE = Prepared((Keys(),), _before)
_AMOUNTS = Prepared(
    (Keys(),),
    lambda lines: OrderLine.objects.filter(Among("pk", lines)).values_list("pk", "amount_minor", "order__currency"),
)


REACTIONS = (on(AutoRenewalFailed, on_auto_renewal_failed),)
"""A part of ``wiring``'s table."""
