"""Unpaid orders: cancelled by the buyer, or by the market after the time limit. Nothing is charged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from tests.factories import make_buyer
from tests.journeys.sellers import product_at, serving
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments.ledger import buyer_account
from tradepost.market.production.models import Call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def buyer() -> User:
    return make_buyer(balance="1000", now=clock.now())


@pytest.fixture
def page(buyer: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(buyer)
    return client


def place(page: Client, url: str) -> Order:
    product = product_at(url)
    form = {"plan": "PERIOD-month", "quantity": "1", "periods": "1", "total": "10000", "agreed": "on"}
    number = page.post(f"/checkout/{product.pk}/", form)["Location"].split("/")[2]
    return Order.objects.get(number=number)


@pytest.mark.slow
def test_unpaid_order_is_cancelled_after_a_day_and_cannot_be_paid(page: Client, buyer: User, tmp_path: Path) -> None:
    with serving(tmp_path) as shop, working():
        placed = place(page, shop.url)
        advance(timedelta(hours=23))
        assert Order.objects.get(pk=placed.pk).status == Order.Status.UNPAID
        advance(timedelta(hours=1, minutes=1))
        until(lambda: Order.objects.get(pk=placed.pk).status == Order.Status.CANCELLED, what="the market cancels")
        until(
            lambda: Notice.objects.filter(user=buyer, kind="order_cancelled_timeout").exists(), what="the buyer is told"
        )
        page.post(f"/orders/{placed.number}/pay/")
    assert shop.created == []
    assert check_untouched(buyer, placed)


@pytest.mark.slow
def test_cancelled_order_ignores_later_timer_and_payment(page: Client, buyer: User, tmp_path: Path) -> None:
    with serving(tmp_path) as shop, working():
        placed = place(page, shop.url)
        page.post(f"/orders/{placed.number}/cancel/")
        assert "The order was cancelled. Nothing was charged." in page.get(f"/orders/{placed.number}/").content.decode()
        page.post(f"/orders/{placed.number}/pay/")
        advance(timedelta(hours=25))
    assert shop.created == []
    assert check_untouched(buyer, placed)
    assert not Notice.objects.filter(user=buyer, kind__startswith="order").exists(), "who cancels an own order knows it"


def check_untouched(buyer: User, placed: Order) -> bool:
    return (
        Order.objects.get(pk=placed.pk).status == Order.Status.CANCELLED
        and buyer_account(buyer, "CNY").balance_minor == 100_000
        and not Call.objects.exists()
    )
