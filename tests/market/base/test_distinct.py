"""The distinct values of a column are found one by one through the index, without reading the rows between them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tradepost.market.base.distinct import distinct_keys
from tradepost.market.orders.models import OrderLine

pytestmark = pytest.mark.django_db


def test_each_value_is_found_once_in_order() -> None:
    buyer, second_buyer = factories.make_buyer(), factories.make_buyer()
    sellers = [factories.make_seller() for _ in range(3)]
    offers = [factories.make_offer(factories.make_product(seller)) for seller in sellers]
    for offer in (offers[2], offers[0], offers[2], offers[0]):
        factories.make_order(buyer, offer=offer)
    factories.make_order(second_buyer, offer=offers[1])
    lines = OrderLine.objects.filter(buyer=buyer)
    assert distinct_keys(lines, "seller") == [sellers[0].pk, sellers[2].pk]
    assert distinct_keys(lines.filter(status="refunded"), "seller") == []


@pytest.mark.sqlite  # its query plans need no rows
def test_next_value_is_found_by_the_index() -> None:
    """issue 27, must show 3: the list of invoices due formerly read all lines of the buyer."""
    lines = OrderLine.objects.filter(buyer=7, status="completed", invoiced_minor=0, amount_minor__gt=0)
    with CaptureQueriesContext(connection) as captured:
        assert distinct_keys(lines, "seller") == []
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {captured[0]['sql']}")
        steps = [step for *_, step in cursor.fetchall() if "orders_orderline" in step]
    assert len(steps) == 2
    assert "line_to_invoice (buyer_id=?)" in steps[0]
    assert "line_to_invoice (buyer_id=? AND seller_id>?)" in steps[1]
