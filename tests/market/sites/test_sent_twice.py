"""Requests that a person submits twice, by a second click or from an earlier page, have one effect, even
simultaneously."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client

from tests import factories, waiting
from tests.factories.products import ON_DEMAND, PACKAGE
from tests.market import engine
from tests.market.sites import renewing
from tests.market.sites.seller_center.shops import enter, make_shop
from tradepost.market.base import clock
from tradepost.market.base.models import Event, Move
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.payments.queries import balance
from tradepost.market.production.models import Call

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 3
TOP_UP = {"amount": "80", "reference": "ICBC-1", "note": "", "confirmed": "1"}


def at_once(user: User, send: Callable[[Client], HttpResponseBase]) -> list[HttpResponseBase]:
    """Submit it in several browsers of one person, all of which are ready before any submits."""
    clients, ready = [enter(user) for _ in range(TIMES)], Barrier(TIMES)

    def one(client: Client) -> HttpResponseBase:
        try:
            connection.ensure_connection()
            ready.wait(waiting.TIMEOUT)
            return send(client)
        finally:
            connection.close()

    with ThreadPoolExecutor(TIMES) as pool:
        return list(pool.map(one, clients))


def form_at(client: Client, address: str) -> dict[str, str]:
    """Return the form as a page shows it, completed."""
    page = client.get(address).content.decode()
    idempotency_key = re.search(r'name="idempotency_key"\s+value="(\w{32})"', page)
    total = re.search(r'name="total"\s+value="([^"]+)"', page)
    assert idempotency_key
    assert total
    return {
        "idempotency_key": idempotency_key[1],
        "total": total[1],
        "plan": "PERIOD-month",
        "periods": "1",
        "quantity": "1",
        "agreed": "on",
    }


def test_one_display_of_the_form_makes_one_order() -> None:
    buyer, product = factories.make_buyer(), factories.make_product()
    client, address = enter(buyer), f"/checkout/{product.pk}/"
    form = form_at(client, address)
    answers = [client.post(address, form) for _ in range(TIMES)]
    order = Order.objects.get()
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, f"/orders/{order.number}/")}
    assert client.post(address, form_at(client, address)).status_code == 302  # shown again, it is another request
    assert Order.objects.count() == 2


def test_going_back_and_choosing_something_else_makes_a_second_order() -> None:
    buyer, product = factories.make_buyer(), factories.make_product()
    client, address = enter(buyer), f"/checkout/{product.pk}/"
    form = form_at(client, address)
    client.post(address, form)
    client.post(address, form | {"periods": "3", "total": "30000"})
    assert sorted(Order.objects.values_list("total_minor", flat=True)) == [10_000, 30_000]


def test_token_of_a_form_belongs_to_its_buyer() -> None:
    product, address = factories.make_product(), ""
    address = f"/checkout/{product.pk}/"
    form = form_at(enter(factories.make_buyer()), address)
    orders = {enter(factories.make_buyer()).post(address, form)["Location"] for _ in range(2)}
    assert len(orders) == 2


def test_refused_form_can_be_sent_again_from_the_same_display() -> None:
    buyer, product = factories.make_buyer(), factories.make_product()
    client, address = enter(buyer), f"/checkout/{product.pk}/"
    form = form_at(client, address)
    refused = client.post(address, form | {"agreed": ""})
    assert refused.status_code == 422
    assert f'value="{form["idempotency_key"]}"' in refused.content.decode()
    assert client.post(address, form).status_code == 302
    assert Order.objects.count() == 1


def test_order_sent_twice_at_once_is_made_once() -> None:
    buyer, product = factories.make_buyer(), factories.make_product()
    address = f"/checkout/{product.pk}/"
    form = form_at(enter(buyer), address)
    answers = at_once(buyer, lambda client: client.post(address, form))
    order = Order.objects.get()
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, f"/orders/{order.number}/")}


def test_free_order_is_opened_once() -> None:
    buyer, product = factories.make_buyer(balance="0"), factories.make_product(prices=(ON_DEMAND, PACKAGE))
    address = f"/checkout/{product.pk}/"
    form = form_at(enter(buyer), address) | {"plan": "ON_DEMAND-", "periods": ""}
    answers = at_once(buyer, lambda client: client.post(address, form))
    order = Order.objects.get()
    assert order.status == Order.Status.PROCESSING
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, f"/orders/{order.number}/")}
    assert Event.objects.filter(name="order_paid").count() == 1


def test_order_is_paid_once() -> None:
    buyer = factories.make_buyer(balance="250")
    order = factories.make_order(buyer, now=clock.now())
    answers = at_once(buyer, lambda client: client.post(f"/orders/{order.number}/pay/"))
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, f"/orders/{order.number}/")}
    assert balance(buyer, "CNY").minor == 15_000
    assert Transfer.objects.filter(reason=Transfer.Reason.PAYMENT).count() == 1
    assert Event.objects.filter(name="order_paid").count() == 1
    assert ledger.verify().problems == ()


def test_top_up_is_booked_once_and_the_second_request_says_so() -> None:
    operator, buyer = factories.make_operator(), factories.make_buyer(balance="0")
    answers = at_once(operator, lambda client: client.post(f"/console/accounts/{buyer.pk}/top-up/", TOP_UP))
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, f"/console/accounts/{buyer.pk}/")}
    assert balance(buyer, "CNY").minor == 8_000
    assert Transfer.objects.count() == 1
    client = enter(operator)
    client.post(f"/console/accounts/{buyer.pk}/top-up/", TOP_UP)
    assert "was booked only once" in client.get(f"/console/accounts/{buyer.pk}/").content.decode()


def test_call_is_restarted_once() -> None:
    """saas-v2 §7: a restart is one more attempt."""
    shop = make_shop()
    operation = renewing.renewed(renewing.service(shop.seller, now=clock.now() - timedelta(days=1)))
    call = engine.answer(renewing.call_of(operation), engine.REFUSED_CONNECTION, now=clock.now())
    answers = at_once(shop.owner, lambda client: client.post(f"/seller/messages/{call.pk}/restart/"))
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, f"/seller/messages/{call.pk}/")}
    assert Move.objects.filter(lifecycle="call", event="restart").count() == 1
    assert Call.objects.get(pk=call.pk).restart


def test_stopped_operation_is_restarted_once() -> None:
    shop = make_shop()
    stopped = renewing.stopped(renewing.service(shop.seller, now=clock.now() - timedelta(days=1)))
    answers = at_once(shop.owner, lambda client: client.post(f"/seller/operations/{stopped.pk}/restart/"))
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, f"/seller/operations/{stopped.pk}/")}
    assert Move.objects.filter(lifecycle="operation", event="restart").count() == 1
