"""Two browsers and one service at the same moment: one outcome, nothing paid twice, and each page says what happened (issue 11,
must show 5). What the verbs do to each other is in ``orders/test_unsubscribe_at_once`` and the two beside it."""

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
from tradepost.market.orders.auto_renew import RULE
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


def young() -> Subscription:
    return changeable_since(timedelta(hours=3))


def test_renew_and_unsubscribe() -> None:
    held = young()
    paying, leaving, before = browser(held.buyer), browser(held.buyer), balance(held)
    service, order = f"/services/{held.pk}/", ordered(held, now=clock.now())
    shown = leaving.get(f"{service}unsubscribe/").content.decode()
    wanted = dict(re.findall(r'name="(way|back|once)"\s+value="([^"]*)"', shown)) | {"agreed": "on"}
    said: dict[str, str] = {}

    def pays() -> None:
        answer = paying.post(f"/orders/{order.number}/pay/", follow=True)
        said["paying"] = re.sub(r"\s+", " ", answer.content.decode())

    def leaves() -> None:
        answer = leaving.post(f"{service}unsubscribe/", wanted, follow=True)
        said["leaving"] = re.sub(r"\s+", " ", answer.content.decode())

    assert at_once([pays, leaves]) == ["done", "done"]
    react(now=clock.now())
    order = Order.objects.get(pk=order.pk)
    if order.status == "cancelled":
        assert again(held).status == "releasing"
        assert balance(held) == before + int(wanted["back"])
        assert "This service cannot be renewed." in said["paying"] or "paid or cancelled already" in said["paying"]
        assert "Back on your balance" in said["leaving"] or "back on your balance" in said["leaving"]
    else:
        assert (order.status, again(held).status) == ("processing", "active")
        assert balance(held) == before - order.total_minor
        assert "An order about this service is being worked on" in said["leaving"]
        assert "An order about this service is being worked on" in text(leaving, f"{service}unsubscribe/")
    for client in (paying, leaving):
        for path in (service, f"/orders/{order.number}/"):
            text(client, path)
    assert ledger.verify().problems == ()


def test_its_buyer_renews_by_hand_at_the_moment_of_the_automatic_renewal() -> None:
    """At 03:00: whoever comes second reads that there is an order, and which."""
    held, month = young(), Duration("month", 1)
    wanted = SetExpiryPolicy(subscription=held.pk, at_expiry="renew", duration=month)
    set_expiry_policy(held.buyer, wanted, rule=RULE, now=clock.now())
    at = AutoRenewal.objects.get(subscription=held).next_at
    assert at is not None
    clock.jump(at)
    client, before, said = browser(held.buyer), balance(held), {}
    address = f"/services/{held.pk}/renew/"
    [option, *_] = re.findall(r'name="option" id="option-\d+" value="([^"]+)"', text(client, address))

    def renews() -> None:
        answer = client.post(address, {"option": option, "agreed": "on"})
        if answer.status_code == 302:
            answer = client.post(f"{answer['Location']}pay/", follow=True)
        said["page"] = re.sub(r"\s+", " ", answer.content.decode())

    tasks = {AUTO_RENEW: TASKS[AUTO_RENEW]}
    assert at_once([renews, lambda: jobs.run_due(tasks, now=clock.now())]) == ["done", "done"]
    jobs.run_due(tasks, now=clock.now() + timedelta(minutes=1))  # whoever was left to the other comes back
    react(now=clock.now())
    [order] = Order.objects.filter(order_type="RENEW")
    assert (order.status, balance(held)) == ("processing", before - order.total_minor)
    if order.origin == Order.Origin.TIMER:
        assert "An order about this service is not done yet" in said["page"]
        assert f"/orders/{order.number}/" in said["page"]
    else:
        assert "Your service is being renewed" in said["page"]
        assert AutoRenewal.objects.get(subscription=held).reason in {"", "renewal.open"}
    assert f"/orders/{order.number}/" in text(client, address)
    assert ledger.verify().problems == ()


def test_a_change_is_paid_while_an_operator_freezes() -> None:
    held = young()
    order, before = change_ordered(held, now=clock.now()), balance(held)
    client, said = browser(held.buyer), {}

    def pays() -> None:
        answer = client.post(f"/orders/{order.number}/pay/", follow=True)
        said["page"] = re.sub(r"\s+", " ", answer.content.decode())

    assert at_once([pays, lambda: freeze(held)]) == ["done", "done"]
    react(now=clock.now())
    order = Order.objects.get(pk=order.pk)
    paid = before - balance(held)
    assert (order.status, paid) in {("unpaid", 0), ("processing", order.total_minor), ("refunded", 0)}
    if order.status == "unpaid":
        assert "This service is frozen: it cannot be changed now." in said["page"]
    assert "frozen" in text(client, f"/services/{held.pk}/").lower()
    text(client, f"/orders/{order.number}/")
    assert ledger.verify().problems == ()
