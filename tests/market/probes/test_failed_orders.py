"""Orders that failed through an interface are counted by month; the sixth creates a work queue entry (business-rules
§10, saas-v2 §3.10).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.factories import (
    NOW,
    make_address,
    make_buyer,
    make_offer,
    make_operator,
    make_order,
    make_product,
    make_seller,
)
from tests.market.engine import answer, give_up, react
from tests.market.fulfilment.services import answered, open_call
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import delist
from tradepost.market.catalog.models import Product
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.probes import operator_queries
from tradepost.market.probes.models import FailedOrder, WorkItem
from tradepost.protocols.commands import CallResult, Fault, Rejected, Unreachable

pytestmark = pytest.mark.django_db
DOWN = Unreachable(fault=Fault.CONNECT)
"""Nothing was sent, so nothing has to be released."""
MINUTE = timedelta(minutes=1)


def sold_product() -> Product:
    seller = make_seller(member=make_buyer(balance="0"))
    return make_product(seller, address=make_address(seller))


def fail_order(product: Product, result: CallResult = DOWN, *, now: datetime = NOW) -> Order:
    """Make an order of the product that is paid, tried until it is given up, and refunded."""
    order = make_order(make_buyer(), offer=make_offer(product), paid=True, now=now)
    react(now=now)
    give_up(open_call(), result, now=now)
    react(now=now)
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    return order


def test_order_failed_by_its_interface_is_counted_once_for_its_product() -> None:
    product = sold_product()
    order = fail_order(product)
    [counted] = FailedOrder.objects.all()
    assert (counted.order_id, counted.product_id, counted.reason) == (order.pk, product.pk, "connect")
    assert not WorkItem.objects.exists()


@pytest.mark.parametrize("result", [Rejected(code="000103"), Unreachable(fault=Fault.INTERNAL)])
def test_business_reasons_and_our_own_faults_are_not_counted(result: CallResult) -> None:
    fail_order(sold_product(), result)
    assert not FailedOrder.objects.exists()


def test_sixth_failed_order_of_a_month_asks_operators_once_and_delists_nothing() -> None:
    """business-rules §10: more than five failed orders in a month; shelf §8: no automatic delisting."""
    operator, product = make_operator(), sold_product()
    for number in range(5):
        fail_order(product, now=NOW + number * MINUTE)
    assert not WorkItem.objects.exists()
    fail_order(product, now=NOW + 6 * MINUTE)
    [item] = WorkItem.objects.all()
    assert (item.kind, item.product_id) == ("failed_orders", product.pk)
    fail_order(product, now=NOW + 7 * MINUTE)
    assert WorkItem.objects.count() == 1
    notices = Notice.objects.filter(kind__endswith="failed_orders")
    assert sorted(notices.values_list("kind", flat=True)) == ["operator_failed_orders", "seller_failed_orders"]
    assert notices.get(user=operator).facts["orders"] == "6"
    product.refresh_from_db()
    assert product.status == Product.Status.ON_SALE
    [shown] = operator_queries.open_items()
    assert len(shown.orders) == 7


def test_months_are_counted_separately() -> None:
    product = sold_product()
    for number in range(3):
        fail_order(product, now=NOW + number * MINUTE)
        fail_order(product, now=NOW + timedelta(days=31) + number * MINUTE)
    assert FailedOrder.objects.values("month").distinct().count() == 2
    assert not WorkItem.objects.exists()


def test_recovered_interface_is_marked_and_its_failures_still_count() -> None:
    product, later = sold_product(), NOW + MINUTE
    fail_order(product)
    make_order(make_buyer(), offer=make_offer(product), paid=True, now=later)
    react(now=later)
    answer(open_call(), now=later)
    react(now=later)
    assert FailedOrder.objects.get().healed_at is None, "accepted is not delivered"
    answered(open_call(), now=later)
    assert FailedOrder.objects.get().healed_at == later


def test_entry_is_closed_once_with_a_note() -> None:
    item = WorkItem.objects.create(kind="failed_orders", product=sold_product(), occasion="2026-11-01", opened_at=NOW)
    for note in ("", "  ", "x" * 501):
        with pytest.raises(Refused):
            operator_queries.close_item(item.pk, note=note, by="operator", now=NOW)
        assert WorkItem.objects.get().closed_at is None
    operator_queries.close_item(item.pk, note="Talked to the seller.", by="operator", now=NOW)
    with pytest.raises(Refused):
        operator_queries.close_item(item.pk, note="Again.", by="operator", now=NOW)
    assert operator_queries.open_items() == []


def test_frozen_product_stays_in_the_queue_until_sales_resume_or_end() -> None:
    product = sold_product()
    Product.objects.filter(pk=product.pk).update(status=Product.Status.FROZEN)
    item = WorkItem.objects.create(kind="frozen", product=product, occasion="2026-11-26", opened_at=NOW)
    with pytest.raises(Refused, match=r"probe\.still_frozen"):
        operator_queries.close_item(item.pk, note="Later.", by="operator", now=NOW)
    delist.stop(Product.objects.get(), reason="It fails.", actor="operator", now=NOW, by_operator=True)
    react(now=NOW)
    assert operator_queries.open_items() == []
