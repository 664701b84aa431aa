"""What people type finds the same orders on both databases, Chinese words of two characters among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import factories
from tests.market.kept import kept_rows
from tradepost.market.identity.models import User
from tradepost.market.orders import buyer_queries, operator_queries, search, seller_queries
from tradepost.market.orders.models import Order, OrderLine

pytestmark = pytest.mark.django_db
NUMBERS = ("CS2611241830ABCDEFG", "CS2611241830BCDEFGH", "CS2611250900ABCDEFH")


@pytest.fixture(scope="module")
def orders(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Order]]:
    del django_db_setup
    with kept_rows(django_db_blocker):
        yield make_orders(factories.make_buyer(email="Li.Lei@Example.com"))


@pytest.fixture
def buyer(orders: list[Order]) -> User:
    return orders[0].buyer


def make_orders(buyer: User) -> list[Order]:
    """Three orders of one buyer, oldest first; another's beside them."""
    seller = factories.make_seller()
    names = (("企业云笺套件", "Leaf 50% off"), ("砺石分析", "Whetstone"), ("云笺轻量版", "Leaf_lite"))
    made = []
    for number, (name, name_en) in zip(NUMBERS, names, strict=True):
        order = factories.make_order(
            buyer, offer=factories.make_offer(factories.make_product(seller, name=name, name_en=name_en))
        )
        OrderLine.objects.filter(order=order).update(number=f"{number}-000001")
        Order.objects.filter(pk=order.pk).update(number=number)
        order.number = number
        made.append(order)
    factories.make_order(factories.make_buyer(email="li.lee@example.com"))
    return made


TEXTS = [
    ("CS2611241830ABCDEFG", [0]), ("cs2611241830abcdefg", [0]), (" CS26112418 ", [0, 1]), ("CS26112", [0, 1, 2]),
    ("CS2611241830ABCDEFG-000001", [0]), ("CS2611241830ABCDEFG-", [0]), ("CS99", []), ("BCDEFGH", [1]), ("abcdefh", [2]),
    ("CDEFGHA", []),
]  # fmt: skip
OF_PRODUCTS = [
    ("云笺", [0, 2]), ("笺", [0, 2]), ("企业云笺套件", [0]), ("leaf", [0, 2]), ("WHET", [1]), ("50%", [0]), ("%", [0]),
    ("_", [2]), ("f_l", [2]), ("\\", []), ("CS", []), ("没有", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), [*TEXTS, *OF_PRODUCTS])
def test_a_buyer_finds_orders_by_number_or_product(
    buyer: User, orders: list[Order], text: str, found: list[int]
) -> None:
    page = buyer_queries.buyer_orders(buyer, buyer_queries.OrderFilter(q=text))
    assert [order.number for order in page.rows] == [orders[n].number for n in reversed(found)]


def test_what_a_product_is_called_is_paged_and_narrowed(buyer: User, orders: list[Order]) -> None:
    """Only as many keys as a page shows are looked up: the next page must go on where they ended."""
    seen: list[str] = []
    after = ""
    for _ in range(2):
        page = buyer_queries.buyer_orders(buyer, buyer_queries.OrderFilter(q="leaf"), after=after, size=1)
        seen += [order.number for order in page.rows]
        after = page.next_key
    assert (seen, after) == ([orders[2].number, orders[0].number], "")
    for status, found in (("unpaid", 2), ("completed", 0)):
        asked = buyer_queries.OrderFilter(q="云笺", status=status)
        assert len(buyer_queries.buyer_orders(buyer, asked).rows) == found


@pytest.mark.parametrize(("text", "found"), [*TEXTS, *OF_PRODUCTS])
def test_a_seller_finds_lines_in_the_same_way(orders: list[Order], text: str, found: list[int]) -> None:
    seller = orders[0].lines.get().seller
    lines = seller_queries.seller_lines(seller, seller_queries.LineFilter(search=text)).order_by("pk")
    assert [line.order_id for line in lines] == [orders[n].pk for n in found]


def test_a_seller_finds_the_orders_of_an_instance(orders: list[Order]) -> None:
    held = factories.make_subscription(orders[1], instance_id="云笺")
    OrderLine.objects.filter(order=orders[1]).update(subscription=held)
    asked = seller_queries.LineFilter(search="云笺")
    assert [line.order_id for line in seller_queries.seller_lines(held.seller, asked)] == [orders[1].pk]
    assert seller_queries.seller_lines(factories.make_seller(), asked).count() == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *TEXTS, ("li.lei@example.com", [0, 1, 2]), ("LI.LEI@EXAMPLE.COM", [0, 1, 2]), ("li.lei", []), ("%", []),
        ("li_lei@example.com", []),
    ],
)  # fmt: skip
def test_operators_find_orders_by_number_or_address(orders: list[Order], text: str, found: list[int]) -> None:
    page = operator_queries.all_orders(operator_queries.OrderFilter(text=text))
    assert [order.number for order in page.rows] == [orders[n].number for n in reversed(found)]


def test_more_products_than_a_list_holds_are_found_too(
    monkeypatch: pytest.MonkeyPatch, buyer: User, orders: list[Order]
) -> None:
    monkeypatch.setattr(search, "LISTED", 1)
    page = buyer_queries.buyer_orders(buyer, buyer_queries.OrderFilter(q="leaf"))
    assert [order.number for order in page.rows] == [orders[2].number, orders[0].number]
