"""A line is always where its order is: a seller's list is narrowed by the line's status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests import factories
from tradepost.market.base.errors import IllegalTransition
from tradepost.market.orders.cancel import cancel_order, time_out, withdraw
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


ENDS: list[tuple[Callable[[Order], object], str]] = [
    (lambda _: None, "unpaid"),
    (pay, "processing"),
    (complete, "completed"),
    (give_up, "refunded"),
    (lambda order: cancel_order(order, actor="buyer", now=LATER), "cancelled"),
    (lambda order: withdraw(order, now=LATER), "cancelled"),
    (lambda order: time_out({"order": order.number}, LATER), "cancelled"),
]


@pytest.mark.parametrize(("end", "status"), ENDS)
def test_a_line_goes_with_its_order(end: Callable[[Order], object], status: str) -> None:
    order, other = factories.make_order(), factories.make_order()
    end(order)
    line = OrderLine.objects.select_related("order").get(order=order)
    assert (line.status, line.order.status) == (status, status)
    assert OrderLine.objects.get(order=other).status == "unpaid"
    assert [found.pk for found in seller_lines(line.seller, LineFilter(status=status))] == [line.pk]
    assert open_order_count(line.seller) == int(status == "processing")


def test_a_move_that_is_refused_moves_no_line() -> None:
    order = factories.make_order(paid=True)
    with pytest.raises(IllegalTransition):
        cancel_order(order, actor="buyer", now=LATER)
    assert OrderLine.objects.get(order=order).status == "processing"
