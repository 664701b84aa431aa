"""Two browsers use one service simultaneously: one outcome, nothing is paid twice, and each page reports the result
(issue 11, must show 5). Tests of the verbs are in ``orders/test_unsubscribe_at_once`` and the two beside it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.market.at_once import at_once
from tests.market.engine import react
from tests.market.fulfilment.changes import change_ordered, changeable_since, freeze
from tests.market.fulfilment.services import again, ordered
from tests.market.fulfilment.unsubscribing import balance
from tradepost.market.base import clock, jobs
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, set_expiry_policy
from tradepost.market.fulfilment.timers import AUTO_RENEW
from tradepost.market.identity.models import User
from tradepost.market.orders.auto_renew import DEFAULT_RULE
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal, Order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.wiring import TASKS

pytestmark = pytest.mark.django_db(transaction=True)


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def text(client: Client, path: str) -> str:
    answer = client.get(path, follow=True)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.content.decode())


def make_young_service() -> Subscription:
    return changeable_since(timedelta(hours=3))


@pytest.mark.slow
def test_renewal_and_unsubscription_at_once_have_one_outcome() -> None:
    subscription = make_young_service()
    paying, leaving, before = browser(subscription.buyer), browser(subscription.buyer), balance(subscription)
    service, order = f"/services/{subscription.pk}/", ordered(subscription, now=clock.now())
    shown = leaving.get(f"{service}unsubscribe/").content.decode()
    form = dict(re.findall(r'name="(way|back|once)"\s+value="([^"]*)"', shown)) | {"agreed": "on"}
    responses: dict[str, str] = {}

    def pays() -> None:
        answer = paying.post(f"/orders/{order.number}/pay/", follow=True)
        responses["paying"] = re.sub(r"\s+", " ", answer.content.decode())

    def leaves() -> None:
        answer = leaving.post(f"{service}unsubscribe/", form, follow=True)
        responses["leaving"] = re.sub(r"\s+", " ", answer.content.decode())

    assert at_once([pays, leaves]) == ["done", "done"]
    react(now=clock.now())
    order = Order.objects.get(pk=order.pk)
    if order.status == "cancelled":
        assert again(subscription).status == "releasing"
        assert balance(subscription) == before + int(form["back"])
        assert (
            "This service cannot be renewed." in responses["paying"]
            or "This order was already paid or cancelled" in responses["paying"]
        )
        assert "Refunded to your balance" in responses["leaving"] or "to your balance" in responses["leaving"]
    else:
        assert (order.status, again(subscription).status) == ("processing", "active")
        assert balance(subscription) == before - order.total_minor
        assert "An order for this service is being processed" in responses["leaving"]
        assert "An order for this service is being processed" in text(leaving, f"{service}unsubscribe/")
    for client in (paying, leaving):
        for path in (service, f"/orders/{order.number}/"):
            text(client, path)
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_manual_renewal_at_the_moment_of_the_automatic_one_renews_once() -> None:
    """At 03:00: the second browser shows that there is an order, and which."""
    subscription, month = make_young_service(), Duration("month", 1)
    command = SetExpiryPolicy(subscription=subscription.pk, at_expiry="renew", duration=month)
    set_expiry_policy(subscription.buyer, command, rule=DEFAULT_RULE, now=clock.now())
    at = AutoRenewal.objects.get(subscription=subscription).next_at
    assert at is not None
    clock.jump(at)
    client, before, responses = browser(subscription.buyer), balance(subscription), {}
    address = f"/services/{subscription.pk}/renew/"
    [option, *_] = re.findall(r'name="option" id="option-\d+" value="([^"]+)"', text(client, address))

    def renews() -> None:
        answer = client.post(address, {"option": option, "agreed": "on"})
        if answer.status_code == 302:
            answer = client.post(f"{answer['Location']}pay/", follow=True)
        responses["page"] = re.sub(r"\s+", " ", answer.content.decode())

    tasks = {AUTO_RENEW: TASKS[AUTO_RENEW]}
    assert at_once([renews, lambda: jobs.run_due(tasks, now=clock.now())]) == ["done", "done"]
    jobs.run_due(tasks, now=clock.now() + timedelta(minutes=1))  # retries services that the first run skipped
    react(now=clock.now())
    [order] = Order.objects.filter(order_type="RENEW")
    assert (order.status, balance(subscription)) == ("processing", before - order.total_minor)
    if order.origin == Order.Origin.TIMER:
        assert "An order about this service is not done yet" in responses["page"]
        assert f"/orders/{order.number}/" in responses["page"]
    else:
        assert "Your service is being renewed" in responses["page"]
        assert AutoRenewal.objects.get(subscription=subscription).reason in {"", "renewal.open"}
    assert f"/orders/{order.number}/" in text(client, address)
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_paid_change_during_a_freeze_has_one_outcome() -> None:
    subscription = make_young_service()
    order, before = change_ordered(subscription, now=clock.now()), balance(subscription)
    client, responses = browser(subscription.buyer), {}

    def pays() -> None:
        answer = client.post(f"/orders/{order.number}/pay/", follow=True)
        responses["page"] = re.sub(r"\s+", " ", answer.content.decode())

    assert at_once([pays, lambda: freeze(subscription)]) == ["done", "done"]
    react(now=clock.now())
    order = Order.objects.get(pk=order.pk)
    paid = before - balance(subscription)
    assert (order.status, paid) in {("unpaid", 0), ("processing", order.total_minor), ("refunded", 0)}
    if order.status == "unpaid":
        assert "This service is frozen: it cannot be changed now." in responses["page"]
    assert "frozen" in text(client, f"/services/{subscription.pk}/").lower()
    text(client, f"/orders/{order.number}/")
    assert ledger.verify().problems == ()
