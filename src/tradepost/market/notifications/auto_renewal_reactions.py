"""What a buyer is told of automatic renewals. It is tried each day, and told when something is new: the first time for each
reason, and at the last attempt before the service closes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from tradepost.market.base.money import Money
from tradepost.market.base.outbox import batched
from tradepost.market.base.prepared import Among, Keys, Prepared, Slot
from tradepost.market.orders.auto_renew import reason_text, renewal_prices_of
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.events import AutoRenewalFailed
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments.pay_many import balances_of
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until

from . import facts as f
from .deletion_words import deletion
from .tell import AddressedNotice, send_notices

RENEWAL_OPEN = "renewal.open"
"""The buyer has an order about it under way, and knows."""
BALANCE_TOO_LOW = "balance.too_low"


@batched
def on_auto_renewal_failed(events: Sequence[AutoRenewalFailed], now: datetime) -> None:
    """Told of the end that it was for: not when that was moved meanwhile, or the service is gone."""
    services = Subscription.objects.select_related("buyer", "product", "offer__sku")
    subscriptions = services.in_bulk({event.subscription for event in events})
    short_of_money = {
        event.subscription for event in events if event.reason == BALANCE_TOO_LOW and event.next_at is not None
    }
    lacking = _prices_and_balances([subscription for pk, subscription in subscriptions.items() if pk in short_of_money])
    tellings = (
        _failure_notice(event, subscriptions[event.subscription], lacking.get(event.subscription)) for event in events
    )
    send_notices([telling for telling in tellings if telling is not None], now=now)


def _prices_and_balances(subscriptions: Collection[Subscription]) -> dict[int, tuple[Money, Money]]:
    """By service what its renewal costs, and what its buyer has."""
    prices = renewal_prices_of(subscriptions)
    balances = balances_of(
        {subscription.buyer for subscription in subscriptions}, {price.currency for price in prices.values()}
    )
    return {
        subscription.pk: (price, Money(balances[subscription.buyer_id, price.currency], price.currency))
        for subscription in subscriptions
        if (price := prices.get(subscription.pk)) is not None
    }


def _failure_notice(
    event: AutoRenewalFailed, subscription: Subscription, lacking: tuple[Money, Money] | None
) -> AddressedNotice | None:
    renewal_deadline = renewable_until(subscription)
    if subscription.expires_at != event.ends or renewal_deadline is None:
        return None
    if event.reason == RENEWAL_OPEN and (event.next_at is not None or _is_paid(subscription)):
        return None
    facts: dict[str, f.Json] = {
        "product": f.names(subscription.product.name, subscription.product.name_en),
        "until": f.moment(event.ends),
        "kept": f.moment(subscription.release_at or renewal_deadline),
        "reason": f.phrase(reason_text(event.reason)),
        "deletion": deletion(subscription, subscription.release_at or renewal_deadline),
    }
    kind = "auto_renewal_over" if event.next_at is None else "auto_renewal_refused"
    if event.next_at is not None:
        facts["next"] = f.moment(event.next_at)
        if lacking is not None:
            kind = "auto_renewal_no_money"
            facts["amount"], facts["balance"] = map(f.money, lacking)
    occasion = event.reason if event.next_at is not None else "last"
    once = f"{subscription.pk}/{event.ends.isoformat()}/{occasion}"
    link = reverse("storefront:subscription", args=[subscription.pk])
    return AddressedNotice(user=subscription.buyer, kind=kind, facts=facts, once=once, link=link)


def _is_paid(subscription: Subscription) -> bool:
    return any(order.status == Order.Status.PROCESSING for order in open_changes(subscription))


def renewal_notice(line: OrderLine, held: Subscription, before: Money | None) -> AddressedNotice:
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
    return AddressedNotice(
        user=line.order.buyer,
        kind=kind,
        facts=facts,
        once=line.order.number,
        link=reverse("storefront:subscription", args=[held.pk]),
    )


def last_purchase_prices(lines: Collection[OrderLine]) -> dict[int, Money]:
    """By line, what the last purchase of as much for as long had cost; those that had none are left out."""
    if not lines:
        return {}
    previous_lines = {
        pk: previous for pk, previous in _PREVIOUS_LINES([line.pk for line in lines]) if previous is not None
    }
    prices = (
        {pk: Money(minor, currency) for pk, minor, currency in _AMOUNTS(set(previous_lines.values()))}
        if previous_lines
        else {}
    )
    return {pk: prices[previous] for pk, previous in previous_lines.items()}


def _previous_lines(lines: Slot) -> QuerySet[OrderLine, tuple[int, int | None]]:
    same_purchases = OrderLine.objects.filter(
        subscription=OuterRef("subscription"),
        pk__lt=OuterRef("pk"),
        status=Order.Status.COMPLETED,
        period_type=OuterRef("period_type"),
        period_number=OuterRef("period_number"),
        quantity=OuterRef("quantity"),
        until=None,
    )
    annotated_lines = OrderLine.objects.filter(Among("pk", lines)).annotate(
        before=Subquery(same_purchases.order_by("-pk").values("pk")[:1])
    )
    return annotated_lines.values_list("pk", "before")


_PREVIOUS_LINES = Prepared((Keys(),), _previous_lines)
_AMOUNTS = Prepared(
    (Keys(),),
    lambda lines: OrderLine.objects.filter(Among("pk", lines)).values_list("pk", "amount_minor", "order__currency"),
)
