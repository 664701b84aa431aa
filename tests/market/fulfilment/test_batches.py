"""Many orders at once: each gets what it would get alone, and a batch costs as many questions as one order."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tradepost.market.base import outbox
from tradepost.market.base.models import Event, Job, Move
from tradepost.market.base.secrets import seal
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.expiry import END_OF_PERIOD, NOTICE
from tradepost.market.fulfilment.models import Delivery
from tradepost.market.notifications.models import Mail, Notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Account
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Binding, Call
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.wiring import REACTIONS

pytestmark = pytest.mark.django_db

ACCESS = '{"instances":[{"instance_id":"i","app":{"front_end_url":"https://app.example/"}}]}'


def offer() -> Offer:
    seller = make_seller(member=make_buyer())
    ledger.seller_account(seller, "CNY")
    return make_offer(make_product(seller, address=make_address(seller)))


def dispatch() -> int:
    """React until nothing is left; gives how many questions the database was asked."""
    with CaptureQueriesContext(connection) as asked:
        while outbox.dispatch(REACTIONS, now=NOW):
            pass
    assert not Event.objects.exists(), Event.objects.values_list("error", flat=True)
    return len(asked)


def end(kind: str, *, answer: str = "", outcome: str = Call.Outcome.DONE, twice: bool = False) -> None:
    """All open calls of a kind end in one batch, as the engine records it."""
    ended = list(Call.objects.filter(kind=kind).exclude(state=State.ENDED).order_by("pk"))
    for call in ended:
        Subscription.objects.filter(calls=call).update(instance_id=f"i-{call.subscription_id}")
    sealed = seal(answer) if answer else ""
    Call.objects.filter(pk__in=[call.pk for call in ended]).update(
        state=State.ENDED, outcome=outcome, ended_at=NOW, sealed_answer=sealed, last_verdict=outcome
    )
    events = [CallEnded(call=c.pk, kind=c.kind, outcome=str(outcome), subscription=c.subscription_id) for c in ended]
    outbox.publish_all(events * (1 + twice), now=NOW)


@pytest.mark.parametrize("many", [1, 7])
def test_orders_paid_together_are_delivered_together(many: int) -> None:
    orders = [make_order(offer=offer(), paid=True) for _ in range(many)]
    Event.objects.exclude(name="order_paid").delete()
    asked = [dispatch()]
    end("Create", twice=True)
    asked.append(dispatch())
    end("Query", answer=ACCESS, twice=True)
    asked.append(dispatch())
    assert asked == [20, 9, 38]
    for order in orders:
        order.refresh_from_db()
        assert (order.status, order.ended_at) == (Order.Status.COMPLETED, NOW)
        subscription = Subscription.objects.get(order_lines__order=order)
        assert (subscription.status, subscription.started_at) == (Subscription.Status.ACTIVE, NOW)
        access = access_data(subscription)
        assert access is not None
        assert access.front_end_url == "https://app.example/"
        assert subscription.expires_at is not None
        assert Job.objects.get(kind=END_OF_PERIOD, key=str(subscription.pk)).due_at == subscription.expires_at - NOTICE
        assert [call.kind for call in Call.objects.filter(order_number=order.number).order_by("pk")] == [
            "Create",
            "Query",
        ]
        earned = Account.objects.get(kind=Account.Kind.SELLER, seller=subscription.seller_id).balance
        assert earned == order.total
        moves = Move.objects.filter(lifecycle="order", subject=str(order.pk)).order_by("pk")
        assert [move.event for move in moves] == ["pay", "complete"]
        assert Notice.objects.filter(user=order.buyer, kind="order_completed").count() == 1
    assert Mail.objects.filter(notice__kind="order_completed").count() == many
    assert set(Delivery.objects.values_list("status", flat=True)) == {Delivery.Status.DONE}
    assert ledger.verify().problems == ()


def test_an_order_that_cannot_be_asked_for_is_paid_back_while_the_others_go_on() -> None:
    buyer = make_buyer()
    sound, broken, sound_too = (make_order(buyer, offer=offer(), paid=True) for _ in range(3))
    Binding.objects.filter(product__orderline__order=broken).delete()
    dispatch()
    assert dict(Order.objects.values_list("number", "status")) == {
        sound.number: Order.Status.PROCESSING,
        broken.number: Order.Status.REFUNDED,
        sound_too.number: Order.Status.PROCESSING,
    }
    assert set(Call.objects.values_list("order_number", flat=True)) == {sound.number, sound_too.number}
    assert Subscription.objects.count() == Delivery.objects.count() == 2
    assert ledger.verify().problems == ()


def test_one_order_whose_answer_cannot_be_opened_does_not_stop_those_beside_it() -> None:
    """The key that sealed it was changed without keeping the old one: an operator can mend that."""
    orders = [make_order(offer=offer(), paid=True) for _ in range(3)]
    dispatch()
    end("Create")
    Call.objects.filter(order_number=orders[1].number).update(sealed_answer="sealed with another key")
    while outbox.dispatch(REACTIONS, now=NOW):
        pass
    asked = Call.objects.filter(kind="Query").values_list("order_number", flat=True)
    assert sorted(asked) == sorted([orders[0].number, orders[2].number])
    left = Event.objects.get()
    assert left.left == ["tradepost.market.fulfilment.follow.on_call_ended"]
    assert "a sealed secret cannot be opened" in left.error


def test_some_delivered_and_some_given_up_in_one_batch() -> None:
    first, second = (make_order(offer=offer(), paid=True) for _ in range(2))
    dispatch()
    Call.objects.filter(order_number=second.number).update(
        state=State.ENDED, outcome=Call.Outcome.GAVE_UP, ended_at=NOW, last_verdict="timeout"
    )
    given_up = Call.objects.get(order_number=second.number)
    end("Create", answer=ACCESS)
    over = CallEnded(call=given_up.pk, kind="Create", outcome="gave_up", subscription=given_up.subscription_id)
    outbox.publish(over, now=NOW)
    dispatch()
    end("Query", answer=ACCESS)
    dispatch()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (Order.Status.COMPLETED, Order.Status.REFUNDED)
    assert ledger.verify().problems == ()
