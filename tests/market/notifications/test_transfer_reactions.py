"""Who is told of announced transfers, once, and in which words (money.md §3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_buyer, make_offer, make_operator, make_order
from tests.factories.transfers import CHECKING, announce, came, show
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.notifications import transfer_reactions as told
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import intents, ledger, unmatched
from tradepost.market.payments.confirm import confirm, reject
from tradepost.market.payments.events import ToppedUp, TransferExpired, TransferProofGiven, TransferRejected
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.models import Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return make_operator()


def booked(intent: Intent, minor: int, operator: User) -> Notice:
    """What the buyer reads of money that came; asked for twice, as events come at least once."""
    fact = confirm(intent, came(f"B-{intent.pk}", minor), by=operator, now=NOW)
    for _ in range(2):
        told.on_topped_up(ToppedUp(transfer=fact.arrival_id), NOW)
    return Notice.objects.get(user=intent.user)


def order_of(buyer: User) -> Order:
    return make_order(buyer, offer=make_offer())


def test_money_for_no_order_is_told_with_what_was_announced(operator: User) -> None:
    notice = booked(announce(make_buyer(balance="0")), 9_000, operator)
    assert (notice.kind, notice.link) == ("transfer_booked", "/balance/")
    assert notice.facts["announced"] == {"minor": 10_000, "currency": "CNY"}
    assert notice.facts["amount"] == notice.facts["balance"] == {"minor": 9_000, "currency": "CNY"}


@pytest.mark.parametrize(
    ("minor", "what", "kind"),
    [
        (10_000, "waits", "transfer_booked_for_order"),
        (9_999, "waits", "transfer_booked_short"),
        (10_000, "cancelled", "transfer_booked_order_over"),
        (10_000, "late", "transfer_booked_order_over"),
        (10_000, "paid", "transfer_booked"),
    ],
)
def test_the_order_that_waits_is_named_with_what_can_be_done(operator: User, minor: int, what: str, kind: str) -> None:
    buyer = make_buyer(balance="0")
    order = order_of(buyer)
    intent = announce(buyer, purpose=order.number)
    if what == "cancelled":
        cancel_order(order, actor=buyer.email, now=NOW)
    elif what == "late":
        Order.objects.filter(pk=order.pk).update(pay_before=NOW)
    elif what == "paid":
        ledger.top_up(buyer, order.total, reference="EARLIER", actor="op", now=NOW)
        pay_order(order, now=NOW)
    notice = booked(intent, minor, operator)
    assert notice.kind == kind
    assert notice.link == ("/balance/" if what == "paid" else f"/orders/{order.number}/")
    if kind == "transfer_booked_short":
        assert notice.facts["missing"] == {"minor": 1, "currency": "CNY"}


def test_an_order_of_somebody_else_is_not_named(operator: User) -> None:
    order = order_of(make_buyer(balance="0"))
    assert booked(announce(make_buyer(balance="0"), purpose=order.number), 10_000, operator).kind == "transfer_booked"


def test_money_that_was_assigned_later_is_the_transfers_too(operator: User) -> None:
    intent = announce(make_buyer(balance="0"))
    fact = unmatched.record(came("B-1"), by=operator, now=NOW)
    unmatched.assign(fact, intent.user, intent=intent, note="x", by=operator, now=NOW)
    told.on_topped_up(ToppedUp(transfer=Transfer.objects.latest("pk").pk), NOW)
    assert Notice.objects.get().kind == "transfer_booked"


def test_a_top_up_by_hand_is_told_as_before() -> None:
    buyer = make_buyer(balance="0")
    booked_by_hand = ledger.top_up(buyer, Money(500, "CNY"), reference="B-1", actor="op", now=NOW)
    told.on_topped_up(ToppedUp(transfer=booked_by_hand.pk), NOW)
    notice = Notice.objects.get()
    assert (notice.kind, notice.facts["reference"]) == ("top_up", "B-1")


def test_operators_hear_once_of_each_time_that_they_have_to_look(operator: User) -> None:
    intent = show(announce(make_buyer(balance="0")))
    event = TransferProofGiven(intent=intent.pk)
    told.on_transfer_proof_given(event, NOW)
    show(intent, content=b"%PDF-1.4 another")
    told.on_transfer_proof_given(event, NOW)
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.link) == (
        operator, "operator_transfer_proof", f"/console/transfers/{intent.pk}/"
    )  # fmt: skip
    reject(intent, "No.", by=operator, now=NOW)
    later = NOW + timedelta(days=7)
    show(intent, now=later, content=b"%PDF-1.4 a third")
    told.on_transfer_proof_given(event, later)
    assert Notice.objects.filter(user=operator).count() == 2


def test_a_buyer_reads_why_a_proof_was_not_accepted_and_that_nothing_came(operator: User) -> None:
    buyer = make_buyer(balance="0")
    refused, late = show(announce(buyer)), announce(buyer, 20_000)
    reject(refused, "看不清", by=operator, now=NOW)
    intents.expire({"intent": late.pk}, late.waits_until)
    for _ in range(2):
        told.on_transfer_rejected(TransferRejected(intent=refused.pk), NOW)
        told.on_transfer_expired(TransferExpired(intent=late.pk), late.waits_until)
    assert dict(Notice.objects.filter(user=buyer).values_list("kind", "link")) == {
        "transfer_rejected": f"/balance/transfers/{refused.number}/",
        "transfer_expired": f"/balance/transfers/{late.number}/",
    }
    assert Notice.objects.count() == 2
    intents.give_proof(refused, [p.sha256 for p in intents.proofs_of(refused)], checking=CHECKING, now=NOW)
    told.on_transfer_rejected(TransferRejected(intent=refused.pk), NOW)
    assert Notice.objects.count() == 2, "what was taken up again is not told any more"
