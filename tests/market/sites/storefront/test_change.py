"""Changing a service from its page: the fee explained before anything is ordered, ordered as quoted, followed, refused in words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from tests.factories import make_buyer
from tests.market.engine import react
from tests.market.fulfilment.changes import changeable_since, large_of
from tests.market.fulfilment.services import again, done, failed, open_call, order_status, renewed
from tradepost.market.base import clock
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Freeze, Period, Subscription

pytestmark = pytest.mark.django_db
AGE = timedelta(days=3)


@pytest.fixture
def service(client: Client) -> Subscription:
    client.cookies["django_language"] = "en"
    subscription = changeable_since(AGE)
    client.force_login(subscription.buyer)
    return subscription


def text(answer: object) -> str:
    return re.sub(r"[ \n]+", " ", answer.content.decode())  # type: ignore[attr-defined]  # a response


def address(subscription: Subscription, **query: object) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/services/{subscription.pk}/change/{'?' if asked else ''}{asked}"


def form(client: Client, subscription: Subscription, **query: object) -> dict[str, object]:
    """As the page would send it."""
    page = text(client.get(address(subscription, **query)))
    quote = re.search(r'name="quote" value="([^"]+)"', page)
    assert quote is not None, page
    return {**query, "quote": quote[1], "agreed": "on"}


def test_the_service_offers_it_and_the_page_explains_the_fee(client: Client, service: Subscription) -> None:
    """business-rules §4.6; issue 11: "explained line by line before paying"."""
    assert f'href="{address(service)}"' in text(client.get(f"/services/{service.pk}/"))
    large = large_of(service)
    page = text(client.get(address(service, to=large.product_id)))
    assert page.count('name="to"') == 2
    assert "More of the same" in page
    assert "a month ×" in page
    assert "Before, taken off" in page
    [paid] = re.findall(r"sf-total.*?<strong[^>]*>([^<]+)<", page)
    lines = [int(one.replace(",", "").replace(".", "")) for one in re.findall(r'tp-num">-?¥\s?(-?[\d,.]+)', page)]
    assert paid.startswith("¥")
    assert len(lines) >= 2
    assert not Order.objects.filter(order_type="CHANGE").exists()


def test_it_is_ordered_as_quoted_paid_followed_and_stands_in_the_history(client: Client, service: Subscription) -> None:
    large = large_of(service)
    answer = client.post(address(service), form(client, service, to=large.product_id))
    assert answer.status_code == 302, text(answer)
    order = Order.objects.get(order_type="CHANGE")
    page = text(client.get(f"/orders/{order.number}/"))
    assert "Before, taken off" in page
    assert "Counts from" in page
    assert client.post(f"/orders/{order.number}/pay/").status_code == 302
    react(now=clock.now())
    page = text(client.get(f"/orders/{order.number}/"))
    assert "Your service is being changed" in page
    assert "The seller changes your service" in page
    done(open_call(), now=clock.now())
    page = text(client.get(f"/services/{service.pk}/"))
    assert page.count("Changed") == 1
    assert "Renewed until" not in page, "what was paid for a change is no renewal"
    assert again(service).offer_id == large.pk
    assert "The change" in text(client.get(f"/orders/{order.number}/"))


def test_what_could_not_be_changed_says_so(client: Client, service: Subscription) -> None:
    client.post(address(service), form(client, service, to=large_of(service).product_id))
    order = Order.objects.get(order_type="CHANGE")
    client.post(f"/orders/{order.number}/pay/")
    react(now=clock.now())
    failed(open_call(), now=clock.now())
    assert order_status(order) == "refunded"
    assert "could not change the service" in text(client.get(f"/orders/{order.number}/"))
    assert "Could not be changed" in text(client.get(f"/services/{service.pk}/"))


def test_two_tabs_one_change(client: Client, service: Subscription) -> None:
    """business-rules §4.1: a resource in an unpaid order blocks other operations."""
    first = form(client, service, to=large_of(service).product_id)
    second = form(client, service, to=service.offer.product_id, quantity=5)
    assert client.post(address(service), first).status_code == 302
    answer = client.post(address(service), second)
    assert answer.status_code == 409
    assert f"/orders/{Order.objects.get(order_type='CHANGE').number}/" in text(answer)
    assert "not paid yet" in text(client.get(address(service)))


def test_a_price_that_moved_meanwhile_is_shown_and_not_ordered(client: Client, service: Subscription) -> None:
    shown = form(client, service, to=large_of(service).product_id)
    Offer.objects.filter(pk=large_of(service).pk).update(price_minor=30_000)
    answer = client.post(address(service), shown)
    assert answer.status_code == 409
    assert "The price changed from" in text(answer)
    assert not Order.objects.filter(order_type="CHANGE").exists()


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"agreed": ""}, 400, 'id="agreed_error"'),
        ({"quantity": 51, "to": "own"}, 400, 'id="quantity_error"'),
        ({"quantity": "9" * 40, "to": "own"}, 400, 'id="quantity_error"'),
        ({"to": "somebody else's"}, 409, "does not offer this change"),
        ({"quote": ""}, 409, "cannot be read any more"),
    ],
)
def test_what_was_not_shown_is_not_ordered(
    client: Client, service: Subscription, wrong: dict[str, object], status: int, words: str
) -> None:
    if wrong.get("to") == "own":
        wrong = {**wrong, "to": service.offer.product_id}
    shown = form(client, service, to=wrong.get("to", large_of(service).product_id)) | wrong
    answer = client.post(address(service), shown)
    assert (answer.status_code, words in text(answer)) == (status, True), text(answer)
    assert not Order.objects.filter(order_type="CHANGE").exists()


def test_a_frozen_service_says_why_and_offers_nothing(client: Client, service: Subscription) -> None:
    shown = form(client, service, to=large_of(service).product_id)
    with transaction.atomic():
        [locked] = locked_subscriptions([service.pk])
        add_reason([locked], Freeze.Reason.OPERATOR, actor="operator", now=clock.now())
    assert "This service is frozen" in text(client.get(address(service)))
    answer = client.post(address(service), shown)
    assert (answer.status_code, "This service is frozen" in text(answer)) == (409, True)
    assert address(service) not in text(client.get(f"/services/{service.pk}/"))
    assert not Order.objects.filter(order_type="CHANGE").exists()


def test_where_the_protocol_has_no_word_for_it_nothing_is_offered(client: Client) -> None:
    """saas-v2 §8.1: period SaaS alone."""
    client.cookies["django_language"] = "en"
    licensed = changeable_since(AGE, "license_v1")
    client.force_login(licensed.buyer)
    assert address(licensed) not in text(client.get(f"/services/{licensed.pk}/"))
    assert "does not offer changes" in text(client.get(address(licensed)))


def test_another_buyers_service_is_not_there(client: Client, service: Subscription) -> None:
    client.force_login(make_buyer())
    assert client.get(address(service)).status_code == 404
    assert client.post(address(service), {"agreed": "on"}).status_code == 404


def test_after_a_renewal_and_a_change_the_history_tells_both_once(client: Client, service: Subscription) -> None:
    renewed(service, now=clock.now())
    done(open_call(), now=clock.now())
    client.post(address(service), form(client, service, to=large_of(service).product_id))
    client.post(f"/orders/{Order.objects.get(order_type='CHANGE').number}/pay/")
    react(now=clock.now())
    done(open_call(), now=clock.now())
    assert Period.objects.filter(kind="change").count() == 2
    page = text(client.get(f"/services/{service.pk}/"))
    assert (page.count("Renewed until"), page.count("Changed")) == (1, 1)
