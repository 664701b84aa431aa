"""A page makes the same number of queries with many rows as with few."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import buying, people, products, publishable
from tests.market import engine
from tradepost.market.catalog import drafts
from tradepost.market.fulfilment.models import Operation, lane_of
from tradepost.market.identity import keys
from tradepost.market.orders.models import OrderLine


def fill(shop) -> str:
    """One more product, address, order with subscription, failing call and attempts. Return the call's path."""
    product = products.make_product(shop.seller)
    order = buying.make_order(offer=products.make_offer(product), paid=True)
    subscription = buying.make_subscription(order)
    call = buying.make_call(order, subscription=subscription)
    buying.make_operation(order, subscription=subscription, call=call)
    Operation.objects.create(
        lane=lane_of(subscription), subscription=subscription, seller=shop.seller, kind="freeze", origin="market",
        status="queued", wanted={"reason": "operator"}, created_at=people.NOW,
    )  # fmt: skip
    other = buying.make_order(offer=products.make_offer(product), paid=True)
    buying.make_operation(other, status="stopped", note="connect")
    for _ in range(2):
        engine.answer(call, engine.REFUSED_CONNECTION, now=people.NOW)
    products.make_product(shop.seller, bound=False)
    return f"/seller/messages/{call.pk}/"


# For each: session, user, memberships, the sandbox's clock and the frame's one query.
FRAME = 5
OWN = {
    "/seller/": 17,
    "/seller/orders/": 1,
    "/seller/operations/": 2,
    "/seller/operations/?show=stopped": 1,
    "/seller/messages/": 2,
    "/seller/addresses/": 7,
    "/seller/addresses/new/": 2,
    "/seller/keys/": 6,
    "/seller/debug/": 10,
    "/seller/cases/": 3,
    "/seller/try/": 9,
    "/seller/domains/": 1,
    "/seller/members/": 7,
    "/seller/notices/": 2,
}


def count(page, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert page.get(path).status_code == 200
    return len(queries)


@pytest.mark.slow
@pytest.mark.parametrize("path", OWN)
def test_page_takes_a_fixed_number_of_queries(page, shop, path):
    fill(shop)
    keys.create_access_key(shop.seller, by=shop.owner, now=people.NOW)
    few = count(page, path)
    for _ in range(4):
        fill(shop)

    assert count(page, path) == few
    assert few == FRAME + OWN[path]


@pytest.mark.slow
def test_details_take_a_fixed_number_of_queries(page, shop):
    path = fill(shop)
    line = OrderLine.objects.order_by("pk")[0]
    few = count(page, path), count(page, f"/seller/orders/{line.number}/")
    call = buying.make_call(line.order)
    for _ in range(5):
        engine.answer(call, engine.REFUSED_CONNECTION, now=people.NOW)
        buying.make_call(line.order)

    many = count(page, f"/seller/messages/{call.pk}/"), count(page, f"/seller/orders/{line.number}/")

    assert many <= few
    assert many[0] == FRAME + 4
    assert many[1] == FRAME + 5


@pytest.mark.slow
def test_list_of_drafts_takes_as_many_queries_as_one_draft(page, shop):
    """Missing parts are counted: pictures, proofs, hosts, listed and suspended products are queried for all products
    together."""
    page.get("/seller/products/")  # the session is renewed once

    def write() -> None:
        product = products.make_product(shop.seller)
        drafts.open_draft(product, by=shop.owner, now=people.NOW)
        publishable.drafted(shop.seller, publishable.right_document(shop.seller))

    write()
    few = count(page, "/seller/products/")
    for _ in range(3):
        write()
    rows = page.get("/seller/products/").context["rows"]
    assert len([row for row in rows if row.item.listed.missing is not None]) == 8
    assert count(page, "/seller/products/") == few
