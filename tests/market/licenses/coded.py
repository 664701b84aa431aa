"""Orders that are delivered by an authorisation code, as far as a test wants them: paid, taken, activated."""

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
    """On sale, served at no production address."""
    return make_product(
        seller or make_seller(), product_type="LICENSE_CODE", bound=False, **({"prices": (MONTHLY,)} | fields)
    )


def code_ordered(product: Product | None = None, *, now: datetime = NOW) -> Subscription:
    """Paid at ``now``; all is told."""
    order = make_order(make_buyer(level=LEVEL), offer=make_offer(product or coded_product()), paid=True, now=now)
    react(now=now)
    return again(Subscription.objects.get(order_lines__order=order))


def code_of(held: Subscription) -> LicenseCode:
    return LicenseCode.objects.get(subscription=held)


def order_of(held: Subscription) -> Order:
    return Order.objects.get(number=held.order_line_number.rpartition("-")[0])


def taken(held: Subscription, *, now: datetime = NOW) -> Subscription:
    take_code(held, actor=held.buyer.email, now=now)
    react(now=now)
    return again(held)


def activated(held: Subscription, *, since: datetime | None = None, now: datetime = LATER) -> Subscription:
    """Taken before, and activated by the seller's software."""
    software(held.seller_id, code_of(held).code, since=since, now=now)
    return again(held)


def software(
    seller: int, *codes: str, since: datetime | None = None, as_list: bool = False, now: datetime = LATER
) -> None:
    """Activates these."""
    asked = Activate(licenses=codes, since=since)
    activate(Activation(seller=seller, asked=asked, as_list=as_list), now=now)
    react(now=now)


def made_for_tests(product: Product, *, now: datetime = NOW) -> LicenseCode:
    return issue_test(product, now=now)
