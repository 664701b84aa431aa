"""issue 27, must show 3: the sum of unsettled items is read from one row, for any number of items."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.people import NOW
from tests.market.fulfilment.services import service
from tests.market.fulfilment.unsubscribing import asked
from tests.market.settlement.settling import PRICE, RULES, assert_sound, buy_another, make_statement, sum_up
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller
from tradepost.market.settlement.debt import debt_of_seller
from tradepost.market.settlement.models import OpenSum, SettlementItem
from tradepost.market.settlement.seller_queries import open_amounts

pytestmark = pytest.mark.django_db
MIGRATION = import_module("tradepost.market.settlement.migrations.from_0_1.0004_open_sums")


def sums() -> list[tuple[object, ...]]:
    return list(
        OpenSum.objects.order_by("seller").values_list("seller", "currency", "earned_minor", "refunded_minor", "items")
    )


def sold_twice_and_refunded_once() -> Seller:
    subscription = service()
    buy_another(subscription)
    asked(subscription, "no_reason", now=NOW + timedelta(days=1))
    sum_up()
    return subscription.seller


def test_page_reads_no_item() -> None:
    """It used to add up all items since the last statement: 10,000 of a seller with 100,000 orders, at each view."""
    subscription = service()
    buy_another(subscription)
    sum_up()
    with CaptureQueriesContext(connection) as captured:
        amounts = open_amounts(subscription.seller), debt_of_seller(subscription.seller, "CNY", RULES.policy).minor
    assert amounts == ([Money(2 * PRICE, "CNY")], 0)
    assert [query["sql"] for query in captured if "settlement_settlementitem" in query["sql"]] == []


def test_statement_subtracts_its_items_and_leaves_later_ones() -> None:
    subscription = service()
    assert make_statement(subscription.seller) is not None
    assert (open_amounts(subscription.seller), assert_sound()) == ([], [])
    buy_another(subscription)
    sum_up()
    assert (open_amounts(subscription.seller), assert_sound()) == ([Money(PRICE, "CNY")], [])


def test_statement_below_the_minimum_subtracts_nothing() -> None:
    subscription = service()
    sum_up()
    before = sums()
    assert make_statement(subscription.seller, minimum_minor=10**9) is None
    assert (sums(), assert_sound()) == (before, [])


@pytest.mark.parametrize("change", [{"earned_minor": 1}, {"refunded_minor": -1}, {"items": 2}])
def test_check_of_the_books_finds_a_wrong_sum(change: dict[str, int]) -> None:
    service()
    sum_up()
    assert assert_sound() == []
    OpenSum.objects.update(**change)
    assert any("the kept sum says" in problem for problem in assert_sound())


def test_migration_adds_up_open_items() -> None:
    seller = sold_twice_and_refunded_once()
    other = service()
    assert make_statement(other.seller) is not None
    buy_another(other)
    sum_up()
    open_rows = [row for row in sums() if row[-1]]
    assert (seller.pk, "CNY", 2 * PRICE, -PRICE, 3) in open_rows
    OpenSum.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(MIGRATION.SUM_UP)
    assert (sums(), SettlementItem.objects.filter(statement=None).count()) == (open_rows, 4)
