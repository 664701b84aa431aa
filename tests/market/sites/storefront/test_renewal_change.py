"""Renewing with a change: the page calls the seller and shows its response, and only an accepted change is ordered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tests import factories
from tests.market import engine
from tests.market.fulfilment.services import done, failed, offers, open_call, service
from tests.market.sites.storefront.forms import form_of, page_of, text_of
from tradepost.market.base import clock
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Rejected

pytestmark = pytest.mark.django_db
LARGE = {"attr_e": "l", "plan": "PERIOD-month", "periods": "1", "quantity": "5"}
WORDS = "12 users are active <b>now</b>"


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(balance="5300", level="V1")
    client.force_login(buyer)
    return buyer


def make_ending_service(buyer: User, protocol: str = "saas_v2") -> Subscription:
    """A month that ends in a week, whose seller has saved a case of changeInstanceCheck."""
    subscription = service(protocol)
    address = subscription.product.binding.address
    address.proven = ["changeInstanceCheck"]
    address.save()
    Subscription.objects.filter(pk=subscription.pk).update(buyer=buyer, expires_at=clock.now() + timedelta(days=7))
    return Subscription.objects.select_related("product", "offer__sku").get(pk=subscription.pk)


def request_change(client: Client, subscription: Subscription, **other: str) -> str:
    """The page after the button was pressed."""
    answer = client.post(f"/services/{subscription.pk}/change/renewal/check/", LARGE | other)
    assert answer.status_code == 302, text_of(answer)
    return page_of(client, answer["Location"])


def test_page_of_the_service_links_there(client: Client, buyer: User) -> None:
    """business-rules §4.5; saas-v2 §8.1: SaaS 2.0 only."""
    subscription, old = make_ending_service(buyer), make_ending_service(buyer, "saas_v1")
    assert f'href="/services/{subscription.pk}/change/renewal/"' in page_of(client, f"/services/{subscription.pk}/")
    assert "change/renewal" not in page_of(client, f"/services/{old.pk}/")
    assert "The seller does not support changes at renewal. Renew the service without changes" in page_of(
        client, f"/services/{old.pk}/change/renewal/"
    )
    answer = client.post(f"/services/{old.pk}/change/renewal/check/", LARGE)
    assert answer.status_code == 422
    assert not Operation.objects.filter(kind="check_change").exists()


def test_change_is_requested_accepted_and_ordered(client: Client, buyer: User) -> None:
    """saas-v2 §3.7, §8.1."""
    subscription = make_ending_service(buyer)
    address = f"/services/{subscription.pk}/change/renewal/"
    page = page_of(client, address)
    assert "This is your current plan. Choose another edition or quantity, or renew without changes" in page
    page = page_of(client, f"{address}?attr_e=l&plan=PERIOD-month&periods=1&quantity=5")
    assert "First ask the seller whether this change is possible." in page
    assert "¥\xa0500.00" in page
    page = request_change(client, subscription)
    assert "Checking with the seller whether this change is possible." in page
    assert 'hx-trigger="every 1s"' in page
    assert "The seller is checking another selection. Wait for the answer" in page_of(client, f"{address}?quantity=2")
    done(open_call(), now=clock.now())
    page = page_of(client, f"{address}?attr_e=l&plan=PERIOD-month&periods=1&quantity=5")
    assert "The seller agrees." in page
    assert "After that, the seller must confirm again" in page
    assert "every 1s" not in page
    answer = client.post(address, form_of(page, quantity="5"))
    assert answer.status_code == 302, text_of(answer)
    order = Order.objects.get(order_type="RENEW")
    [line] = order.lines.all()
    assert (order.total_minor, line.offer_id, line.quantity) == (50_000, offers(subscription)[2].pk, 5)
    client.post(f"/orders/{order.number}/pay/")
    engine.react(now=clock.now())
    assert open_call().kind == "Refresh"
    assert "Your renewal with a change" in page_of(client, f"/services/{subscription.pk}/")


def test_text_of_a_refusing_seller_is_shown_and_nothing_is_ordered(client: Client, buyer: User) -> None:
    """saas-v2 §3.7: its text comes from outside."""
    subscription = make_ending_service(buyer)
    request_change(client, subscription)
    failed(open_call(), Rejected(code="000005", message=WORDS), now=clock.now())
    page = page_of(client, f"/services/{subscription.pk}/change/renewal/?attr_e=l&plan=PERIOD-month&quantity=5")
    assert "The seller cannot change your service to this specification." in page
    assert "12 users are active &lt;b&gt;now&lt;/b&gt;" in page
    assert "Ask the seller again" in page
    answer = client.post(f"/services/{subscription.pk}/change/renewal/", form_of(page, quantity="5"))
    assert answer.status_code == 422
    assert (
        "The seller has not agreed to this selection, or the agreement has expired. Ask again, then order"
        in text_of(answer)
    )
    assert not Order.objects.filter(order_type="RENEW").exists()


def test_invalid_response_is_reported(client: Client, buyer: User) -> None:
    subscription = make_ending_service(buyer)
    request_change(client, subscription)
    failed(open_call(), now=clock.now())
    page = page_of(client, f"/services/{subscription.pk}/change/renewal/?attr_e=l&plan=PERIOD-month&quantity=5")
    assert "The seller's system gave no valid response" in page


def test_frequent_requests_are_limited(client: Client, buyer: User) -> None:
    subscription = make_ending_service(buyer)
    codes = [client.post(f"/services/{subscription.pk}/change/renewal/check/", LARGE).status_code for _ in range(11)]
    assert codes == [302] * 10 + [429]
    assert Call.objects.filter(kind="CheckChange").count() == 1


def test_strangers_and_wrong_choices_are_refused(client: Client, buyer: User) -> None:
    subscription, foreign = make_ending_service(buyer), make_ending_service(factories.make_buyer())
    for path in ("change/renewal/", "change/renewal/check/"):
        assert client.post(f"/services/{foreign.pk}/{path}", LARGE).status_code == 404
    assert client.get(f"/services/{foreign.pk}/change/renewal/").status_code == 404
    address = f"/services/{subscription.pk}/change/renewal/check/"
    assert client.post(address, LARGE | {"quantity": "51"}).status_code == 422
    assert client.post(address, LARGE | {"attr_e": "gone"}).status_code == 422
    assert not Operation.objects.filter(kind="check_change").exists()
