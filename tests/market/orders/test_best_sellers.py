"""What was bought most in the last thirty days: counted as it is paid for, and beside the products from the next night on."""

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


def sold() -> dict[str, int]:
    return dict(Shelf.objects.values_list("product__slug", "sold_30d"))


def bought(offer: object, *, order_type: str = "NEW") -> OrderPaid:
    order = factories.make_order(offer=offer, paid=True)  # type: ignore[arg-type]
    Order.objects.filter(pk=order.pk).update(order_type=order_type)
    return OrderPaid(order=order.number)


def test_what_was_bought_is_counted_and_sorted_by() -> None:
    much, little = factories.make_product(slug="much"), factories.make_product(slug="little")
    paid = [bought(factories.make_offer(much)) for _ in range(2)] + [bought(factories.make_offer(little))]
    best_sellers.on_order_paid.many(paid, NOW)
    best_sellers.on_order_paid.many([bought(factories.make_offer(much))], NOW + timedelta(days=1))
    assert sold() == {"much": 0, "little": 0}
    best_sellers.move_on(NOW + timedelta(days=1))
    assert sold() == {"much": 3, "little": 1}
    assert [card.product.slug for card in shelf(Search(sort="sold")).page.rows] == ["much", "little"]


def test_a_renewal_is_no_purchase() -> None:
    product = factories.make_product()
    best_sellers.on_order_paid.many([bought(factories.make_offer(product), order_type="RENEW")], NOW)
    assert not ProductDay.objects.exists()


def test_after_thirty_days_it_is_forgotten() -> None:
    product = factories.make_product(slug="once")
    best_sellers.on_order_paid.many([bought(factories.make_offer(product))], NOW)
    best_sellers.move_on(NOW + timedelta(days=29))
    assert sold() == {"once": 1}
    best_sellers.move_on(NOW + timedelta(days=30))
    assert sold() == {"once": 0}
    assert not ProductDay.objects.exists()


def test_the_count_is_moved_on_each_night() -> None:
    due = wiring.TASKS[best_sellers.NIGHTLY]({}, NOW)
    assert due is not None
    assert NOW < due <= NOW + timedelta(days=1)
