"""The list of a seller's products: price, sales of 30 days and health of each, with a fixed number of queries (issue
27, 6)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import products
from tests.factories.people import NOW
from tests.factories.products import MONTHLY, YEARLY, make_sku, make_spec
from tests.market.sites.seller_center.shops import Shop, enter, make_shop
from tradepost.market.base import clock
from tradepost.market.base.money import Money
from tradepost.market.base.values import replace
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.orders.models import ProductDay
from tradepost.market.orders.sales import day_of
from tradepost.market.probes.models import Health, Verdict
from tradepost.market.production.models import Binding

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def page(shop: Shop) -> Client:
    return enter(shop.owner)


def row_of(page: Client, product: Product) -> Any:
    rows = page.get("/seller/products/").context["rows"]
    return next(row.item for row in rows if row.item.listed.product == product)


def health(product: Product, verdict: str) -> None:
    Health.objects.create(product=product, verdict=verdict, since=NOW, seen_at=NOW)


def saved_case(product: Product) -> None:
    address = Binding.objects.get(product=product).address
    DebugCase.objects.create(
        seller=product.seller, address=address, activity="newInstance", kind="newInstance", command={}, url=address.url,
        key_id="k", saved_at=NOW, saved_by="t", tried_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "case", "state"),
    [
        ("", False, "untested"), ("", True, "untested"), (Verdict.PASSED, False, "untested"),
        (Verdict.PASSED, True, "passing"), (Verdict.FAILED, True, "failing"), (Verdict.FAILED, False, "failing"),
    ],
)  # fmt: skip
def test_only_passed_tests_are_green(shop: Shop, page: Client, verdict: str, case: bool, state: str) -> None:
    product = products.make_product(shop.seller)
    if verdict:
        health(product, verdict)
    if case:
        saved_case(product)
    health_shown = row_of(page, product).health
    assert health_shown.state == state
    text = page.get("/seller/products/").text
    cell = text[text.index('data-label="Health"') :].partition("</td>")[0]
    assert ("tp-ok" in cell) is (state == "passing")


def test_product_without_an_interface_has_no_health(shop: Shop, page: Client) -> None:
    assert row_of(page, products.make_product(shop.seller, product_type="MANUAL_SERVICE", bound=False)).health is None


def test_sales_are_those_of_the_last_thirty_days(shop: Shop, page: Client) -> None:
    product, other = products.make_product(shop.seller), products.make_product(shop.seller)
    today = day_of(clock.now())
    for age, lines in ((0, 2), (29, 3), (30, 100), (31, 100)):
        ProductDay.objects.create(product=product, day=today - timedelta(days=age), lines=lines)
    assert (row_of(page, product).sold, row_of(page, other).sold) == (5, 0)


def test_price_is_the_lowest_of_the_listed_version(shop: Shop, page: Client) -> None:
    cheap, dear = replace(MONTHLY, amount=Decimal(12)), replace(YEARLY, amount=Decimal(100))
    product = products.make_product(shop.seller, specs=(make_spec(make_sku(dear, cheap)),))
    assert row_of(page, product).least.total == Money(1200, "CNY")


def test_more_rows_take_no_more_queries(shop: Shop, page: Client) -> None:
    page.get("/seller/products/")  # the session is renewed once

    def more() -> None:
        product = products.make_product(shop.seller)
        health(product, Verdict.PASSED)
        saved_case(product)
        ProductDay.objects.create(product=product, day=day_of(clock.now()), lines=1)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert page.get("/seller/products/").status_code == 200
        return len(captured)

    more()
    few = statements()
    for _ in range(3):
        more()
    assert statements() == few
