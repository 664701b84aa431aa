"""Notices about announced transfers: recipients, texts, and each sent once (money.md §3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_buyer, make_offer, make_operator, make_order
from tests.factories.transfers import CHECKING, announce, came, show
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.notifications import transfer_reactions as told
from tradepost.market.notifications.models import Notice
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import transfers
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


def booked_notice(intent: Intent, minor: int, operator: User) -> Notice:
    """Book the money and handle its event twice, as events are delivered at least once. Return the buyer's notice."""
    booking = confirm(intent, came(f"B-{intent.pk}", minor), by=operator, now=NOW)
    for _ in range(2):
        told.on_topped_up(ToppedUp(transfer=booking.arrival_id), NOW)
    return Notice.objects.get(user=intent.user)


def order_of(buyer: User) -> Order:
    return make_order(buyer, offer=make_offer())


def test_notice_of_money_without_an_order_names_the_announced_amount(operator: User) -> None:
    notice = booked_notice(announce(make_buyer(balance="0")), 9_000, operator)
    assert (notice.kind, notice.link) == ("transfer_booked", "/balance/")
    assert notice.facts["announced"] == {"minor": 10_000, "currency": "CNY"}
    assert notice.facts["amount"] == notice.facts["balance"] == {"minor": 9_000, "currency": "CNY"}


@pytest.mark.parametrize(
    ("minor", "order_state", "kind"),
    [
        (10_000, "waits", "transfer_booked_for_order"),
        (9_999, "waits", "transfer_booked_short"),
        (10_000, "cancelled", "transfer_booked_order_over"),
        (10_000, "late", "transfer_booked_order_over"),
        (10_000, "paid", "transfer_booked"),
    ],
)
def test_notice_names_the_pending_order_and_the_next_step(
    operator: User, minor: int, order_state: str, kind: str
) -> None:
    buyer = make_buyer(balance="0")
    order = order_of(buyer)
    intent = announce(buyer, purpose=order.number)
    if order_state == "cancelled":
        cancel_order(order, actor=buyer.email, now=NOW)
    elif order_state == "late":
        Order.objects.filter(pk=order.pk).update(pay_before=NOW)
    elif order_state == "paid":
        ledger.top_up(buyer, order.total, reference="EARLIER", actor="op", now=NOW)
        pay_order(order, now=NOW)
    notice = booked_notice(intent, minor, operator)
    assert notice.kind == kind
    assert notice.link == ("/balance/" if order_state == "paid" else f"/orders/{order.number}/")
    if kind == "transfer_booked_short":
        assert notice.facts["missing"] == {"minor": 1, "currency": "CNY"}


def test_order_of_another_buyer_is_not_named(operator: User) -> None:
    order = order_of(make_buyer(balance="0"))
    assert (
        booked_notice(announce(make_buyer(balance="0"), purpose=order.number), 10_000, operator).kind
        == "transfer_booked"
    )


def test_money_assigned_later_is_notified_for_the_transfer(operator: User) -> None:
    intent = announce(make_buyer(balance="0"))
    fact = unmatched.record(came("B-1"), by=operator, now=NOW)
    unmatched.assign(fact, intent.user, intent=intent, note="x", by=operator, now=NOW)
    told.on_topped_up(ToppedUp(transfer=Transfer.objects.latest("pk").pk), NOW)
    assert Notice.objects.get().kind == "transfer_booked"


def test_manual_top_up_is_notified() -> None:
    buyer = make_buyer(balance="0")
    manual_top_up = ledger.top_up(buyer, Money(500, "CNY"), reference="B-1", actor="op", now=NOW)
    told.on_topped_up(ToppedUp(transfer=manual_top_up.pk), NOW)
    notice = Notice.objects.get()
    assert (notice.kind, notice.facts["reference"]) == ("top_up", "B-1")


def test_operators_are_notified_once_per_check(operator: User) -> None:
    intent = show(announce(make_buyer(balance="0")))
    event = TransferProofGiven(intent=intent.pk)
    notify(transfers.PROOF_GIVEN)(event, NOW)
    show(intent, content=b"%PDF-1.4 another")
    notify(transfers.PROOF_GIVEN)(event, NOW)
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.link) == (
        operator, "operator_transfer_proof", f"/console/transfers/{intent.pk}/"
    )  # fmt: skip
    reject(intent, "No.", by=operator, now=NOW)
    later = NOW + timedelta(days=7)
    show(intent, now=later, content=b"%PDF-1.4 a third")
    notify(transfers.PROOF_GIVEN)(event, later)
    assert Notice.objects.filter(user=operator).count() == 2


def test_buyer_is_notified_of_rejected_and_expired_transfers(operator: User) -> None:
    buyer = make_buyer(balance="0")
    rejected, expired = show(announce(buyer)), announce(buyer, 20_000)
    reject(rejected, "看不清", by=operator, now=NOW)
    intents.expire({"intent": expired.pk}, expired.waits_until)
    for _ in range(2):
        notify(transfers.REJECTED)(TransferRejected(intent=rejected.pk), NOW)
        notify(transfers.EXPIRED)(TransferExpired(intent=expired.pk), expired.waits_until)
    assert dict(Notice.objects.filter(user=buyer).values_list("kind", "link")) == {
        "transfer_rejected": f"/balance/transfers/{rejected.number}/",
        "transfer_expired": f"/balance/transfers/{expired.number}/",
    }
    assert Notice.objects.count() == 2
    intents.add_proofs(rejected, [p.sha256 for p in intents.proofs_of(rejected)], checking=CHECKING, now=NOW)
    notify(transfers.REJECTED)(TransferRejected(intent=rejected.pk), NOW)
    assert Notice.objects.count() == 2, "a transfer that was reopened is not notified as rejected"
