"""Renewing a service: its cost and result, ordered once, paid like other orders; only by its holder."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from tests import factories
from tests.factories.products import MONTHLY, ONCE, YEARLY
from tests.market import engine
from tradepost.market.base import clock
from tradepost.market.catalog.document import Price
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(balance="5300")
    client.force_login(buyer)
    return buyer


def make_service(buyer: User, *, age: timedelta = DAY, prices: tuple[Price, ...] = (MONTHLY, YEARLY)) -> Subscription:
    """Bought for a month, ``age`` ago."""
    then = clock.now() - age
    offer = factories.make_offer(factories.make_product(prices=prices))
    return factories.make_subscription(factories.make_order(buyer, offer=offer, paid=True, now=then), now=then)


def page_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"[ \n]+", " ", answer.content.decode())


def option_values(page: str) -> list[str]:
    return re.findall(r'name="option" id="option-\d+" value="([^"]+)"', page)


def order_renewal(client: Client, subscription: Subscription) -> Order:
    """The first choice of the page."""
    address = f"/services/{subscription.pk}/renew/"
    answer = client.post(address, {"option": option_values(page_of(client, address))[0], "agreed": "on"})
    assert answer.status_code == 302, answer.content.decode()
    return Order.objects.get(number=answer["Location"].split("/")[2])


def test_every_way_to_renew_shows_its_price_and_its_end(client: Client, buyer: User) -> None:
    """business-rules §4.5: purchased services > renew."""
    subscription = make_service(buyer)
    address = f"/services/{subscription.pk}/renew/"
    assert f'href="{address}"' in page_of(client, f"/services/{subscription.pk}/")
    page = page_of(client, address)
    assert [stamp.split("/")[1:3] for stamp in option_values(page)] == [
        ["1", "10000"], ["3", "30000"], ["6", "60000"], ["1", "100000"], ["2", "200000"],
    ]  # fmt: skip
    assert page.count("checked") == 1
    assert "¥\xa0300.00" in page


def test_renewal_is_ordered_paid_and_followed(client: Client, buyer: User) -> None:
    subscription = make_service(buyer)
    order = order_renewal(client, subscription)
    assert (order.order_type, order.total_minor, order.buyer) == ("RENEW", 10_000, buyer)
    assert "Pay ¥\xa0100.00" in page_of(client, f"/orders/{order.number}/")
    assert client.post(f"/orders/{order.number}/pay/").status_code == 302
    engine.react(now=clock.now())
    page = page_of(client, f"/orders/{order.number}/")
    assert "Your service is being renewed" in page
    assert "The seller renews your service" in page
    assert "Login details" not in page, "that stands with the service"
    engine.give_up(Call.objects.get(), now=clock.now())
    engine.react(now=clock.now())
    assert "If the service ends first, you get a full refund." in page_of(client, f"/orders/{order.number}/")


def test_second_tab_orders_nothing(client: Client, buyer: User) -> None:
    """business-rules §4.1: a resource in an unpaid order blocks other operations."""
    subscription = make_service(buyer)
    address = f"/services/{subscription.pk}/renew/"
    second = {"option": option_values(page_of(client, address))[1], "agreed": "on"}
    order = order_renewal(client, subscription)
    answer = client.post(address, second)
    assert answer.status_code == 422
    assert f"/orders/{order.number}/" in answer.content.decode()
    assert Order.objects.filter(order_type="RENEW").count() == 1
    assert "is not paid yet" in page_of(client, address)


def test_changed_price_is_shown_and_not_ordered(client: Client, buyer: User) -> None:
    subscription = make_service(buyer)
    address = f"/services/{subscription.pk}/renew/"
    form = {"option": option_values(page_of(client, address))[0], "agreed": "on"}
    Offer.objects.filter(pk=subscription.offer_id).update(price_minor=11_100)
    answer = client.post(address, form)
    assert answer.status_code == 422
    assert "Prices or dates have changed" in answer.content.decode()
    assert not Order.objects.filter(order_type="RENEW").exists()


def test_nothing_is_ordered_without_the_agreement(client: Client, buyer: User) -> None:
    address = f"/services/{make_service(buyer).pk}/renew/"
    choice = option_values(page_of(client, address))[2]
    answer = client.post(address, {"option": choice})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'id="agreed_error"' in page
    assert re.search(rf'value="{choice}"\s+checked', page), "what was chosen is kept"


@pytest.mark.parametrize("age", [timedelta(days=33), timedelta(days=42)])
def test_frozen_service_can_be_renewed_until_its_data_is_deleted(client: Client, buyer: User, age: timedelta) -> None:
    """business-rules §4.4: paid in the retention; it counts from the original expiry."""
    subscription = make_service(buyer, age=age)
    with transaction.atomic():
        add_reason(locked_subscriptions([subscription.pk]), Freeze.Reason.EXPIRED, actor="market", now=clock.now())
    assert "Renew it before then to keep using it." in page_of(client, f"/services/{subscription.pk}/")
    assert "The renewal counts from its end" in page_of(client, f"/services/{subscription.pk}/renew/")
    assert order_renewal(client, subscription).pay_before <= clock.now() + DAY


@pytest.mark.parametrize("reason", ["foreign", "too late", "released", "withdrawn", "once"])
def test_impossible_renewal_is_not_offered(client: Client, buyer: User, reason: str) -> None:
    subscription = make_service(
        factories.make_buyer() if reason == "foreign" else buyer,
        age=timedelta(days=50) if reason == "too late" else DAY,
        prices=(ONCE, MONTHLY) if reason == "once" else (MONTHLY,),
    )
    if reason == "released":
        SUBSCRIPTION.move(subscription, SubscriptionEvent.END, now=clock.now())
        SUBSCRIPTION.move(subscription, SubscriptionEvent.RELEASE, now=clock.now())
    if reason == "withdrawn":
        Product.objects.update(status=Product.Status.STOPPED)
    address = f"/services/{subscription.pk}/renew/"
    if reason == "foreign":
        assert client.get(address).status_code == 404
        assert client.post(address, {"agreed": "on"}).status_code == 404
    else:
        page = page_of(client, address)
        assert "This service cannot be renewed." in page
        assert option_values(page) == []
        assert client.post(address, {"agreed": "on"}).status_code == 422
        assert address not in page_of(client, f"/services/{subscription.pk}/")
    assert not Order.objects.filter(order_type="RENEW").exists()


def test_page_is_in_chinese(client: Client, buyer: User) -> None:
    client.cookies["django_language"] = "zh-hans"
    page = page_of(client, f"/services/{make_service(buyer).pk}/renew/")
    assert "提交续费订单" in page
    assert "Order the renewal" not in page
