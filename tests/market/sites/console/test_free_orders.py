"""Pages of orders that cost nothing mention no payment and no refund."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.buying import make_call, make_operation, make_order
from tests.factories.people import make_operator
from tests.factories.products import ON_DEMAND, make_offer
from tests.market import engine
from tradepost.market.base import clock
from tradepost.market.orders.finish import give_up_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator(now=clock.now()))
    return client


def test_failed_free_order_mentions_no_refund(console: Client) -> None:
    order = make_order(offer=make_offer(prices=(ON_DEMAND,)), paid=True, now=clock.now())
    give_up_order(order, now=clock.now(), reason="connect")
    page = console.get(reverse("console:order", args=[order.number])).content.decode()
    assert page.count("Closed, not charged") == 2  # its badge and its history
    assert "Accepted" in page
    assert "Refunded" not in page
    assert "On demand" in page
    assert "ON_DEMAND" not in page
    listed = console.get(reverse("console:orders")).content.decode()
    assert "Closed, not charged" in listed


def test_stopped_free_order_is_ended_and_not_refunded(console: Client) -> None:
    order = make_order(offer=make_offer(prices=(ON_DEMAND,)), paid=True, now=clock.now())
    call = engine.give_up(make_call(order), engine.REFUSED_CONNECTION, now=clock.now())
    make_operation(order, status="stopped", call=call, note="connect")
    address = reverse("console:order", args=[order.number])
    page = console.get(address).content.decode()
    assert ("End the order" in page, "holds the payment" in page, "¥\xa00.00 back" in page) == (True, False, False)
    text = console.post(f"{address}pay-back/", {"reason": "gone"}, follow=True).content.decode()
    assert "It had cost nothing." in text
    order.refresh_from_db()
    assert order.status == "refunded"
