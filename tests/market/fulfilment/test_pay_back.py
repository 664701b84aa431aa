"""saas-v1-license B1: an order that stopped is kept and not refunded by itself; an operator may pay it back."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import (
    NOW,
    make_address,
    make_buyer,
    make_offer,
    make_operator,
    make_order,
    make_product,
    make_seller,
)
from tests.market.engine import REFUSED_CONNECTION, answer, react
from tests.market.fulfilment.services import failed, open_call, opened
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.fulfilment import advance
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import may_pay_back, pay_back
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
from tradepost.protocols.commands import CallResult, Fault, Unreachable

pytestmark = pytest.mark.django_db

WHY = "The seller closed its shop; agreed with the buyer by telephone."
BY = "operator@market.example"
MADE = Unreachable(fault=Fault.BODY_SIGN_WRONG, claimed_instance_id="license-77")
"""An answer that cannot be trusted, though something may have been made."""


def under_way() -> Order:
    seller = make_seller(member=make_buyer(balance="0"))
    product = make_product(seller, address=make_address(seller, protocol="license_v1"), product_type="LICENSE")
    order = make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    return order


def stopped(why: CallResult = MADE) -> Order:
    """An order whose only call was given up."""
    order = under_way()
    failed(open_call(), why)
    return Order.objects.select_related("buyer").get(pk=order.pk)


def enter(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_the_money_is_back_and_everything_of_the_order_has_ended() -> None:
    order = stopped()
    before = balance(order.buyer, order.currency)
    assert may_pay_back(order)
    pay_back(order, reason=WHY, actor=BY, now=NOW)

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
        ("operation", "pay back", WHY),
        ("subscription", "give up", WHY),
        ("order", "give up", WHY),
    ]
    assert not may_pay_back(order)


def test_the_seller_cannot_restart_it_and_is_asked_to_delete_what_it_may_have_made() -> None:
    """saas-v2 §3.10."""
    order = stopped()
    operation, call = Operation.objects.get(), Call.objects.get()
    assert may_restart(operation)
    assert may_restart_call(call)
    pay_back(order, reason=WHY, actor=BY, now=NOW)

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


def test_nothing_is_released_where_nobody_was_reached() -> None:
    pay_back(stopped(REFUSED_CONNECTION), reason=WHY, actor=BY, now=NOW)
    assert not Call.objects.filter(kind="Release").exists()


def test_an_end_that_is_told_late_finds_nothing_to_do() -> None:
    order = stopped()
    call = Call.objects.get(kind="Create")
    pay_back(order, reason=WHY, actor=BY, now=NOW)
    advance.on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome="gave_up"), NOW)
    assert Transfer.objects.filter(reason=Transfer.Reason.REFUND).count() == 1
    assert Operation.objects.get(kind="open").status == Operation.Status.GAVE_UP


@pytest.mark.parametrize("how", ["restarted", "delivered", "paid back", "never stopped"])
def test_what_goes_on_or_has_ended_is_not_paid_back(how: str) -> None:
    order = under_way() if how == "never stopped" else stopped()
    match how:
        case "restarted" | "delivered":
            restart(Operation.objects.get(), actor="owner", now=NOW)
            if how == "delivered":
                answer(open_call(), opened(open_call()), now=NOW)
                react(now=NOW)
        case "paid back":
            pay_back(order, reason=WHY, actor=BY, now=NOW)
    money = list(Transfer.objects.values_list("pk", "reason"))
    assert not may_pay_back(Order.objects.get(pk=order.pk))
    with pytest.raises(Refused) as refused:
        pay_back(order, reason=WHY, actor=BY, now=NOW)
    assert refused.value.code == "pay_back.not_stopped"
    assert list(Transfer.objects.values_list("pk", "reason")) == money


def test_a_reason_is_needed() -> None:
    order = stopped()
    with pytest.raises(Refused) as refused:
        pay_back(order, reason="  ", actor=BY, now=NOW)
    assert (refused.value.code, refused.value.field) == ("pay_back.reason", "reason")
    assert Order.objects.get().status == Order.Status.PROCESSING


def test_the_operator_finds_the_button_only_where_it_works_and_everybody_is_told() -> None:
    order, operator = stopped(), make_operator(email=BY)
    page, url = reverse("console:order", args=[order.number]), reverse("console:order_pay_back", args=[order.number])
    client = enter(operator)
    assert url in client.get(page).content.decode()
    assert client.get(url).status_code == 405

    empty = client.post(url, {"reason": " "})
    assert empty.status_code == 409
    assert "data-dialog-open" in empty.content.decode()
    assert Order.objects.get().status == Order.Status.PROCESSING

    done = client.post(url, {"reason": WHY}, follow=True).content.decode()
    assert "is back on the balance of" in done
    assert url not in done
    assert f"{WHY} · {BY}" in done, "reason and operator stand in the history"
    again = client.post(url, {"reason": WHY}, follow=True).content.decode()
    assert "there is nothing to pay back by hand" in again

    before = set(Notice.objects.values_list("pk", flat=True))
    react(now=clock.now())
    told = Notice.objects.exclude(pk__in=before)
    assert sorted(told.values_list("kind", flat=True)) == ["operator_gave_up", "order_refunded", "seller_gave_up"]
    buyers_page = enter(order.buyer).get(reverse("storefront:order", args=[order.number])).content.decode()
    assert WHY not in buyers_page


def test_the_console_says_first_that_something_stopped_and_finds_the_order() -> None:
    order, other = stopped(), make_order(paid=True)
    client, url = enter(make_operator()), reverse("console:orders")
    overview = " ".join(client.get(reverse("console:overview")).content.decode().split())
    assert "Stopped operations: 1" in overview
    assert f'href="{reverse("console:queue")}?source=operations"' in overview
    assert [o.number for o in client.get(url, {"status": "stopped"}).context["page"].rows] == [order.number]
    assert {o.number for o in client.get(url).context["page"].rows} == {order.number, other.number}
    pay_back(order, reason=WHY, actor=BY, now=NOW)
    assert client.get(url, {"status": "stopped"}).context["page"].rows == []
    assert "Stopped operations" not in client.get(reverse("console:overview")).content.decode()


def test_only_operators_pay_back() -> None:
    order = stopped()
    url, member = reverse("console:order_pay_back", args=[order.number]), User.objects.get(memberships__isnull=False)
    for person in (order.buyer, member):
        assert enter(person).post(url, {"reason": WHY}).status_code == 404
    stranger = Client().post(url, {"reason": WHY})
    assert (stranger.status_code, stranger["Location"].startswith("/account/login/")) == (302, True)
    assert Order.objects.get().status == Order.Status.PROCESSING
    assert not Transfer.objects.filter(reason=Transfer.Reason.REFUND).exists()
