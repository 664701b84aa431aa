"""Order search finds the same orders on both databases, including by Chinese words of two characters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.factories.people import NOW
from tests.market.kept import kept_rows
from tests.market.plans import plan
from tradepost.market.base.paging import OLDEST
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
    """Create three orders of one buyer, oldest first, and one of another buyer."""
    seller = factories.make_seller()
    names = (("企业云笺套件", "Leaf 50% off"), ("砺石分析", "Whetstone"), ("云笺轻量版", "Leaf_lite"))
    orders = []
    for number, (name, name_en) in zip(NUMBERS, names, strict=True):
        order = factories.make_order(
            buyer, offer=factories.make_offer(factories.make_product(seller, name=name, name_en=name_en))
        )
        OrderLine.objects.filter(order=order).update(number=f"{number}-000001")
        Order.objects.filter(pk=order.pk).update(number=number)
        order.number = number
        orders.append(order)
    factories.make_order(factories.make_buyer(email="li.lee@example.com"))
    return orders


NUMBER_TEXTS = [
    ("CS2611241830ABCDEFG", [0]), ("cs2611241830abcdefg", [0]), (" CS26112418 ", [0, 1]), ("CS26112", [0, 1, 2]),
    ("CS2611241830ABCDEFG-000001", [0]), ("CS2611241830ABCDEFG-", [0]), ("CS99", []), ("BCDEFGH", [1]), ("abcdefh", [2]),
    ("CDEFGHA", []), ("BCDEFG", [0]), (" cdefgh", [1]), ("BCDEFH", [2]), ("CDEFG", []), ("DEFGHA", []), ("XBCDEFG", []),
]  # fmt: skip
PRODUCT_TEXTS = [
    ("云笺", [0, 2]), ("笺", [0, 2]), ("企业云笺套件", [0]), ("leaf", [0, 2]), ("WHET", [1]), ("50%", [0]), ("%", [0]),
    ("_", [2]), ("f_l", [2]), ("\\", []), ("CS", []), ("没有", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "positions"), [*NUMBER_TEXTS, *PRODUCT_TEXTS])
def test_buyer_finds_orders_by_number_or_product(
    buyer: User, orders: list[Order], text: str, positions: list[int]
) -> None:
    page = buyer_queries.buyer_orders(buyer, buyer_queries.OrderFilter(q=text))
    assert [order.number for order in page.rows] == [orders[n].number for n in reversed(positions)]


def test_search_by_product_name_is_paged_and_filtered(buyer: User, orders: list[Order]) -> None:
    """Only as many keys as a page shows are looked up, so the next page must continue where they ended."""
    seen: list[str] = []
    after = ""
    for _ in range(2):
        page = buyer_queries.buyer_orders(buyer, buyer_queries.OrderFilter(q="leaf"), after=after, size=1)
        seen += [order.number for order in page.rows]
        after = page.next_key
    assert (seen, after) == ([orders[2].number, orders[0].number], "")
    for status, count in (("unpaid", 2), ("completed", 0)):
        filters = buyer_queries.OrderFilter(q="云笺", status=status)
        assert len(buyer_queries.buyer_orders(buyer, filters).rows) == count


@pytest.mark.parametrize(("text", "positions"), [*NUMBER_TEXTS, *PRODUCT_TEXTS])
def test_seller_finds_lines_by_number_or_product(orders: list[Order], text: str, positions: list[int]) -> None:
    seller = orders[0].lines.get().seller
    page = seller_queries.seller_lines(seller, seller_queries.LineFilter(search=text))
    assert [line.order_id for line in page.rows] == [orders[n].pk for n in reversed(positions)]


def test_seller_finds_the_orders_of_an_instance(orders: list[Order]) -> None:
    subscription = factories.make_subscription(orders[1], instance_id="云笺")
    OrderLine.objects.filter(order=orders[1]).update(subscription=subscription)
    filters = seller_queries.LineFilter(search="云笺")
    assert [line.order_id for line in seller_queries.seller_lines(subscription.seller, filters).rows] == [orders[1].pk]
    assert seller_queries.seller_lines(factories.make_seller(), filters).rows == []


@pytest.mark.parametrize(
    ("text", "positions"),
    [
        *NUMBER_TEXTS, ("li.lei@example.com", [0, 1, 2]), ("LI.LEI@EXAMPLE.COM", [0, 1, 2]), ("li.lei", []), ("%", []),
        ("li_lei@example.com", []),
    ],
)  # fmt: skip
def test_operators_find_orders_by_number_or_email(orders: list[Order], text: str, positions: list[int]) -> None:
    page = operator_queries.all_orders(operator_queries.OrderFilter(text=text))
    assert [order.number for order in page.rows] == [orders[n].number for n in reversed(positions)]


def test_pages_merge_the_orders_of_all_products(buyer: User) -> None:
    """Each list of a product and a status returns its first rows; a page is cut from all of them together."""
    seller = factories.make_seller()
    offers = [factories.make_offer(factories.make_product(seller, name=f"青简{n}")) for n in range(3)]
    orders = [factories.make_order(buyer, offer=offers[n % 3], paid=n % 2 == 0) for n in range(12)]
    assert len({order.status for order in orders}) == 2
    oldest = [order.number for order in orders]
    for read, arguments in (
        (buyer_queries.buyer_orders, (buyer, buyer_queries.OrderFilter(q="青简"))),
        (seller_queries.seller_lines, (seller, seller_queries.LineFilter(search="青简"))),
    ):
        for top, expected in (("", oldest[::-1]), (OLDEST, oldest)):
            seen: list[str] = []
            after = top
            while after != top or not seen:
                page = read(*arguments, after=after, size=5)
                seen += [row.number.split("-")[0] for row in page.rows]
                after = page.next_key or top
            assert seen == expected


def test_older_order_of_a_product_is_found_by_time(buyer: User) -> None:
    """Earlier, the newest rows were read first and filtered by time afterwards, so an earlier time found nothing."""
    seller = factories.make_seller()
    offer = factories.make_offer(factories.make_product(seller, name="青简"))
    oldest, *newer = [factories.make_order(buyer, offer=offer, now=NOW + timedelta(days=n)) for n in range(4)]
    until = NOW + timedelta(hours=12)
    orders = buyer_queries.buyer_orders(buyer, buyer_queries.OrderFilter(q="青简", until=until), size=1)
    lines = seller_queries.seller_lines(seller, seller_queries.LineFilter(search="青简", until=until), size=1)
    assert [order.pk for order in orders.rows] == [line.order_id for line in lines.rows] == [oldest.pk]
    filters = buyer_queries.OrderFilter(q="青简", since=until)
    assert [order.pk for order in buyer_queries.buyer_orders(buyer, filters).rows] == [
        order.pk for order in reversed(newer)
    ]


@pytest.mark.sqlite  # its plans need no rows
def test_newest_orders_of_a_product_are_read_in_index_order(buyer: User) -> None:
    """issue 27, must show 3: a name read all lines of its products, 22,188 rows for a buyer with 10,000 orders."""
    lines = OrderLine.objects.filter(product=1, status=Order.Status.COMPLETED)
    buyer_plan = plan(lines.filter(buyer=buyer).order_by("-order").values("order")[:21])
    seller_plan = plan(lines.filter(seller=1).order_by("-pk").values("pk")[:26])
    assert ("line_buyer_product_status" in buyer_plan, "line_product_status" in seller_plan) == (True, True)
    assert "TEMP B-TREE" not in buyer_plan + seller_plan


def test_order_ending_is_looked_up_by_its_index(db: None) -> None:
    """SQLite did not use the index earlier, because the start of the expression was a parameter."""
    del db
    assert "order_ending" in plan(search.orders_ending("ABCDEFG"))
    assert "order_ending" in plan(search.orders_ending("BCDEFG").values_list("pk", "number"))


@pytest.mark.sqlite  # its plans need no rows; PostgreSQL may choose either index of an empty table
def test_orders_of_a_buyer_by_status_use_an_index_of_both(buyer: User) -> None:
    """issue 27, must show 3: a buyer with 10,000 orders read all of them for a state that few have."""
    orders = Order.objects.filter(buyer=buyer, status=Order.Status.CANCELLED).order_by("-pk")[:21]
    assert "order_buyer_status" in plan(orders)
