"""Issue 27, 9: Ctrl+K in the seller center finds the reader's own objects, and nothing of other sellers."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.architecture.source import ROOT
from tests.market.sites.seller_center.shops import Shop, enter
from tradepost.market.catalog import grants
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.sites.seller_center.pages import PAGES

TEMPLATES = ROOT / "src/tradepost/market/sites/seller_center/templates/seller_center"
NUMBER = "CS2611241830ABCDEFG"


def links(client: Client, text: str) -> list[str]:
    answer = client.get(reverse("seller_center:find"), {"q": text})
    assert answer.status_code == 200
    return [suggestion.address for group in answer.context["groups"] for suggestion in group.suggestions]


@pytest.fixture
def product(shop: Shop) -> Product:
    product = factories.make_product(shop.seller, name="产线看板", name_en="Line Board", slug="line-board")
    order = factories.make_order(offer=factories.make_offer(product), paid=True)
    Order.objects.filter(pk=order.pk).update(number=NUMBER)
    factories.make_subscription(order, instance_id="inst-4711")
    OrderLine.objects.filter(order=order).update(number=f"{NUMBER}-000001")
    return product


TEXTS = ("BCDEFG", "ABCDEFG", NUMBER, "inst-4711", "产线")


def test_owner_finds_orders_products_and_members(page: Client, shop: Shop, product: Product) -> None:
    order, own = f"/seller/orders/{NUMBER}-000001/", f"/seller/products/{product.pk}/"
    for text in TEXTS:
        assert order in links(page, text)
    for text in ("产线", "board", "line-board", factories.make_offer(product).product_id):
        assert own in links(page, text)
    member = shop.seller.members.get()
    assert f"/seller/members/{member.pk}/" in links(page, member.user.email)
    assert links(page, "%") == links(page, "") == []


def test_another_seller_finds_none_of_them(other_shop: Shop, shop: Shop, product: Product) -> None:
    client = enter(other_shop.owner)
    for text in (*TEXTS, "board", factories.make_offer(product).product_id, shop.owner.email):
        assert links(client, text) == []


@pytest.mark.parametrize(
    ("menus", "kinds"),
    [
        ({}, set()),
        ({"trade": "read"}, {"orders"}),
        ({"products": "read"}, {"products"}),
        ({"members": "read"}, {"members"}),
        ({"trade": "write", "products": "write"}, {"orders", "products"}),
    ],
)
def test_member_finds_only_objects_of_their_menus(
    shop: Shop, product: Product, menus: dict[str, str], kinds: set[str]
) -> None:
    user = factories.make_buyer()
    factories.make_member(shop.seller, user, factories.make_group(shop.seller, **menus))
    client = enter(user)
    results = [address for text in (*TEXTS, user.email) for address in links(client, text)]
    assert {address.split("/")[2] for address in results} == kinds
    for page in PAGES:
        offered = reverse(page.name) in links(client, str(page.words))
        assert not offered or client.get(reverse(page.name)).status_code == 200, page.name
        assert offered or client.get(reverse(page.name)).status_code in {403, 404} or page.name.endswith(":servers"), (
            page.name
        )
    del product


def test_product_granted_to_one_member_is_found_only_by_that_member(shop: Shop, product: Product) -> None:
    first, second = factories.make_buyer(), factories.make_buyer()
    group = factories.make_group(shop.seller, products="read")
    holder = factories.make_member(shop.seller, first, group)
    factories.make_member(shop.seller, second, group)
    grants.grant(holder, [product], by="owner", now=factories.NOW)
    assert links(enter(first), "board") == [f"/seller/products/{product.pk}/"]
    assert links(enter(second), "board") == []


def test_every_navigation_entry_can_be_found() -> None:
    layout, company = (
        (TEMPLATES / name).read_text(encoding="utf-8") for name in ("layout.html", "parts/company_nav.html")
    )
    texts = (layout.partition("{% block nav %}")[2], company)
    named = dict.fromkeys(name for text in texts for name in re.findall(r'nav_item "(seller_center:\w+)"', text))
    assert [page.name for page in PAGES] == [name for name in named if name != "seller_center:statement"]


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Production addresses"), ("en", "生产地址"), ("zh-hans", "production"), ("zh-hans", "生产")],
)
def test_pages_are_found_by_their_names_in_both_languages(page: Client, language: str, text: str) -> None:
    page.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    assert reverse("seller_center:addresses") in links(page, text)


def test_header_links_to_search_while_the_seller_sells(page: Client, shop: Shop) -> None:
    assert 'data-palette="tp-palette"' in page.get("/seller/").content.decode()
    assert "last six characters" in page.get("/seller/find/", headers={"accept-language": "en"}).content.decode()
    Seller.objects.filter(pk=shop.seller.pk).update(status=Seller.Status.EXITED)
    answer = page.get(reverse("seller_center:statement"))
    assert answer.status_code == 200
    assert "data-palette" not in answer.content.decode()
