"""Changing a service from its page: the fee is explained before the order, ordered as quoted, followed, or refused with
a reason."""

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
    query_string = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/services/{subscription.pk}/change/{'?' if query_string else ''}{query_string}"


def form(client: Client, subscription: Subscription, **query: object) -> dict[str, object]:
    """Submit it as the page would."""
    page = text(client.get(address(subscription, **query)))
    quote = re.search(r'name="quote" value="([^"]+)"', page)
    assert quote is not None, page
    return {**query, "quote": quote[1], "agreed": "on"}


def test_service_offers_a_change_and_the_page_explains_the_fee(client: Client, service: Subscription) -> None:
    """business-rules §4.6; issue 11: "explained line by line before paying"."""
    assert f'href="{address(service)}"' in text(client.get(f"/services/{service.pk}/"))
    large = large_of(service)
    page = text(client.get(address(service, to=large.product_id)))
    assert page.count('name="to"') == 2
    assert "More capacity, same specification" in page
    assert "a month ×" in page
    assert "Previous, deducted" in page
    [paid] = re.findall(r"sf-total.*?<strong[^>]*>([^<]+)<", page)
    lines = [int(amount.replace(",", "").replace(".", "")) for amount in re.findall(r'tp-num">-?¥\s?(-?[\d,.]+)', page)]
    assert paid.startswith("¥")
    assert len(lines) >= 2
    assert not Order.objects.filter(order_type="CHANGE").exists()


def test_change_is_ordered_as_quoted_paid_followed_and_in_the_history(client: Client, service: Subscription) -> None:
    large = large_of(service)
    answer = client.post(address(service), form(client, service, to=large.product_id))
    assert answer.status_code == 302, text(answer)
    order = Order.objects.get(order_type="CHANGE")
    page = text(client.get(f"/orders/{order.number}/"))
    assert "Previous, deducted" in page
    assert "Charged from" in page
    assert client.post(f"/orders/{order.number}/pay/").status_code == 302
    react(now=clock.now())
    page = text(client.get(f"/orders/{order.number}/"))
    assert "Changing your service" in page
    assert "The seller changes your service" in page
    done(open_call(), now=clock.now())
    page = text(client.get(f"/services/{service.pk}/"))
    assert page.count("Changed") == 1
    assert "Renewed until" not in page, "what was paid for a change is no renewal"
    assert again(service).offer_id == large.pk
    assert "The change" in text(client.get(f"/orders/{order.number}/"))


def test_failed_change_is_explained(client: Client, service: Subscription) -> None:
    client.post(address(service), form(client, service, to=large_of(service).product_id))
    order = Order.objects.get(order_type="CHANGE")
    client.post(f"/orders/{order.number}/pay/")
    react(now=clock.now())
    failed(open_call(), now=clock.now())
    assert order_status(order) == "refunded"
    assert "could not change the service" in text(client.get(f"/orders/{order.number}/"))
    assert "Could not be changed" in text(client.get(f"/services/{service.pk}/"))


def test_two_tabs_order_one_change(client: Client, service: Subscription) -> None:
    """business-rules §4.1: a resource in an unpaid order blocks other operations."""
    first = form(client, service, to=large_of(service).product_id)
    second = form(client, service, to=service.offer.product_id, quantity=5)
    assert client.post(address(service), first).status_code == 302
    answer = client.post(address(service), second)
    assert answer.status_code == 422
    assert f"/orders/{Order.objects.get(order_type='CHANGE').number}/" in text(answer)
    assert "not paid yet" in text(client.get(address(service)))


def test_changed_price_is_shown_and_not_ordered(client: Client, service: Subscription) -> None:
    shown = form(client, service, to=large_of(service).product_id)
    Offer.objects.filter(pk=large_of(service).pk).update(price_minor=30_000)
    answer = client.post(address(service), shown)
    assert answer.status_code == 422
    assert "The price changed from" in text(answer)
    assert not Order.objects.filter(order_type="CHANGE").exists()


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"agreed": ""}, 422, 'id="agreed_error"'),
        ({"quantity": 51, "to": "own"}, 422, 'id="quantity_error"'),
        ({"quantity": "9" * 40, "to": "own"}, 422, 'id="quantity_error"'),
        ({"to": "somebody else's"}, 422, "does not offer this change"),
        ({"quote": ""}, 422, "no longer valid"),
    ],
)
def test_tampered_form_is_not_ordered(
    client: Client, service: Subscription, wrong: dict[str, object], status: int, words: str
) -> None:
    if wrong.get("to") == "own":
        wrong = {**wrong, "to": service.offer.product_id}
    shown = form(client, service, to=wrong.get("to", large_of(service).product_id)) | wrong
    answer = client.post(address(service), shown)
    assert (answer.status_code, words in text(answer)) == (status, True), text(answer)
    assert not Order.objects.filter(order_type="CHANGE").exists()


def test_frozen_service_says_why_and_offers_no_change(client: Client, service: Subscription) -> None:
    shown = form(client, service, to=large_of(service).product_id)
    with transaction.atomic():
        [locked] = locked_subscriptions([service.pk])
        add_reason([locked], Freeze.Reason.OPERATOR, actor="operator", now=clock.now())
    assert "This service is frozen" in text(client.get(address(service)))
    answer = client.post(address(service), shown)
    assert (answer.status_code, "This service is frozen" in text(answer)) == (422, True)
    assert address(service) not in text(client.get(f"/services/{service.pk}/"))
    assert not Order.objects.filter(order_type="CHANGE").exists()


def test_protocol_without_changes_offers_none(client: Client) -> None:
    """saas-v2 §8.1: only SaaS with a period."""
    client.cookies["django_language"] = "en"
    licensed = changeable_since(AGE, "license_v1")
    client.force_login(licensed.buyer)
    assert address(licensed) not in text(client.get(f"/services/{licensed.pk}/"))
    assert "does not offer changes" in text(client.get(address(licensed)))


def test_service_of_another_buyer_is_not_found(client: Client, service: Subscription) -> None:
    client.force_login(make_buyer())
    assert client.get(address(service)).status_code == 404
    assert client.post(address(service), {"agreed": "on"}).status_code == 404


def test_history_after_a_renewal_and_a_change_lists_both_once(client: Client, service: Subscription) -> None:
    renewed(service, now=clock.now())
    done(open_call(), now=clock.now())
    client.post(address(service), form(client, service, to=large_of(service).product_id))
    client.post(f"/orders/{Order.objects.get(order_type='CHANGE').number}/pay/")
    react(now=clock.now())
    done(open_call(), now=clock.now())
    assert Period.objects.filter(kind="change").count() == 2
    page = text(client.get(f"/services/{service.pk}/"))
    assert (page.count("Renewed until"), page.count("Changed")) == (1, 1)
