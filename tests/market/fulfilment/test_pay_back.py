"""saas-v1-license B1: a stopped order is kept without an automatic refund; an operator may refund it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import (
    NOW,
    make_operator,
    make_order,
)
from tests.market.engine import REFUSED_CONNECTION, answer, react
from tests.market.fulfilment.services import open_call, opened
from tests.market.fulfilment.stopping import order_under_way, stopped
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.fulfilment import advance
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import may_refund, refund_order
from tradepost.market.fulfilment.restart import may_restart, may_restart_call, restart, restart_call
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.payments.queries import balance
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

REASON = "The seller closed its shop; agreed with the buyer by telephone."
BY = "operator@market.example"


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_refund_returns_the_money_and_ends_the_order() -> None:
    order = stopped()
    before = balance(order.buyer, order.currency)
    assert may_refund(order)
    refund_order(order, reason=REASON, actor=BY, now=NOW)

    order.refresh_from_db()
    assert (order.status, order.ended_at) == (Order.Status.REFUNDED, NOW)
    assert balance(order.buyer, order.currency) == before + order.total
    refund = Transfer.objects.get(reason=Transfer.Reason.REFUND)
    assert (refund.reference, refund.actor) == (order.number, BY)
    assert ledger.verify().problems == ()
    assert Operation.objects.get(kind="open").status == Operation.Status.GAVE_UP
    assert Subscription.objects.get().status == Subscription.Status.FAILED
    by_hand = Move.objects.filter(actor=BY).order_by("pk").values_list("lifecycle", "event", "note")
    assert list(by_hand) == [
        ("call", "cancel", ""),
        ("operation", "pay back", REASON),
        ("subscription", "give up", REASON),
        ("order", "give up", REASON),
    ]
    assert not may_refund(order)


def test_refunded_order_cannot_be_restarted_and_its_possible_instance_is_released() -> None:
    """saas-v2 §3.10."""
    order = stopped()
    operation, call = Operation.objects.get(), Call.objects.get()
    assert may_restart(operation)
    assert may_restart_call(call)
    refund_order(order, reason=REASON, actor=BY, now=NOW)

    operation.refresh_from_db()
    call.refresh_from_db()
    assert call.outcome == Call.Outcome.CANCELLED
    assert not may_restart(operation)
    with pytest.raises(Refused, match=r"operation\.ended"):
        restart_call(call, actor="owner", now=NOW)
    release = Call.objects.get(kind="Release")
    assert (release.order_number, release.command["instance_id"], release.command["order_id"]) == (
        "", "license-77", order.number,
    )  # fmt: skip


def test_no_release_where_the_seller_was_not_reached() -> None:
    refund_order(stopped(REFUSED_CONNECTION), reason=REASON, actor=BY, now=NOW)
    assert not Call.objects.filter(kind="Release").exists()


def test_late_end_event_does_nothing() -> None:
    order = stopped()
    call = Call.objects.get(kind="Create")
    refund_order(order, reason=REASON, actor=BY, now=NOW)
    advance.on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome="gave_up"), NOW)
    assert Transfer.objects.filter(reason=Transfer.Reason.REFUND).count() == 1
    assert Operation.objects.get(kind="open").status == Operation.Status.GAVE_UP


@pytest.mark.parametrize("how", ["restarted", "delivered", "paid back", "never stopped"])
def test_only_stopped_orders_are_refunded(how: str) -> None:
    order = order_under_way() if how == "never stopped" else stopped()
    match how:
        case "restarted" | "delivered":
            restart(Operation.objects.get(), actor="owner", now=NOW)
            if how == "delivered":
                answer(open_call(), opened(open_call()), now=NOW)
                react(now=NOW)
        case "paid back":
            refund_order(order, reason=REASON, actor=BY, now=NOW)
    money = list(Transfer.objects.values_list("pk", "reason"))
    assert not may_refund(Order.objects.get(pk=order.pk))
    with pytest.raises(Refused) as refusal:
        refund_order(order, reason=REASON, actor=BY, now=NOW)
    assert refusal.value.code == "pay_back.not_stopped"
    assert list(Transfer.objects.values_list("pk", "reason")) == money


def test_reason_is_required() -> None:
    order = stopped()
    with pytest.raises(Refused) as refusal:
        refund_order(order, reason="  ", actor=BY, now=NOW)
    assert (refusal.value.code, refusal.value.field) == ("pay_back.reason", "reason")
    assert Order.objects.get().status == Order.Status.PROCESSING


@pytest.mark.slow
def test_refund_button_is_shown_only_where_it_works_and_all_parties_are_notified() -> None:
    order, operator = stopped(), make_operator(email=BY)
    page, url = reverse("console:order", args=[order.number]), reverse("console:order_pay_back", args=[order.number])
    client = signed_in(operator)
    assert url in client.get(page).content.decode()
    assert client.get(url).status_code == 405

    empty = client.post(url, {"reason": " "})
    assert empty.status_code == 422
    assert "data-dialog-open" in empty.content.decode()
    assert Order.objects.get().status == Order.Status.PROCESSING

    refunded_page = client.post(url, {"reason": REASON}, follow=True).content.decode()
    assert "was returned to the balance of" in refunded_page
    assert url not in refunded_page
    assert f"{REASON} · {BY}" in refunded_page, "the history shows reason and operator"
    repeated_page = client.post(url, {"reason": REASON}, follow=True).content.decode()
    assert "There is nothing to refund manually" in repeated_page

    before = set(Notice.objects.values_list("pk", flat=True))
    react(now=clock.now())
    notices = Notice.objects.exclude(pk__in=before)
    assert sorted(notices.values_list("kind", flat=True)) == ["operator_gave_up", "order_refunded", "seller_gave_up"]
    buyers_page = signed_in(order.buyer).get(reverse("storefront:order", args=[order.number])).content.decode()
    assert REASON not in buyers_page


@pytest.mark.slow
def test_console_lists_stopped_orders_first_and_finds_the_order() -> None:
    order, other_order = stopped(), make_order(paid=True)
    client, url = signed_in(make_operator()), reverse("console:orders")
    overview = " ".join(client.get(reverse("console:overview")).content.decode().split())
    assert "Stopped operations: 1" in overview
    assert f'href="{reverse("console:queue")}?source=operations"' in overview
    assert [o.number for o in client.get(url, {"status": "stopped"}).context["page"].rows] == [order.number]
    assert {o.number for o in client.get(url).context["page"].rows} == {order.number, other_order.number}
    refund_order(order, reason=REASON, actor=BY, now=NOW)
    assert client.get(url, {"status": "stopped"}).context["page"].rows == []
    assert "Stopped operations" not in client.get(reverse("console:overview")).content.decode()


def test_only_operators_refund() -> None:
    order = stopped()
    url, member = reverse("console:order_pay_back", args=[order.number]), User.objects.get(memberships__isnull=False)
    for person in (order.buyer, member):
        assert signed_in(person).post(url, {"reason": REASON}).status_code == 404
    stranger = Client().post(url, {"reason": REASON})
    assert (stranger.status_code, stranger["Location"].startswith("/account/login/")) == (302, True)
    assert Order.objects.get().status == Order.Status.PROCESSING
    assert not Transfer.objects.filter(reason=Transfer.Reason.REFUND).exists()
