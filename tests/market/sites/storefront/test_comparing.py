"""Filters in the address, comparison of products, and a seller's page."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests import factories
from tests.factories.products import MONTHLY, ONCE, YEARLY
from tradepost.market.catalog import shelf
from tradepost.market.catalog.models import Product

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("\xa0", " ")))


def chips(client: Client, address: str) -> dict[str, str]:
    return {chip.words: chip.address for chip in client.get(address, headers=EN).context["chips"]}


def test_each_filter_is_a_removable_chip(client: Client) -> None:
    seller = factories.make_seller(slug="shop", name_en="The Shop")
    factories.make_product(seller)
    address = "/?q=cloud&category=office&seller=shop&way=month&low=1&high=200&sort=price&after=1-2"
    shown_chips = chips(client, address)
    assert list(shown_chips) == ["“cloud”", "Office & collaboration", "The Shop", "Monthly", "from 1", "up to 200"]
    assert shown_chips["Monthly"] == "?q=cloud&category=office&seller=shop&low=1&high=200&sort=price"
    assert chips(client, "/?way=never&low=x&high=-1&sort=wrong") == {}


def test_search_text_is_escaped(client: Client) -> None:
    evil = '"><script>alert(1)</script>'
    for name in ("q", "category", "seller", "way", "low", "high", "sort", "after", "p"):
        answer = client.get("/", {name: evil})
        assert answer.status_code == 200
        assert b"<script>alert" not in answer.content
    assert b"<script>alert" not in client.get("/compare/", {"p": evil, "only": evil}).content


def test_empty_list_suggests_filters_to_remove(client: Client) -> None:
    factories.make_product()
    html = client.get("/?q=cloud&way=year", headers=EN).content.decode()
    assert "No products found" in html
    assert "Leave out one of these:" in html
    assert 'href="?q=cloud"' in html


def test_up_to_four_products_are_compared_in_their_order(client: Client) -> None:
    products = [factories.make_product(slug=f"p{number}", prices=(MONTHLY,)) for number in range(5)]
    answer = client.get(
        "/compare/?" + "&".join(f"p={product.slug}" for product in [products[2], *products]), headers=EN
    )
    assert [page.view.slug for page, _without in answer.context["pages"]] == ["p2", "p0", "p1", "p3"]
    _page, without = answer.context["pages"][0]
    assert without == "?p=p0&p=p1&p=p3"


def test_comparison_can_show_only_differences(client: Client) -> None:
    seller = factories.make_seller()
    factories.make_product(seller, slug="a", prices=(MONTHLY,), summary_en="Same")
    factories.make_product(seller, slug="b", prices=(YEARLY, ONCE), summary_en="Same")
    all_rows = client.get("/compare/?p=a&p=b").context["rows"]
    differing = client.get("/compare/?p=a&p=b&only=differences").context["rows"]
    assert {row.name for row in differing} == {row.name for row in all_rows if row.differs} >= {"least", "ways"}
    assert "kind" not in {row.name for row in differing}


def test_hidden_products_are_not_compared(client: Client) -> None:
    hidden = factories.make_product(slug="hidden")
    Product.objects.filter(pk=hidden.pk).update(hidden=True)
    shelf.refresh(hidden)
    factories.make_product(slug="draft", on_sale=False)
    answer = client.get("/compare/?p=hidden&p=draft&p=nothing", headers=EN)
    assert answer.context["pages"] == []
    assert "No products to compare yet" in answer.content.decode()


def test_selected_products_stay_while_browsing(client: Client) -> None:
    factories.make_product(slug="a")
    html = client.get("/?p=a&p=b", headers=EN).content.decode()
    assert '<input type="hidden" name="p" value="b" />' in html
    assert "sf-compare-on" in html


def test_seller_has_a_page_with_its_own_products(client: Client) -> None:
    seller = factories.make_seller(
        slug="shop", name_en="The Shop", about_en="We make things.", website="https://shop.example"
    )
    factories.make_product(seller, name_en="Ours")
    factories.make_product(name_en="Theirs")
    html = client.get("/sellers/shop/", headers=EN).content.decode()
    assert "We make things." in html
    assert "Ours" in html
    assert "Theirs" not in html
    assert 'href="https://shop.example"' in html
    page = client.get("/sellers/shop/?seller=&q=Theirs", headers=EN).context["page"]
    assert [card.product.name_en for card in page.rows] == ["Ours"]
    assert client.get("/sellers/nobody/").status_code == 404


@pytest.mark.parametrize("products", [1, 4])
def test_comparison_takes_few_queries(client: Client, products: int, django_assert_max_num_queries: object) -> None:
    slugs = [factories.make_product().slug for _ in range(products)]
    with django_assert_max_num_queries(6 + 3 * products):  # type: ignore[operator]
        client.get("/compare/?" + "&".join(f"p={slug}" for slug in slugs))
