"""Services that can be changed, and orders that change them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.engine import react
from tests.market.fulfilment.services import BY, SPEC, again, bought, offers
from tradepost.market.base import clock
from tradepost.market.catalog.models import Offer, UpgradeRule
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.changing import order_change
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.fulfilment.operate import settle
from tradepost.market.orders.change import (
    ChangeService,
    Target,
    as_quoted_time,
    change_targets,
    price_change,
    quote_change,
)
from tradepost.market.orders.change_fee import StepChange
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.commands import Upgrade
from tradepost.protocols.registry import protocol

LATER = NOW + timedelta(days=3, minutes=20)
"""For a service that began at NOW (16:00 in the market): a change takes effect at 17:00, after three days and an hour."""
HOUR = timedelta(hours=1)


def changeable(subscription: Subscription, *, price_minor: int = 20_000) -> Subscription:
    """Let the service be upgraded: its seller has proved the upgrade, and a rule leads from small to large.

    Large costs ``price_minor`` a month and ten times that a year.
    """
    small, _yearly, large, large_yearly = offers(subscription)
    for address in Address.objects.filter(bindings__product=subscription.product_id):
        activity = protocol(address.protocol).activities.get(Upgrade)
        Address.objects.filter(pk=address.pk).update(proven=[activity] if activity else [])
    Offer.objects.filter(pk=large.pk).update(price_minor=price_minor)
    Offer.objects.filter(pk=large_yearly.pk).update(price_minor=10 * price_minor)
    UpgradeRule.objects.create(source=small.sku, target=large.sku, created_at=NOW)
    return again(subscription)


def changeable_since(age: timedelta, protocol: str = "saas_v2") -> Subscription:
    """A changeable service that was opened this long ago."""
    opened_at = clock.now() - age
    seller = make_seller(now=opened_at)
    product = make_product(
        seller, address=make_address(seller, protocol=protocol, now=opened_at), specs=(SPEC,), now=opened_at,
        product_type="LICENSE" if protocol.startswith("license") else "SAAS",
    )  # fmt: skip
    order = make_order(make_buyer(now=opened_at), offer=make_offer(product), paid=True, now=opened_at)
    return changeable(bought(order, now=opened_at))


def large_of(subscription: Subscription) -> Offer:
    return offers(subscription)[2]


def quoted(subscription: Subscription, offer: Offer, quantity: int, *, now: datetime = LATER) -> str:
    """Return the quote that the page shows."""
    current, moment = again(subscription), as_quoted_time(now)
    change = price_change(current, target(subscription, offer), quantity, step_change=StepChange.GRADUATED, now=moment)
    return quote_change(current.buyer, current, change, now=moment, lasts=HOUR)


def target(subscription: Subscription, offer: Offer) -> Target:
    return next(candidate for candidate in change_targets(again(subscription)) if candidate.offer.pk == offer.pk)


def change_ordered(
    subscription: Subscription, offer: Offer | None = None, quantity: int = 1, *, quote: str = "", now: datetime = LATER
) -> Order:
    """Order a change: unpaid, or under way when it costs nothing."""
    request = ChangeService(
        subscription=subscription.pk, product_id=(offer or large_of(subscription)).product_id, quantity=quantity,
        agreed=True, quote=quote,
    )  # fmt: skip
    return order_change(
        subscription.buyer, request, now=now, unpaid_timeout=timedelta(days=1), step_change=StepChange.GRADUATED
    )


def changed(
    subscription: Subscription, offer: Offer | None = None, quantity: int = 1, *, now: datetime = LATER
) -> Order:
    """Order and pay a change, and run the reactions."""
    order = change_ordered(subscription, offer, quantity, now=now)
    if order.total_minor:
        pay_order(order, now=now)
    react(now=now)
    return Order.objects.select_related("buyer").get(pk=order.pk)


def freeze(subscription: Subscription) -> None:
    """Freeze the service as an operator does."""
    with transaction.atomic():
        [locked] = locked_subscriptions([subscription.pk])
        add_reason([locked], Freeze.Reason.OPERATOR, actor=BY, now=LATER)
        settle([locked], now=LATER)
