"""Services on trial, and orders that convert them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.factories import NOW, make_address, make_buyer, make_product, make_seller
from tests.factories.products import MONTHLY, YEARLY, make_sku, make_spec
from tests.market.engine import react
from tests.market.fulfilment.services import LEVEL, again, bought
from tradepost.market.base.values import replace
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment.converting import convert
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import buy
from tradepost.market.orders.convert import WithinSpec
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.subscriptions.models import Subscription

DAY = timedelta(days=1)
TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True)
TRIAL_END = NOW + 15 * DAY
"""16 March, 08:00."""
_SEATS: dict[str, Any] = {"quantity_name": "席位", "quantity_name_en": "Seats", "quantity_max": 50}
SMALL = make_sku(MONTHLY, YEARLY, TRIAL, values={"e": "s"}, **_SEATS)
LARGE = make_sku(replace(MONTHLY, amount=Decimal(240)), YEARLY, values={"e": "l"}, **_SEATS)
SPEC = make_spec(SMALL, LARGE, name="规格", name_en="Spec",
    attributes=[{"code": "e", "name": "版本", "name_en": "Edition", "values": [
        {"code": "s", "name": "标准", "name_en": "Small"}, {"code": "l", "name": "专业", "name_en": "Large"}]}])  # fmt: skip


def trial_of(product: Product, buyer: User, *, now: datetime = NOW) -> Subscription:
    """Buy a trial of fifteen days that its seller opens at once, and run the reactions."""
    offer = Offer.objects.get(sku__spec__product=product, trial=True)
    order = buy(buyer, PlaceOrder(product_id=offer.product_id, periods=15, agreed=True), now=now, unpaid_timeout=DAY)
    return bought(order, now=now)


def on_trial(
    protocol: str = "saas_v2", *, buyer: User | None = None, now: datetime = NOW, **product: Any
) -> Subscription:
    seller = make_seller()
    product_fields = {"specs": (SPEC,)} | product
    new_product = make_product(seller, address=make_address(seller, protocol=protocol), **product_fields)
    return trial_of(new_product, buyer or make_buyer(balance="10000", level=LEVEL), now=now)


def formal_offers(subscription: Subscription) -> list[Offer]:
    """Return the offers: small by month and year, large by month and year."""
    offers = Offer.objects.filter(sku__spec__product=subscription.product, trial=False)
    return list(offers.order_by("sku", "pk"))


def choice(subscription: Subscription, offer: Offer | None = None, **other: Any) -> WithinSpec:
    """A month of the product on trial, or of another offer."""
    fields: dict[str, Any] = {
        "subscription": subscription.pk, "quantity": 1, "periods": 1, "agreed": True,
        "product_id": (offer or formal_offers(subscription)[0]).product_id,
    }  # fmt: skip
    return WithinSpec(**(fields | other))


def order_conversion(
    subscription: Subscription, offer: Offer | None = None, *, now: datetime = NOW, **other: Any
) -> Order:
    """Order the conversion, unpaid."""
    current = again(subscription)
    return convert(current, current.buyer, choice(current, offer, **other), now=now, unpaid_timeout=DAY)


def converted(subscription: Subscription, offer: Offer | None = None, *, now: datetime = NOW, **other: Any) -> Order:
    """Order and pay the conversion, and run the reactions."""
    order = order_conversion(subscription, offer, now=now, **other)
    pay_order(order, now=now)
    react(now=now)
    return Order.objects.select_related("buyer").get(pk=order.pk)
