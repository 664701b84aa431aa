"""Pages of a service, a server and a checkout in each state, and their updates."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

import tradepost.market
from tests.factories import make_buyer
from tests.factories.every_kind import EVERY_KIND, PRICES, fetched, service_of_kind
from tests.factories.images import make_image, make_server_row
from tests.factories.metering import make_metered, make_package, package
from tests.factories.products import make_offer, make_product
from tests.market.fulfilment.services import service
from tradepost.market.base import clock
from tradepost.market.catalog.models import Offer
from tradepost.market.compute.models import Task
from tradepost.market.orders.models import Order
from tradepost.market.product_types.registry import product_types
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
Reason = Freeze.Reason
PROMISES_OF_USE = (
    "can be used again as soon as",
    "It continues as soon as",
    "and it goes on",
)
ALL_GONE = "It can be used again when none of these reasons remains."


def page(subscription: Subscription, name: str = "storefront:subscription") -> str:
    return address(subscription, reverse(name, args=[subscription.pk]))


def address(subscription: Subscription, path: str) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(subscription.buyer)
    return re.sub(r"\s+", " ", client.get(path).content.decode()).replace("\xa0", " ")


def freeze_for(subscription: Subscription, *reasons: str) -> Subscription:
    Subscription.objects.filter(pk=subscription.pk).update(status="frozen", release_at=clock.now())
    for reason in reasons:
        Freeze.objects.create(subscription=subscription, reason=reason, since=clock.now(), actor="o", note="Spam.")
    return fetched(subscription.pk)


@pytest.mark.parametrize("reasons", [*combinations(Reason, 2), *combinations(Reason, 1)])
def test_several_freezes_promise_only_what_all_of_them_allow(reasons: tuple[str, ...]) -> None:
    """business-rules §4.4, §3.2: a service is frozen while any reason remains."""
    text = page(freeze_for(service("saas_v2"), *reasons))
    assert (ALL_GONE in text) is (len(reasons) > 1)
    if len(reasons) > 1:
        assert not any(words in text for words in PROMISES_OF_USE)


@pytest.mark.parametrize("sold", [True, False])
def test_another_package_is_offered_only_while_one_is_sold(sold: bool) -> None:
    metered = make_metered(packages=(package(),))
    Offer.objects.filter(sku__spec__product=metered.product, quota__gt=0).update(on_sale=sold)
    text = page(freeze_for(metered, Reason.USED_UP))
    assert ("No further package is sold." in text) is not sold
    assert ("Buy another package" in text) is sold


def test_ended_service_sells_no_packages_and_is_not_billed() -> None:
    metered = make_metered(packages=(package(),))
    make_package(metered)
    ends = f'href="{reverse("storefront:unsubscribe", args=[metered.pk])}">End the service'
    text = page(metered)
    assert ("Buy another package" in text, "It is billed by usage until you end it." in text, ends in text) == (
        True,
        True,
        True,
    )
    Subscription.objects.filter(pk=metered.pk).update(status="released")
    text = page(metered)
    assert ("Buy another package" in text, "It is billed by usage until you end it." in text, ends in text) == (
        False,
        False,
        False,
    )


def polls(text: str, part: str) -> bool:
    tag = re.search(rf'<div[^>]*id="{part}"[^>]*>', text)
    return tag is not None and 'hx-trigger="every 2s"' in tag[0] and f'hx-select="#{part}"' in tag[0]


def test_opening_service_and_busy_server_are_polled() -> None:
    subscription = service("saas_v2")
    Subscription.objects.filter(pk=subscription.pk).update(status="opening")
    assert polls(page(subscription), "sf-opening")
    server = make_server_row(make_buyer(), make_image())
    assert server.service is not None
    at = reverse("storefront:server", args=[server.pk])
    Task.objects.create(server=server, action="stop", status="asked", created_at=clock.now())
    assert polls(address(server.service, at), "sf-server-task")


PAGES = Path(tradepost.market.__file__).parent
ANSWERS = {
    "order.html", "change_fee.html", "buy.html", "summary.html", "enterprise_import.html", "enterprise_password_file.html",
}  # fmt: skip
"""Announce a response to the choice on the page, or are in a polled part."""


@pytest.mark.django_db(databases=[])
def test_every_part_that_announces_a_change_polls() -> None:
    for path in sorted(PAGES.glob("sites/storefront/templates/**/*.html")):
        for tag in re.findall(r"<\w+(?:[^<>]|<[^<>]*>)*?aria-live(?:[^<>{]|\{%.*?%\}|\{\{.*?\}\})*>", path.read_text()):
            assert path.name in ANSWERS or "hx-trigger" in tag, f"{path.name}: {tag}"


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_progress_of_an_order_names_who_delivers_it(code: str, mode: str) -> None:
    subscription = service_of_kind(code, mode)
    number = subscription.order_line_number.rpartition("-")[0]
    Order.objects.filter(number=number).update(status="processing", ended_at=None)
    Subscription.objects.filter(pk=subscription.pk).update(status="opening")
    text = address(subscription, reverse("storefront:order", args=[number]))
    called = product_types()[code].needs_interface
    assert ("About to be called." in text) is called
    cloud = code == "IMAGE"
    assert ("The cloud of this market sets up your server" in text) is (cloud and mode == "ON_DEMAND")
    assert not (cloud and "The seller opens your service" in text)


BEGINS = {
    "interface": "The seller opens it at once.",
    "market": "The service is active at once.",
    "people": "We notify the seller, who then begins the delivery.",
    "code": "Your code is ready at once.",
}


@pytest.mark.slow
@pytest.mark.parametrize("code", [code for code, kind in product_types().items() if kind.delivery.value != "compute"])
def test_checkout_without_payment_names_who_starts(code: str) -> None:
    kind = product_types()[code]
    price = PRICES[kind.charging_modes[0]]
    product = make_product(product_type=code, prices=(price,), bound=False)
    if price.charging_mode != "ON_DEMAND":
        Offer.objects.filter(sku__spec__product=product).update(price_minor=0)
    subscription = service("saas_v2")
    text = address(
        subscription, f"{reverse('storefront:checkout', args=[product.pk])}?spec={make_offer(product).sku.spec_id}"
    )
    by = "people" if kind.by_people else "market" if kind.by_market else "code" if kind.issues_codes else "interface"
    assert {name for name, words in BEGINS.items() if words in text} == {by}
