"""Announced transfers (money.md §2): CREATED → PENDING –proof→ IN_REVIEW –accept/reject→ SUCCEEDED/FAILED, PENDING –expire→
EXPIRED, and what is late still succeeds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW, make_buyer, make_operator
from tests.factories.transfers import CHECKING, CNY, RULES, announce, came, document, show
from tests.market.payments.pictured import again, picture_of_the_books
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
    jobs.run_due({intents.WAITS: intents.expire}, now=now)


# --- announced ----------------------------------------------------------------------------------------------------------


def test_an_announced_transfer_has_a_number_of_its_own_and_a_time_until_which_it_is_waited_for() -> None:
    buyer = make_buyer(balance="0")
    intent = announce(buyer, purpose="CS1")
    assert (intent.status, intent.amount, intent.purpose) == ("pending", Money(10_000, CNY), "CS1")
    assert intent.waits_until == NOW + 7 * DAY
    assert list(Move.objects.filter(lifecycle="intent").values_list("before", "after", "actor")) == [
        ("created", "pending", buyer.email)
    ]
    assert queries.balance(buyer, CNY) == Money(0, CNY)


def test_the_same_form_sent_twice_is_one_transfer() -> None:
    buyer = make_buyer(balance="0")
    first = announce(buyer)
    assert announce(buyer).pk == first.pk
    assert announce(buyer, 10_001).pk != first.pk
    assert announce(make_buyer(balance="0")).pk != first.pk
    show(first)
    assert announce(buyer).pk != first.pk, "one whose money is on the way is not announced anew by another"


@pytest.mark.parametrize("minor", [-1, 0, 99, 500_000_01])
def test_an_amount_outside_of_the_bounds_is_refused(minor: int) -> None:
    buyer = make_buyer(balance="0")
    with pytest.raises(Refused) as refused:
        announce(buyer, minor)
    assert (refused.value.code, refused.value.field) == ("transfer.amount", "amount")
    assert not Intent.objects.exists()


def test_so_many_may_be_open_and_so_many_be_announced_in_a_day() -> None:
    buyer = make_buyer(balance="0")
    opened = [announce(buyer, 10_000 + n) for n in range(RULES.open_most)]
    before = picture_of_the_books()
    with pytest.raises(Refused, match=r"transfer\.too_many_open"):
        announce(buyer, 20_000)
    assert picture_of_the_books() == before
    for intent in opened:
        intents.withdraw(intent, now=NOW)
    announce(buyer, 20_001)
    announce(buyer, 20_002)
    with pytest.raises(Refused, match=r"transfer\.too_many\b"):
        announce(buyer, 20_003)
    announce(buyer, 20_003, now=NOW + DAY)


# --- the documents ------------------------------------------------------------------------------------------------------


def test_a_proof_stops_the_clock_and_an_operator_looks_at_it_within_working_days() -> None:
    """NOW is a Sunday: two working days end on Tuesday."""
    intent = show(announce(make_buyer(balance="0")))
    assert (intent.status, intent.proof_at) == ("in_review", NOW)
    assert intent.check_by == datetime(2026, 3, 3, 18, tzinfo=NOW.tzinfo)
    assert not Job.objects.filter(kind=intents.WAITS).exists()
    assert Event.objects.filter(name="transfer_proof_given", facts__intent=intent.pk).count() == 1
    more = show(intent, now=NOW + 2 * DAY, content=b"%PDF-1.4 another")
    assert more.check_by == intent.check_by, "who waits does not wait longer for a second document"
    assert len(intents.proofs_of(more)) == 2


def test_a_document_of_somebody_else_is_no_proof() -> None:
    mine, other = make_buyer(balance="0"), make_buyer(balance="0")
    intent, theirs = announce(mine), document(other)
    before = picture_of_the_books()
    with pytest.raises(Refused, match=r"proof\.unknown"):
        intents.give_proof(intent, [theirs.sha256], checking=CHECKING, now=NOW)
    with pytest.raises(Refused, match=r"transfer\.no_proof"):
        intents.give_proof(intent, [], checking=CHECKING, now=NOW)
    with pytest.raises(Refused, match=r"transfer\.too_many_proofs"):
        intents.give_proof(intent, ["0" * 63 + str(n) for n in range(6)], checking=CHECKING, now=NOW)
    assert picture_of_the_books() == before
    assert Proof.objects.get().by == other


# --- the end ------------------------------------------------------------------------------------------------------------


def test_what_came_is_booked_whatever_was_announced() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = show(announce(buyer, 10_000))
    fact = confirm(intent, came("icbc 2026-0001", 9_950), by=operator, now=NOW + DAY)
    assert again(intent).status == "succeeded"
    assert (again(intent).amount, fact.amount) == (Money(10_000, CNY), Money(9_950, CNY))
    assert queries.balance(buyer, CNY) == Money(9_950, CNY)
    booked = fact.arrival
    assert (booked.reason, booked.reference, booked.actor) == ("top_up", "ICBC2026-0001", operator.email)
    assert Event.objects.filter(name="topped_up").count() == 1
    assert Move.objects.filter(lifecycle="intent", event="accept", actor=operator.email).count() == 1
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("number", ["ICBC2026-0001", "icbc2026-0001", " ICBC 2026-0001 ", "ＩＣＢＣ２０２６-0001"])
def test_the_banks_number_books_once(number: str) -> None:
    """Issue 12: a transfer proof books once."""
    operator = make_operator()
    first, second = show(announce(make_buyer(balance="0"))), show(announce(make_buyer(balance="0")))
    confirm(first, came("ICBC2026-0001"), by=operator, now=NOW)
    before = picture_of_the_books()
    with pytest.raises(Refused) as refused:
        confirm(second, came(number), by=operator, now=NOW)
    assert (refused.value.code, refused.value.field) == ("top_up.repeated", "bank_number")
    with pytest.raises(IllegalTransition):
        confirm(first, came("ICBC2026-0002"), by=operator, now=NOW)
    assert picture_of_the_books() == before


def test_a_number_that_was_entered_by_hand_is_not_booked_again() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    ledger.top_up(buyer, Money(100, CNY), reference="B-1", actor="operator", now=NOW)
    intent = show(announce(buyer))
    before = picture_of_the_books()
    with pytest.raises(Refused, match=r"top_up\.repeated"):
        confirm(intent, came("B-1"), by=operator, now=NOW)
    assert picture_of_the_books() == before


@pytest.mark.parametrize("text", ["", " ", "-1", "<b>", "a" * 65, "N°7", "a\x00b", "٣"])
def test_what_is_no_number_of_a_bank_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"transfer\.bank_number"):
        bank_number(text)


def test_nobody_confirms_their_own_transfer() -> None:
    operator = make_operator()
    intent = show(announce(operator))
    before = picture_of_the_books()
    for decide in (
        lambda: confirm(intent, came("B-1"), by=operator, now=NOW),
        lambda: reject(intent, "No.", by=operator, now=NOW),
    ):
        with pytest.raises(Refused, match=r"transfer\.own"):
            decide()
    assert picture_of_the_books() == before


def test_a_proof_that_shows_nothing_is_rejected_with_a_reason_and_another_one_may_follow() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = show(announce(buyer))
    for nothing in ("", "  ", "x" * 501):
        with pytest.raises(Refused, match=r"transfer\.opinion"):
            reject(intent, nothing, by=operator, now=NOW)
    reject(intent, "The picture cannot be read.", by=operator, now=NOW)
    failed = again(intent)
    assert (failed.status, failed.opinion, failed.check_by) == ("failed", "The picture cannot be read.", None)
    assert queries.balance(buyer, CNY) == Money(0, CNY)
    assert Event.objects.filter(name="transfer_rejected").count() == 1
    shown = show(failed, now=NOW + DAY, content=b"%PDF-1.4 readable")
    assert shown.status == "in_review"
    confirm(shown, came("B-1"), by=operator, now=NOW + DAY)
    assert again(intent).opinion == ""
    assert ledger.verify().problems == ()


def test_what_does_not_come_is_not_waited_for_any_more_and_still_counts_when_it_does() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = announce(buyer)
    run_timers(intent.waits_until - timedelta(seconds=1))
    assert again(intent).status == "pending"
    run_timers(intent.waits_until)
    assert (again(intent).status, again(intent).ended_at) == ("expired", intent.waits_until)
    assert Event.objects.filter(name="transfer_expired").count() == 1
    late = show(again(intent), now=NOW + 30 * DAY)
    assert late.status == "in_review"
    reject(late, "Not there.", by=operator, now=NOW + 31 * DAY)
    confirm(late, came("B-1"), by=operator, now=NOW + 40 * DAY)
    assert queries.balance(buyer, CNY) == Money(10_000, CNY)
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("shown", [False, True])
def test_a_withdrawn_transfer_is_closed_but_its_money_still_counts(shown: bool) -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = announce(buyer)
    intent = show(intent) if shown else intent
    intents.withdraw(intent, now=NOW)
    run_timers(NOW + 30 * DAY)
    assert again(intent).status == "withdrawn"
    before = picture_of_the_books()
    with pytest.raises(IllegalTransition):
        show(intent, content=b"%PDF-1.4 another")
    with pytest.raises(IllegalTransition):
        intents.withdraw(intent, now=NOW)
    with pytest.raises(IllegalTransition):
        reject(intent, "No.", by=operator, now=NOW)
    assert picture_of_the_books() == before
    confirm(intent, came("B-1"), by=operator, now=NOW)
    assert queries.balance(buyer, CNY) == Money(10_000, CNY)


def test_an_old_transfer_that_is_shown_again_is_open_again_and_counts() -> None:
    """Expired ones were shown again without a limit: a buyer could have hundreds before the operators."""
    buyer = make_buyer(balance="0")
    old = announce(buyer, 9_999)
    intents.expire({"intent": old.pk}, NOW)
    many = replace(RULES, open_most=100, a_day=100)
    for number in range(CHECKING.open_most):
        intents.begin(buyer, Money(20_000 + number, CNY), rules=many, now=NOW)
    before = picture_of_the_books()
    with pytest.raises(Refused, match=r"transfer\.too_many_open"):
        show(old)
    assert picture_of_the_books() == before
    old.refresh_from_db()
    assert old.status == Intent.Status.EXPIRED
