"""Services whose seller lets them be changed, and changes of them, as tests begin them."""

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
from tradepost.market.orders.change import ChangeService, Target, priced, show, targets, to_the_second
from tradepost.market.orders.change_fee import StepChange
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.commands import Upgrade
from tradepost.protocols.registry import protocol

LATER = NOW + timedelta(days=3, minutes=20)
"""Of a service that began at NOW (16:00 in the market): a change counts from 17:00, three days and an hour after it."""
HOUR = timedelta(hours=1)


def changeable(subscription: Subscription, *, price_minor: int = 20_000) -> Subscription:
    """Its seller proved that it can upgrade, and a rule leads from small to large, which costs this by the month, and ten
    times that by the year."""
    small, _yearly, large, large_yearly = offers(subscription)
    for address in Address.objects.filter(bindings__product=subscription.product_id):
        word = protocol(address.protocol).activities.get(Upgrade)
        Address.objects.filter(pk=address.pk).update(proven=[word] if word else [])
    Offer.objects.filter(pk=large.pk).update(price_minor=price_minor)
    Offer.objects.filter(pk=large_yearly.pk).update(price_minor=10 * price_minor)
    UpgradeRule.objects.create(source=small.sku, target=large.sku, created_at=NOW)
    return again(subscription)


def changeable_since(age: timedelta, protocol: str = "saas_v2") -> Subscription:
    """Opened so long ago by its seller, and can be changed."""
    then = clock.now() - age
    seller = make_seller(now=then)
    made = make_product(
        seller, address=make_address(seller, protocol=protocol, now=then), specs=(SPEC,), now=then,
        product_type="LICENSE" if protocol.startswith("license") else "SAAS",
    )  # fmt: skip
    order = make_order(make_buyer(now=then), offer=make_offer(made), paid=True, now=then)
    return changeable(bought(order, now=then))


def large_of(subscription: Subscription) -> Offer:
    return offers(subscription)[2]


def quoted(subscription: Subscription, offer: Offer, quantity: int, *, now: datetime = LATER) -> str:
    """The quote that the page shows."""
    held, moment = again(subscription), to_the_second(now)
    change = priced(held, target(subscription, offer), quantity, step_change=StepChange.GRADUATED, now=moment)
    return show(held.buyer, held, change, now=moment, lasts=HOUR)


def target(subscription: Subscription, offer: Offer) -> Target:
    return next(one for one in targets(again(subscription)) if one.offer.pk == offer.pk)


def change_ordered(
    subscription: Subscription, offer: Offer | None = None, quantity: int = 1, *, quote: str = "", now: datetime = LATER
) -> Order:
    """Unpaid, or under way when it costs nothing."""
    chosen = ChangeService(
        subscription=subscription.pk, product_id=(offer or large_of(subscription)).product_id, quantity=quantity,
        agreed=True, quote=quote,
    )  # fmt: skip
    return order_change(
        subscription.buyer, chosen, now=now, unpaid_timeout=timedelta(days=1), step_change=StepChange.GRADUATED
    )


def changed(
    subscription: Subscription, offer: Offer | None = None, quantity: int = 1, *, now: datetime = LATER
) -> Order:
    """Ordered and paid, and told to whom it concerns."""
    order = change_ordered(subscription, offer, quantity, now=now)
    if order.total_minor:
        pay_order(order, now=now)
    react(now=now)
    return Order.objects.select_related("buyer").get(pk=order.pk)


def freeze(held: Subscription) -> None:
    """By hand, by an operator."""
    with transaction.atomic():
        [locked] = locked_subscriptions([held.pk])
        add_reason([locked], Freeze.Reason.OPERATOR, actor=BY, now=LATER)
        settle([locked], now=LATER)
