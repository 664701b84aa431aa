"""The shelf and the product page for strangers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.factories.products import MONTHLY, ONCE, YEARLY, make_sku, make_spec
from tradepost.market.catalog import shelf
from tradepost.market.catalog.lifecycle import PRODUCT, ProductEvent
from tradepost.market.catalog.models import Product

pytestmark = pytest.mark.django_db
ENGLISH = {"Accept-Language": "en"}


def one_line(answer: Any) -> str:
    """Return the page with each run of blanks as one, except those that keep an amount together."""
    return re.sub(r"[ \n]+", " ", answer.content.decode())


def names(client: Client, address: str) -> list[str]:
    page = client.get(address).context["page"]
    return [card.product.name_en for card in page.rows]


def test_search_finds_chinese_and_english_words_in_any_order(client: Client) -> None:
    factories.make_product(name="云笺文档", name_en="Leaf", summary="团队写作", summary_en="Writing for teams")
    factories.make_product(name="砺石 MES", name_en="Whetstone", summary="车间排产", summary_en="Scheduling for plants")
    assert names(client, "/?q=文档") == ["Leaf"]
    assert names(client, "/?q=teams+leaf") == ["Leaf"]
    assert names(client, "/?q=WHETSTONE") == ["Whetstone"]
    assert names(client, "/?q=for") == ["Whetstone", "Leaf"]
    assert names(client, "/?q=teams+plants") == ["Whetstone", "Leaf"]  # none contains both words; these come close
    assert names(client, "/?q=%25") == []


def test_empty_result_gives_instructions(client: Client) -> None:
    page = client.get("/?q=zzz", headers=ENGLISH).content.decode()
    assert "No products found" in page
    assert "Show all products" in page


def test_drafts_and_stopped_products_are_not_listed(client: Client) -> None:
    listed = factories.make_product()
    draft = factories.make_product(on_sale=False)
    stopped = factories.make_product()
    PRODUCT.move(stopped, ProductEvent.STOP, now=factories.NOW, actor="seller")
    shelf.refresh(stopped)
    assert names(client, "/") == [listed.name_en]
    for product, status in ((listed, 200), (draft, 404), (stopped, 200)):
        assert client.get(f"/products/{product.slug}/").status_code == status
    assert client.get(f"/products/{draft.slug}/picture.svg").status_code == 404


def test_categories_and_sellers_filter_the_list(client: Client) -> None:
    seller = factories.make_seller()
    factories.make_product(seller, category="office", name_en="A")
    factories.make_product(seller, category="industry", name_en="B")
    factories.make_product(category="office", name_en="C")
    assert names(client, "/?category=industry") == ["B"]
    assert names(client, f"/?seller={seller.slug}") == ["B", "A"]
    assert names(client, f"/?seller={seller.slug}&category=office") == ["A"]


def test_card_shows_the_lowest_price_with_its_period(client: Client) -> None:
    factories.make_product(prices=(YEARLY, MONTHLY, ONCE))
    page = one_line(client.get("/", headers=ENGLISH))
    assert 'from <strong class="tp-price">¥\xa0100.00</strong> <span class="tp-muted pv-for"> 1 month' in page


@pytest.mark.slow
def test_pages_of_the_list_follow_each_other_without_gap(client: Client) -> None:
    seller = factories.make_seller()
    address = factories.make_address(seller)
    names_made = [factories.make_product(seller, address=address).name_en for _ in range(30)]
    first = client.get("/").context["page"]
    second = names(client, f"/?after={first.next_key}")
    assert [card.product.name_en for card in first.rows] + second == names_made[::-1]


@pytest.mark.parametrize("products", [1, 6])
def test_list_takes_the_same_queries_for_any_number_of_products(
    client: Client, products: int, django_assert_num_queries: Any
) -> None:
    for _ in range(products):
        factories.make_product(prices=(MONTHLY, YEARLY))
    with django_assert_num_queries(7):  # clock, categories, counts of both filters, keys, cards, sellers
        client.get("/")


@pytest.mark.parametrize("skus", [1, 5])
def test_product_page_takes_the_same_queries_for_any_number_of_skus(
    client: Client, skus: int, django_assert_num_queries: Any
) -> None:
    values = [{"code": f"e{n}", "name": f"版本{n}", "name_en": f"Edition {n}"} for n in range(skus)]
    edition = {"code": "e", "name": "版本", "name_en": "Edition", "values": values}
    kinds = [make_sku(MONTHLY, YEARLY, values={"e": value["code"]}) for value in values]
    product = factories.make_product(specs=(make_spec(*kinds, attributes=[edition]),))
    with django_assert_num_queries(
        10
        # clock, product, specs, SKUs, offers, limits, targets, version, service desk of the company, protocol of the
        # address
    ):
        client.get(f"/products/{product.slug}/")


def test_text_of_a_seller_cannot_run(client: Client) -> None:
    seller = factories.make_seller(website="javascript:alert(1)", about="<b>about</b>")
    product = factories.make_product(
        seller,
        name="<i>云</i>",
        name_en="<i>Cloud</i>",
        description_en='<p onclick="x()">ok<script>alert(2)</script></p>',
    )
    page = client.get(f"/products/{product.slug}/", headers=ENGLISH).content.decode()
    assert "<p>ok</p>" in page
    assert "&lt;i&gt;Cloud&lt;/i&gt;" in page
    assert "&lt;b&gt;about&lt;/b&gt;" in page
    assert "javascript:" not in page
    assert "alert(" not in page


def test_website_of_a_seller_opens_without_access_to_our_page(client: Client) -> None:
    product = factories.make_product(factories.make_seller(website="https://www.qingxie.example"))
    answer = client.get(f"/products/{product.slug}/")
    assert '<a href="https://www.qingxie.example" rel="noopener noreferrer" target="_blank">' in one_line(answer)


def test_picture_is_served_as_a_drawing_without_scripts(client: Client) -> None:
    product = factories.make_product()
    Product.objects.filter(pk=product.pk).update(
        picture=factories.PICTURE.replace("<rect", "<script>x()</script><rect")
    )
    answer = client.get(f"/products/{product.slug}/picture.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'none'; script-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"<rect" in answer.content
    assert b"script" not in answer.content


def test_product_without_a_drawing_has_no_picture(client: Client) -> None:
    product = factories.make_product(picture="")
    assert client.get(f"/products/{product.slug}/picture.svg").status_code == 404
