"""Helpers for orders that are delivered by an authorisation code: paid, taken, activated."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product, make_seller
from tests.factories.products import MONTHLY
from tests.market.engine import react
from tests.market.fulfilment.services import LEVEL, again
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.activating import Activation, activate, take_code
from tradepost.market.identity.models import Seller
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.codes import issue_test
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.license_calls import Activate

LATER = NOW + timedelta(days=3)


def coded_product(seller: Seller | None = None, **fields: Any) -> Product:
    """Return a product on sale without a production address."""
    return make_product(
        seller or make_seller(), product_type="LICENSE_CODE", bound=False, **({"prices": (MONTHLY,)} | fields)
    )


def order_code(product: Product | None = None, *, now: datetime = NOW) -> Subscription:
    """Return a service with a code, paid at ``now``, with all events handled."""
    order = make_order(make_buyer(level=LEVEL), offer=make_offer(product or coded_product()), paid=True, now=now)
    react(now=now)
    return again(Subscription.objects.get(order_lines__order=order))


def code_of(subscription: Subscription) -> LicenseCode:
    return LicenseCode.objects.get(subscription=subscription)


def order_of(subscription: Subscription) -> Order:
    return Order.objects.get(number=subscription.order_line_number.rpartition("-")[0])


def take(subscription: Subscription, *, now: datetime = NOW) -> Subscription:
    take_code(subscription, actor=subscription.buyer.email, now=now)
    react(now=now)
    return again(subscription)


def activate_service(
    subscription: Subscription, *, since: datetime | None = None, now: datetime = LATER
) -> Subscription:
    """Activate the taken code as the seller's software does."""
    activate_codes(subscription.seller_id, code_of(subscription).code, since=since, now=now)
    return again(subscription)


def activate_codes(
    seller: int, *codes: str, since: datetime | None = None, as_list: bool = False, now: datetime = LATER
) -> None:
    """Activate these codes as the seller's software does."""
    request = Activate(licenses=codes, since=since)
    activate(Activation(seller=seller, asked=request, as_list=as_list), now=now)
    react(now=now)


def issue_test_code(product: Product, *, now: datetime = NOW) -> LicenseCode:
    return issue_test(product, now=now)
