"""Orders that an interface failed are counted by month, and the sixth asks an operator (business-rules §10, saas-v2 §3.10)."""

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
"""Nothing was sent, so that nothing is to be released."""
MINUTE = timedelta(minutes=1)


def sold() -> Product:
    seller = make_seller(member=make_buyer(balance="0"))
    return make_product(seller, address=make_address(seller))


def failed(product: Product, result: CallResult = DOWN, *, now: datetime = NOW) -> Order:
    """An order of the product that is paid, tried in vain to the end, and paid back."""
    order = make_order(make_buyer(), offer=make_offer(product), paid=True, now=now)
    react(now=now)
    give_up(open_call(), result, now=now)
    react(now=now)
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    return order


def test_an_order_that_its_interface_failed_is_counted_once_for_its_product() -> None:
    product = sold()
    order = failed(product)
    [counted] = FailedOrder.objects.all()
    assert (counted.order_id, counted.product_id, counted.reason) == (order.pk, product.pk, "connect")
    assert not WorkItem.objects.exists()


@pytest.mark.parametrize("result", [Rejected(code="000103"), Unreachable(fault=Fault.INTERNAL)])
def test_a_reason_of_business_and_a_fault_of_ours_are_not_counted(result: CallResult) -> None:
    failed(sold(), result)
    assert not FailedOrder.objects.exists()


def test_the_sixth_order_of_a_month_asks_the_operators_once_and_nothing_is_delisted() -> None:
    """business-rules §10: more than five failed orders in a month; shelf §8: no automatic delisting."""
    operator, product = make_operator(), sold()
    for number in range(5):
        failed(product, now=NOW + number * MINUTE)
    assert not WorkItem.objects.exists()
    failed(product, now=NOW + 6 * MINUTE)
    [item] = WorkItem.objects.all()
    assert (item.kind, item.product_id) == ("failed_orders", product.pk)
    failed(product, now=NOW + 7 * MINUTE)
    assert WorkItem.objects.count() == 1
    told = Notice.objects.filter(kind__endswith="failed_orders")
    assert sorted(told.values_list("kind", flat=True)) == ["operator_failed_orders", "seller_failed_orders"]
    assert told.get(user=operator).facts["orders"] == "6"
    product.refresh_from_db()
    assert product.status == Product.Status.ON_SALE
    [shown] = operator_queries.open_items()
    assert len(shown.orders) == 7


def test_months_are_counted_apart() -> None:
    product = sold()
    for number in range(3):
        failed(product, now=NOW + number * MINUTE)
        failed(product, now=NOW + timedelta(days=31) + number * MINUTE)
    assert FailedOrder.objects.values("month").distinct().count() == 2
    assert not WorkItem.objects.exists()


def test_it_is_marked_when_the_interface_delivers_again_and_counts_all_the_same() -> None:
    product, later = sold(), NOW + MINUTE
    failed(product)
    make_order(make_buyer(), offer=make_offer(product), paid=True, now=later)
    react(now=later)
    answer(open_call(), now=later)
    react(now=later)
    assert FailedOrder.objects.get().healed_at is None, "accepted is not delivered"
    answered(open_call(), now=later)
    assert FailedOrder.objects.get().healed_at == later


def test_an_entry_is_closed_with_words_and_once() -> None:
    item = WorkItem.objects.create(kind="failed_orders", product=sold(), occasion="2026-11-01", opened_at=NOW)
    for note in ("", "  ", "x" * 501):
        with pytest.raises(Refused):
            operator_queries.close_item(item.pk, note=note, by="operator", now=NOW)
        assert WorkItem.objects.get().closed_at is None
    operator_queries.close_item(item.pk, note="Talked to the seller.", by="operator", now=NOW)
    with pytest.raises(Refused):
        operator_queries.close_item(item.pk, note="Again.", by="operator", now=NOW)
    assert operator_queries.open_items() == []


def test_a_frozen_product_stays_in_the_queue_until_it_is_sold_or_stopped() -> None:
    product = sold()
    Product.objects.filter(pk=product.pk).update(status=Product.Status.FROZEN)
    item = WorkItem.objects.create(kind="frozen", product=product, occasion="2026-11-26", opened_at=NOW)
    with pytest.raises(Refused, match=r"probe\.still_frozen"):
        operator_queries.close_item(item.pk, note="Later.", by="operator", now=NOW)
    delist.stop(Product.objects.get(), reason="It fails.", actor="operator", now=NOW, by_operator=True)
    react(now=NOW)
    assert operator_queries.open_items() == []
