"""The factories: their rows are consistent."""

from __future__ import annotations

import pytest

from tests import factories
from tests.market import engine
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.protocols.commands import ChargingMode

pytestmark = pytest.mark.django_db


def test_order_is_placed_paid_and_in_the_ledger() -> None:
    buyer = factories.make_buyer(balance="150")
    order = factories.make_order(buyer, paid=True)
    assert (order.status, order.total_minor) == (Order.Status.PROCESSING, 10_000)
    assert ledger.buyer_account(buyer, "CNY").balance_minor == 5_000
    assert ledger.verify().problems == ()


def test_subscription_belongs_to_the_line_of_its_order() -> None:
    subscription = factories.make_subscription()
    line = OrderLine.objects.get(subscription=subscription)
    assert (subscription.order_line_number, subscription.status) == (line.number, "active")
    access = access_data(subscription)
    assert access is not None
    assert access.user_name == "lantian"


@pytest.mark.parametrize("active", [True, False])
def test_order_with_a_subscription_is_not_opened_again(active: bool) -> None:
    order = factories.make_order(paid=True)
    other = factories.make_order(paid=True)
    factories.make_subscription(order, active=active)
    engine.react(now=factories.NOW)
    assert [call.order_number for call in Call.objects.all()] == [other.number]


def test_call_and_operation_belong_to_the_same_order() -> None:
    order = factories.make_order(paid=True)
    operation = factories.make_operation(order)
    call = factories.make_call(order, subscription=operation.subscription)
    assert (call.activity, call.order_number) == ("newInstance", order.number)
    assert operation.line is not None
    assert (operation.line.order_id, operation.lane) == (order.pk, f"instance:{operation.subscription_id}")


def test_offers_have_the_given_prices() -> None:
    from tests.factories.products import ONCE

    offer = factories.make_offer(prices=(ONCE,))
    assert (offer.charging_mode, offer.price_minor) == (ChargingMode.ONE_TIME, 500_000)
