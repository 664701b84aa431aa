"""An order line has the status of its order, so that a seller's list can be filtered by the line's status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests import factories
from tradepost.market.base.errors import IllegalTransition
from tradepost.market.orders.cancel import cancel_for_market, cancel_order, time_out
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.seller_queries import LineFilter, open_order_count, seller_lines

pytestmark = pytest.mark.django_db
LATER = factories.NOW + timedelta(hours=1)


def pay(order: Order) -> None:
    pay_order(order, now=LATER)


def complete(order: Order) -> None:
    pay(order)
    order.refresh_from_db()
    complete_order(order, now=LATER)


def give_up(order: Order) -> None:
    pay(order)
    order.refresh_from_db()
    give_up_order(order, now=LATER, reason="dns")


TRANSITIONS: list[tuple[Callable[[Order], object], str]] = [
    (lambda _: None, "unpaid"),
    (pay, "processing"),
    (complete, "completed"),
    (give_up, "refunded"),
    (lambda order: cancel_order(order, actor="buyer", now=LATER), "cancelled"),
    (lambda order: cancel_for_market(order, now=LATER), "cancelled"),
    (lambda order: time_out({"order": order.number}, LATER), "cancelled"),
]


@pytest.mark.parametrize(("change_order", "status"), TRANSITIONS)
def test_line_follows_the_status_of_its_order(change_order: Callable[[Order], object], status: str) -> None:
    order, other = factories.make_order(), factories.make_order()
    change_order(order)
    line = OrderLine.objects.select_related("order").get(order=order)
    assert (line.status, line.order.status) == (status, status)
    assert OrderLine.objects.get(order=other).status == "unpaid"
    assert [row.pk for row in seller_lines(line.seller, LineFilter(status=status)).rows] == [line.pk]
    assert open_order_count(line.seller) == int(status == "processing")


def test_refused_transition_changes_no_line() -> None:
    order = factories.make_order(paid=True)
    with pytest.raises(IllegalTransition):
        cancel_order(order, actor="buyer", now=LATER)
    assert OrderLine.objects.get(order=order).status == "processing"
