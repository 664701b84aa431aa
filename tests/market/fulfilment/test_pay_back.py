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
from tradepost.market.base import stored
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Move
from tradepost.market.base.work import State
from tradepost.market.fulfilment.follow import on_call_ended
from tradepost.market.fulfilment.models import Delivery
from tradepost.market.fulfilment.pay_back import may_pay_back, pay_back
from tradepost.market.fulfilment.plan import on_order_paid
from tradepost.market.identity.models import User
from tradepost.market.notifications import reactions
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.events import OrderPaid, OrderRefunded
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.payments.queries import balance
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call
from tradepost.market.production.restart import may_restart, restart
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

WHY = "The seller closed its shop; agreed with the buyer by telephone."
BY = "operator@market.example"


def stopped(protocol: str = "license_v1", kind: str = "LICENSE", *, reached: bool = True) -> Order:
    """An order whose only call was given up. ``reached``: some attempt may have got to the seller."""
    seller = make_seller(member=make_buyer(balance="0"))
    product = make_product(seller, address=make_address(seller, protocol=protocol), product_type=kind)
    order = make_order(offer=make_offer(product), paid=True)
    on_order_paid(OrderPaid(order=order.number), NOW)
    call = Call.objects.get(order_number=order.number)
    Call.objects.filter(pk=call.pk).update(
        state=State.ENDED, outcome=Call.Outcome.GAVE_UP, ended_at=NOW, last_verdict="timeout", maybe_acted=reached,
        claimed_instance_id="license-77" if reached else "",
    )  # fmt: skip
    on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome="gave_up"), NOW)
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
    assert Delivery.objects.get().status == Delivery.Status.GAVE_UP
    assert Subscription.objects.get().status == Subscription.Status.FAILED
    history = [(m.lifecycle, m.event, m.actor, m.note) for m in Move.objects.filter(event="give up").order_by("pk")]
    assert history == [("subscription", "give up", BY, WHY), ("order", "give up", BY, WHY)]
    assert not may_pay_back(order)


def test_the_seller_cannot_restart_it_and_is_asked_to_delete_what_it_may_have_made() -> None:
    order = stopped()
    call = Call.objects.get(kind="Create")
    assert may_restart(call)
    pay_back(order, reason=WHY, actor=BY, now=NOW)

    call.refresh_from_db()
    assert call.outcome == Call.Outcome.CANCELLED
    assert not may_restart(call)
    with pytest.raises(Refused):
        restart(call, actor="owner", now=NOW)
    release = Call.objects.get(kind="Release")
    assert (release.order_number, release.command["instance_id"]) == (order.number, "license-77")


def test_nothing_is_released_where_nobody_was_reached() -> None:
    pay_back(stopped(reached=False), reason=WHY, actor=BY, now=NOW)
    assert not Call.objects.filter(kind="Release").exists()


def test_an_end_that_is_told_late_finds_nothing_to_do() -> None:
    order = stopped()
    call = Call.objects.get(kind="Create")
    pay_back(order, reason=WHY, actor=BY, now=NOW)
    on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome="gave_up"), NOW)
    assert Transfer.objects.filter(reason=Transfer.Reason.REFUND).count() == 1
    assert Delivery.objects.get().status == Delivery.Status.GAVE_UP


@pytest.mark.parametrize("how", ["restarted", "delivered", "paid back", "never stopped"])
def test_what_goes_on_or_has_ended_is_not_paid_back(how: str) -> None:
    order = stopped()
    match how:
        case "restarted":
            restart(Call.objects.get(), actor="owner", now=NOW)
        case "delivered":
            Delivery.objects.update(status=Delivery.Status.DONE)
        case "paid back":
            pay_back(order, reason=WHY, actor=BY, now=NOW)
        case "never stopped":
            Delivery.objects.update(status=Delivery.Status.CREATING)
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

    [event] = Event.objects.filter(name="order_refunded")
    refunded = stored.load(OrderRefunded, event.facts)
    reactions.on_order_refunded(refunded, NOW)
    reactions.on_delivery_given_up(refunded, NOW)
    assert sorted(Notice.objects.values_list("kind", flat=True)) == [
        "operator_gave_up",
        "order_refunded",
        "seller_gave_up",
    ]
    buyers_page = enter(order.buyer).get(reverse("storefront:order", args=[order.number])).content.decode()
    assert WHY not in buyers_page


def test_the_console_says_first_that_an_order_stopped_and_finds_it() -> None:
    order, other = stopped(), make_order(paid=True)
    client, url = enter(make_operator()), reverse("console:orders")
    overview = " ".join(client.get(reverse("console:overview")).content.decode().split())
    assert "1 paid order stopped: restart it with its seller, or pay it back." in overview
    assert f"{url}?status=stopped" in overview
    assert [o.number for o in client.get(url, {"status": "stopped"}).context["page"].rows] == [order.number]
    assert {o.number for o in client.get(url).context["page"].rows} == {order.number, other.number}
    pay_back(order, reason=WHY, actor=BY, now=NOW)
    assert client.get(url, {"status": "stopped"}).context["page"].rows == []
    assert "stopped: restart" not in client.get(reverse("console:overview")).content.decode()


def test_only_operators_pay_back() -> None:
    order = stopped()
    url, member = reverse("console:order_pay_back", args=[order.number]), User.objects.get(memberships__isnull=False)
    for person in (order.buyer, member):
        assert enter(person).post(url, {"reason": WHY}).status_code == 404
    stranger = Client().post(url, {"reason": WHY})
    assert (stranger.status_code, stranger["Location"].startswith("/account/login/")) == (302, True)
    assert Order.objects.get().status == Order.Status.PROCESSING
    assert not Transfer.objects.filter(reason=Transfer.Reason.REFUND).exists()
