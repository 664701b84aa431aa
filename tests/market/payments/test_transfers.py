"""Announced transfers (money.md §2): CREATED → PENDING –proof→ IN_REVIEW –accept/reject→ SUCCEEDED/FAILED,
PENDING –expire→ EXPIRED; late money still succeeds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW, make_buyer, make_operator
from tests.factories.transfers import CHECKING, CNY, RULES, announce, came, document, show
from tests.market.payments.pictured import reload, snapshot_of_the_books
from tradepost.market.assets.models import Proof
from tradepost.market.base import jobs
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Event, Job, Move
from tradepost.market.base.money import Money
from tradepost.market.base.values import replace
from tradepost.market.payments import intents, ledger, queries
from tradepost.market.payments.confirm import bank_number, confirm, reject
from tradepost.market.payments.intent_models import Intent

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def run_timers(now: datetime) -> None:
    jobs.run_due({intents.TIMER_KIND: intents.expire}, now=now)


# --- announcing ---------------------------------------------------------------------------------------------------------


def test_announced_transfer_has_a_number_and_an_expiry() -> None:
    buyer = make_buyer(balance="0")
    intent = announce(buyer, purpose="CS1")
    assert (intent.status, intent.amount, intent.purpose) == ("pending", Money(10_000, CNY), "CS1")
    assert intent.waits_until == NOW + 7 * DAY
    assert list(Move.objects.filter(lifecycle="intent").values_list("before", "after", "actor")) == [
        ("created", "pending", buyer.email)
    ]
    assert queries.balance(buyer, CNY) == Money(0, CNY)


def test_same_form_twice_makes_one_transfer() -> None:
    buyer = make_buyer(balance="0")
    first = announce(buyer)
    assert announce(buyer).pk == first.pk
    assert announce(buyer, 10_001).pk != first.pk
    assert announce(make_buyer(balance="0")).pk != first.pk
    show(first)
    assert announce(buyer).pk != first.pk, "one whose money is on the way is not announced anew by another"


@pytest.mark.parametrize("minor", [-1, 0, 99, 500_000_01])
def test_amount_out_of_bounds_is_refused(minor: int) -> None:
    buyer = make_buyer(balance="0")
    with pytest.raises(Refused) as refused:
        announce(buyer, minor)
    assert (refused.value.code, refused.value.field) == ("transfer.amount", "amount")
    assert not Intent.objects.exists()


def test_open_transfers_and_daily_announcements_are_limited() -> None:
    buyer = make_buyer(balance="0")
    opened = [announce(buyer, 10_000 + n) for n in range(RULES.open_most)]
    before = snapshot_of_the_books()
    with pytest.raises(Refused, match=r"transfer\.too_many_open"):
        announce(buyer, 20_000)
    assert snapshot_of_the_books() == before
    for intent in opened:
        intents.withdraw(intent, now=NOW)
    announce(buyer, 20_001)
    announce(buyer, 20_002)
    with pytest.raises(Refused, match=r"transfer\.too_many\b") as refused:
        announce(buyer, 20_003)
    assert refused.value.wait == DAY.total_seconds()
    announce(buyer, 20_003, now=NOW + DAY)


# --- proofs -------------------------------------------------------------------------------------------------------------


def test_proof_stops_the_expiry_and_is_reviewed_within_working_days() -> None:
    """NOW is a Sunday: two working days end on Tuesday."""
    intent = show(announce(make_buyer(balance="0")))
    assert (intent.status, intent.proof_at) == ("in_review", NOW)
    assert intent.check_by == datetime(2026, 3, 3, 18, tzinfo=NOW.tzinfo)
    assert not Job.objects.filter(kind=intents.TIMER_KIND).exists()
    assert Event.objects.filter(name="transfer_proof_given", facts__intent=intent.pk).count() == 1
    more = show(intent, now=NOW + 2 * DAY, content=b"%PDF-1.4 another")
    assert more.check_by == intent.check_by, "who waits does not wait longer for a second document"
    assert len(intents.proofs_of(more)) == 2


def test_another_users_document_is_no_proof() -> None:
    mine, other = make_buyer(balance="0"), make_buyer(balance="0")
    intent, theirs = announce(mine), document(other)
    before = snapshot_of_the_books()
    with pytest.raises(Refused, match=r"proof\.unknown"):
        intents.add_proofs(intent, [theirs.sha256], checking=CHECKING, now=NOW)
    with pytest.raises(Refused, match=r"transfer\.no_proof"):
        intents.add_proofs(intent, [], checking=CHECKING, now=NOW)
    with pytest.raises(Refused, match=r"transfer\.too_many_proofs"):
        intents.add_proofs(intent, ["0" * 63 + str(n) for n in range(6)], checking=CHECKING, now=NOW)
    assert snapshot_of_the_books() == before
    assert Proof.objects.get().by == other


# --- decisions and expiry -----------------------------------------------------------------------------------------------


def test_received_amount_is_booked_whatever_was_announced() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = show(announce(buyer, 10_000))
    fact = confirm(intent, came("icbc 2026-0001", 9_950), by=operator, now=NOW + DAY)
    assert reload(intent).status == "succeeded"
    assert (reload(intent).amount, fact.amount) == (Money(10_000, CNY), Money(9_950, CNY))
    assert queries.balance(buyer, CNY) == Money(9_950, CNY)
    booked = fact.arrival
    assert (booked.reason, booked.reference, booked.actor) == ("top_up", "ICBC2026-0001", operator.email)
    assert Event.objects.filter(name="topped_up").count() == 1
    assert Move.objects.filter(lifecycle="intent", event="accept", actor=operator.email).count() == 1
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("number", ["ICBC2026-0001", "icbc2026-0001", " ICBC 2026-0001 ", "ＩＣＢＣ２０２６-0001"])
def test_bank_reference_books_once(number: str) -> None:
    """Issue 12: a transfer proof books once."""
    operator = make_operator()
    first, second = show(announce(make_buyer(balance="0"))), show(announce(make_buyer(balance="0")))
    confirm(first, came("ICBC2026-0001"), by=operator, now=NOW)
    before = snapshot_of_the_books()
    with pytest.raises(Refused) as refused:
        confirm(second, came(number), by=operator, now=NOW)
    assert (refused.value.code, refused.value.field) == ("top_up.repeated", "bank_number")
    with pytest.raises(IllegalTransition):
        confirm(first, came("ICBC2026-0002"), by=operator, now=NOW)
    assert snapshot_of_the_books() == before


def test_reference_of_a_manual_booking_is_not_booked_again() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    ledger.top_up(buyer, Money(100, CNY), reference="B-1", actor="operator", now=NOW)
    intent = show(announce(buyer))
    before = snapshot_of_the_books()
    with pytest.raises(Refused, match=r"top_up\.repeated"):
        confirm(intent, came("B-1"), by=operator, now=NOW)
    assert snapshot_of_the_books() == before


@pytest.mark.parametrize("text", ["", " ", "-1", "<b>", "a" * 65, "N°7", "a\x00b", "٣"])
def test_invalid_bank_reference_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"transfer\.bank_number"):
        bank_number(text)


def test_operator_cannot_confirm_their_own_transfer() -> None:
    operator = make_operator()
    intent = show(announce(operator))
    before = snapshot_of_the_books()
    for decide in (
        lambda: confirm(intent, came("B-1"), by=operator, now=NOW),
        lambda: reject(intent, "No.", by=operator, now=NOW),
    ):
        with pytest.raises(Refused, match=r"transfer\.own"):
            decide()
    assert snapshot_of_the_books() == before


def test_unusable_proof_is_rejected_with_a_reason_and_can_be_replaced() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = show(announce(buyer))
    for nothing in ("", "  ", "x" * 501):
        with pytest.raises(Refused, match=r"transfer\.opinion"):
            reject(intent, nothing, by=operator, now=NOW)
    reject(intent, "The picture cannot be read.", by=operator, now=NOW)
    failed = reload(intent)
    assert (failed.status, failed.opinion, failed.check_by) == ("failed", "The picture cannot be read.", None)
    assert queries.balance(buyer, CNY) == Money(0, CNY)
    assert Event.objects.filter(name="transfer_rejected").count() == 1
    shown = show(failed, now=NOW + DAY, content=b"%PDF-1.4 readable")
    assert shown.status == "in_review"
    confirm(shown, came("B-1"), by=operator, now=NOW + DAY)
    assert reload(intent).opinion == ""
    assert ledger.verify().problems == ()


def test_transfer_expires_and_its_late_money_is_still_booked() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = announce(buyer)
    run_timers(intent.waits_until - timedelta(seconds=1))
    assert reload(intent).status == "pending"
    run_timers(intent.waits_until)
    assert (reload(intent).status, reload(intent).ended_at) == ("expired", intent.waits_until)
    assert Event.objects.filter(name="transfer_expired").count() == 1
    late = show(reload(intent), now=NOW + 30 * DAY)
    assert late.status == "in_review"
    reject(late, "Not there.", by=operator, now=NOW + 31 * DAY)
    confirm(late, came("B-1"), by=operator, now=NOW + 40 * DAY)
    assert queries.balance(buyer, CNY) == Money(10_000, CNY)
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("shown", [False, True])
def test_withdrawn_transfer_is_closed_but_its_money_is_still_booked(shown: bool) -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = announce(buyer)
    intent = show(intent) if shown else intent
    intents.withdraw(intent, now=NOW)
    run_timers(NOW + 30 * DAY)
    assert reload(intent).status == "withdrawn"
    before = snapshot_of_the_books()
    with pytest.raises(IllegalTransition):
        show(intent, content=b"%PDF-1.4 another")
    with pytest.raises(IllegalTransition):
        intents.withdraw(intent, now=NOW)
    with pytest.raises(IllegalTransition):
        reject(intent, "No.", by=operator, now=NOW)
    assert snapshot_of_the_books() == before
    confirm(intent, came("B-1"), by=operator, now=NOW)
    assert queries.balance(buyer, CNY) == Money(10_000, CNY)


def test_expired_transfer_with_a_new_proof_counts_as_open() -> None:
    """Without a limit on new proofs for expired transfers, a buyer could have hundreds in review."""
    buyer = make_buyer(balance="0")
    old = announce(buyer, 9_999)
    intents.expire({"intent": old.pk}, NOW)
    many = replace(RULES, open_most=100, a_day=100)
    for number in range(CHECKING.open_most):
        intents.announce(buyer, Money(20_000 + number, CNY), rules=many, now=NOW)
    before = snapshot_of_the_books()
    with pytest.raises(Refused, match=r"transfer\.too_many_open"):
        show(old)
    assert snapshot_of_the_books() == before
    old.refresh_from_db()
    assert old.status == Intent.Status.EXPIRED
