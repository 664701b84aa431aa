"""Best sellers of the last thirty days: counted at payment, shown beside the products from the next night on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOW
from tradepost.market import wiring
from tradepost.market.catalog.models import Shelf
from tradepost.market.catalog.shelf_queries import Search, shelf
from tradepost.market.orders import best_sellers
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.models import Order, ProductDay

pytestmark = pytest.mark.django_db


def sold_counts() -> dict[str, int]:
    return dict(Shelf.objects.values_list("product__slug", "sold_30d"))


def paid_event(offer: object, *, order_type: str = "NEW") -> OrderPaid:
    order = factories.make_order(offer=offer, paid=True)  # type: ignore[arg-type]
    Order.objects.filter(pk=order.pk).update(order_type=order_type)
    return OrderPaid(order=order.number)


def test_purchases_are_counted_and_sort_the_products() -> None:
    popular, unpopular = factories.make_product(slug="much"), factories.make_product(slug="little")
    paid = [paid_event(factories.make_offer(popular)) for _ in range(2)] + [paid_event(factories.make_offer(unpopular))]
    best_sellers.on_order_paid.many(paid, NOW)
    best_sellers.on_order_paid.many([paid_event(factories.make_offer(popular))], NOW + timedelta(days=1))
    assert sold_counts() == {"much": 0, "little": 0}
    best_sellers.update_counts(NOW + timedelta(days=1))
    assert sold_counts() == {"much": 3, "little": 1}
    assert [card.product.slug for card in shelf(Search(sort="sold")).page.rows] == ["much", "little"]


def test_renewal_is_not_counted() -> None:
    product = factories.make_product()
    best_sellers.on_order_paid.many([paid_event(factories.make_offer(product), order_type="RENEW")], NOW)
    assert not ProductDay.objects.exists()


def test_purchases_are_dropped_after_thirty_days() -> None:
    product = factories.make_product(slug="once")
    best_sellers.on_order_paid.many([paid_event(factories.make_offer(product))], NOW)
    best_sellers.update_counts(NOW + timedelta(days=29))
    assert sold_counts() == {"once": 1}
    best_sellers.update_counts(NOW + timedelta(days=30))
    assert sold_counts() == {"once": 0}
    assert not ProductDay.objects.exists()


def test_counts_are_updated_each_night() -> None:
    due = wiring.TASKS[best_sellers.NIGHTLY_TIMER]({}, NOW)
    assert due is not None
    assert NOW < due <= NOW + timedelta(days=1)
