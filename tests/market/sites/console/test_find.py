"""Issue 27, 9: Ctrl+K in the console finds orders, services, accounts, products, sellers and pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext, override

from tests import factories
from tests.architecture.source import ROOT
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.sites.console.find import MAX_EACH
from tradepost.market.sites.console.pages import PAGES

pytestmark = pytest.mark.django_db
LAYOUT = ROOT / "src/tradepost/market/sites/console/templates/console/layout.html"


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(factories.make_operator())
    return client


def links(client: Client, text: str, **headers: str) -> list[str]:
    """Return the addresses of the results: of the page, or with ``hx_request`` of the options."""
    answer = client.get(reverse("console:find"), {"q": text}, headers=headers)
    assert answer.status_code == 200
    return [suggestion.address for group in answer.context["groups"] for suggestion in group.suggestions]


@pytest.fixture
def sold() -> dict[str, str]:
    buyer = factories.make_buyer(email="Wang.Fang@lantian.example", company="蓝天实业")
    seller = factories.make_seller(name="砺石工业", name_en="Whetstone Works", slug="lishi")
    product = factories.make_product(seller, name="产线看板", name_en="Line Board", slug="line-board")
    offer = factories.make_offer(product)
    order = factories.make_order(buyer, offer=offer, paid=True)
    Order.objects.filter(pk=order.pk).update(number="CS2611241830ABCDEFG")
    subscription = factories.make_subscription(order, instance_id="inst-4711")
    return {
        "order": "/console/orders/CS2611241830ABCDEFG/", "service": f"/console/services/{subscription.pk}/",
        "account": f"/console/accounts/{buyer.pk}/", "product": f"/console/products/{product.pk}/",
        "seller": f"/console/sellers/{seller.pk}/", "product_id": offer.product_id, "customer": buyer.customer_id,
        "seller_key": str(seller.pk),
    }  # fmt: skip


CASES: list[tuple[str | Callable[[dict[str, str]], str], list[str]]] = [
    ("BCDEFG", ["order", "service"]),
    ("abcdefg", ["order", "service"]),
    ("cs26112418", ["order"]),
    ("CDEFG", []),
    ("wang.fang@lantian.example", ["order", "service", "account"]),
    ("Wang.Fang", ["account"]),
    ("蓝天", ["account"]),
    ("lantian", []),  # middle part of an address
    ("inst-4711", ["service"]),
    ("产线", ["product"]),
    ("line-board", ["product"]),
    ("BOARD", ["product"]),
    ("whetstone", ["seller"]),
    ("lishi", ["seller"]),
    (lambda sold: sold["product_id"], ["product"]),
    (lambda sold: sold["product_id"].lower(), ["product"]),
    (lambda sold: sold["customer"], ["account"]),
    (lambda sold: sold["customer"][:12], ["account"]),
    (lambda sold: sold["seller_key"], ["seller"]),
    ("", []),
    ("%", []),
    ("_", []),
    ("zzz", []),
    ("9" * 99, []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_each_object_is_found_by_its_names_and_numbers(
    console: Client, sold: dict[str, str], text: str | Callable[[dict[str, str]], str], expected: list[str]
) -> None:
    typed = text if isinstance(text, str) else text(sold)
    names = {sold[name] for name in ("order", "service", "account", "product", "seller")}
    for headers in ({}, {"hx-request": "true"}):
        assert [address for address in links(console, typed, **headers) if address in names] == [
            sold[name] for name in expected
        ]


def test_account_with_this_address_is_first_and_the_number_of_results_is_limited(console: Client) -> None:
    for number in range(2 * MAX_EACH):
        factories.make_buyer(email=f"li@lantian.example.{number:02}")
    exact = factories.make_buyer(email="Li@Lantian.example")
    accounts = [address for address in links(console, "li@lantian.example") if address.startswith("/console/accounts/")]
    assert (accounts[0], len(set(accounts))) == (f"/console/accounts/{exact.pk}/", MAX_EACH)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_are_found_by_their_names_in_both_languages(language: str) -> None:
    client = Client(headers={"accept-language": language})
    client.force_login(factories.make_operator())
    for text in ("Search synonyms", "synonyms", "同义词", "搜索同义词"):
        assert reverse("console:synonyms") in links(client, text)
    with override(language):
        words = gettext("Search synonyms")
    assert words in client.get(reverse("console:find") + "?q=synonyms").content.decode()


def test_every_navigation_entry_can_be_found() -> None:
    navigation = LAYOUT.read_text(encoding="utf-8").partition("{% block nav %}")[2]
    named = re.findall(r'nav_item "(console:\w+)" "([\w-]+)"', navigation)
    assert [(page.name, page.icon) for page in PAGES] == named


@pytest.mark.parametrize("cloud", ["", "stub"])
def test_cloud_pages_are_listed_only_in_a_market_with_a_cloud(console: Client, settings: Any, cloud: str) -> None:
    """The navigation and the search follow one rule."""
    settings.CLOUD = cloud
    navigation = console.get("/console/").content.decode()
    for name, text in (("console:servers", "servers"), ("console:images", "idle period")):
        assert (f'href="{reverse(name)}"' in navigation) is bool(cloud)
        assert (reverse(name) in links(console, text)) is bool(cloud)


def test_header_of_every_page_links_to_search_and_it_works_without_a_script(console: Client) -> None:
    page = console.get(reverse("console:overview")).content.decode()
    assert re.search(r'<a class="tp-tool"\s+href="/console/find/"\s+data-palette="tp-palette"', page)
    empty = console.get("/console/find/").content.decode()
    assert "last six characters" in empty
    assert "No results found" in console.get("/console/find/?q=zzz").content.decode()
    assert "/console/find/" not in console.get("/").content.decode()
    assert console.get("/console/find/?q=a")["Cache-Control"].count("no-store") == 1


def test_search_is_only_for_operators(client: Client) -> None:
    client.force_login(factories.make_buyer())
    assert client.get("/console/find/?q=a").status_code == 404
    assert OrderLine.objects.count() == 0
