"""Search in a buyer's list of services: by product name, seller name or instance ID."""

from __future__ import annotations

import pytest

from tests import factories
from tests.market.explained import Read, explain_everything, explain_nothing, explained
from tests.market.plans import plan
from tradepost.market.identity.models import User
from tradepost.market.subscriptions.buyer_queries import SubscriptionFilter, buyer_subscriptions
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def services(buyer: User) -> list[Subscription]:
    """Make six services of two products and two sellers in turn, oldest first, every third frozen; and one of another
    buyer.
    """
    sellers = [factories.make_seller(name="青竹软件"), factories.make_seller(name="白石科技")]
    names = (("企业青简", "Bamboo"), ("轻量分析", "Stone"))
    offers = [
        factories.make_offer(factories.make_product(seller, name=name, name_en=name_en))
        for seller, (name, name_en) in zip(sellers, names, strict=True)
    ]
    subscriptions = []
    for n in range(6):
        order = factories.make_order(buyer, offer=offers[n % 2], paid=True)
        subscriptions.append(factories.make_subscription(order, instance_id=f"one-{n}"))
    frozen = [subscription.pk for subscription in subscriptions[::3]]
    Subscription.objects.filter(pk__in=frozen).update(status=Subscription.Status.FROZEN)
    factories.make_subscription(factories.make_order(offer=offers[0], paid=True), instance_id="one-9")
    return subscriptions


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("青简", "", [4, 2, 0]), ("bamboo", "", [4, 2, 0]), ("青竹", "", [4, 2, 0]), ("科技", "", [5, 3, 1]),
        ("青简", "frozen", [0]), ("青简", "active", [4, 2]), ("one-3", "", [3]), ("one-3", "active", []),
        ("one-9", "", []), ("one-", "", []), ("没有", "", []), ("%", "", []),
    ],
)  # fmt: skip
def test_services_are_found_by_name_or_instance(text: str, status: str, expected: list[int]) -> None:
    buyer = factories.make_buyer(balance="10000")
    subscriptions = services(buyer)
    query = SubscriptionFilter(q=text, status=status)
    page = buyer_subscriptions(buyer, query, size=2)
    shown_rows = [*page.rows]
    if page.next_key:
        shown_rows += buyer_subscriptions(buyer, query, after=page.next_key, size=2).rows
    assert [row.pk for row in shown_rows] == [subscriptions[n].pk for n in expected]


@pytest.mark.sqlite  # the plans need no rows
def test_newest_services_of_a_product_are_read_in_index_order() -> None:
    """issue 27, must show 3: for products that were not bought recently, everything since then was read."""
    rows = Subscription.objects.filter(buyer=1, product=1, status=Subscription.Status.ACTIVE)
    query_plan = plan(rows.order_by("-pk").values("pk")[:21])
    assert "subscription_buyer_kind_status" in query_plan
    assert "TEMP B-TREE" not in query_plan


@pytest.mark.postgres
def test_services_of_products_with_other_names_are_not_searched() -> None:
    """issue 27, must show 3: PostgreSQL searched services of every product before it compared the names of the seller."""
    buyer = factories.make_buyer(balance="10000")
    services(buyer)
    reads: list[Read] = []
    explain_everything()
    with explained(reads.append):
        assert buyer_subscriptions(buyer, SubscriptionFilter(q="没有")).rows == []
        of_another_name = [read for read in reads if "first_0" in read.statement]
        assert len(buyer_subscriptions(buyer, SubscriptionFilter(q="青竹")).rows) == 3
    explain_nothing()
    tables = [read.table for read in of_another_name]
    assert "catalog_product" in tables
    assert "subscriptions_subscription" not in tables
