"""A booking is corrected by a second booking that refers to it (decision 0107): issue 28, *Corrections* and Must show
3.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from tests.factories import NOW, make_buyer, make_member, make_operator, make_seller
from tests.factories.transfers import CNY, announce, came
from tests.market.payments.pictured import snapshot_of_the_books
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.billing import collect_debt
from tradepost.market.identity.models import User
from tradepost.market.payments import debts, ledger, queries, unmatched
from tradepost.market.payments.confirm import confirm
from tradepost.market.payments.correction_models import Correction
from tradepost.market.payments.corrections import Change, correct, state_of
from tradepost.market.payments.events import BookingCorrected
from tradepost.market.payments.intent_models import ProviderFact
from tradepost.market.payments.models import Account, Entry, Transfer

pytestmark = pytest.mark.django_db
OVER: dict[str, Any] = {"reason": "Typed a zero too many.", "seen": 0}


def yuan(major: int) -> Money:
    return Money.of(major, CNY)


def book_top_up(buyer: User, major: int = 10_000, reference: str = "B-1") -> Transfer:
    return ledger.top_up(buyer, yuan(major), reference=reference, actor="op", now=NOW)


def spend(buyer: User, major: int, number: str = "CS1") -> None:
    ledger.pay(buyer, yuan(major), reference=number, now=NOW)


def balance_of(buyer: User) -> Money:
    return queries.balance(buyer, CNY)


def test_amount_already_spent_becomes_a_debt_and_the_books_balance() -> None:
    """Must show 3: book 10,000, spend 8,000, correct to 1,000: debt 7,000."""
    buyer, operator = make_buyer(balance="0"), make_operator()
    first = book_top_up(buyer)
    rows = list(Entry.objects.filter(transfer=first).values())
    spend(buyer, 8_000)
    correction = correct(first, Change(amount=yuan(1_000), **OVER), by=operator, now=NOW)
    account = queries.buyer_account(buyer, CNY)
    assert account is not None
    assert (account.debt, correction.owed, balance_of(buyer)) == (yuan(7_000), yuan(7_000), yuan(-7_000))
    assert list(Entry.objects.filter(transfer=first).values()) == rows, "the first booking is never changed"
    assert (correction.booked.reason, correction.booked.note) == ("corrected", OVER["reason"])
    assert ledger.verify().problems == ()


def test_new_money_pays_the_debt_first_and_until_then_nothing_is_paid_from_the_balance() -> None:
    """Decision 0107."""
    buyer, operator = make_buyer(balance="0"), make_operator()
    first = book_top_up(buyer)
    spend(buyer, 8_000)
    correct(first, Change(amount=yuan(1_000), **OVER), by=operator, now=NOW)
    book_top_up(buyer, 6_999, "B-2")
    before = snapshot_of_the_books()
    with pytest.raises(Refused, match=r"balance\.too_low"):
        ledger.pay(buyer, Money(1, CNY), reference="CS2", now=NOW)
    assert snapshot_of_the_books() == before
    book_top_up(buyer, 3, "B-3")
    ledger.pay(buyer, yuan(2), reference="CS2", now=NOW)
    assert balance_of(buyer) == yuan(0)
    assert ledger.verify().problems == ()


def test_arrears_for_usage_are_paid_after_the_debt() -> None:
    buyer, operator, seller = make_buyer(balance="0"), make_operator(), make_seller()
    first = book_top_up(buyer, 100)
    spend(buyer, 100)
    correct(first, Change(amount=yuan(0), **OVER), by=operator, now=NOW)
    debts.book_debt(buyer, seller, yuan(30), reference="U1", now=NOW)
    book_top_up(buyer, 90, "B-2")
    collect_debt.collect(buyer, CNY, now=NOW)
    assert (balance_of(buyer), debts.debt_of(buyer, CNY)) == (yuan(-10), yuan(30))
    assert ledger.verify().problems == ()


def test_refund_goes_to_a_balance_in_debt() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    first = book_top_up(buyer, 100)
    spend(buyer, 80)
    correct(first, Change(amount=yuan(10), **OVER), by=operator, now=NOW)
    ledger.refund(buyer, yuan(30), reference="CS1", now=NOW)
    assert balance_of(buyer) == yuan(-40)
    assert ledger.verify().problems == ()


def test_correction_of_a_correction_refers_to_the_first_booking() -> None:
    buyer, other, operator = make_buyer(balance="0"), make_buyer(balance="0"), make_operator()
    first = book_top_up(buyer, 100)
    changes: list[dict[str, Any]] = [
        {"amount": yuan(0)}, {"amount": yuan(60)}, {"amount": yuan(60), "to": other}, {"amount": yuan(70)},
    ]  # fmt: skip
    for corrections_seen, change in enumerate(changes):
        correct(first, Change(reason="x", seen=corrections_seen, **change), by=operator, now=NOW)
    assert (balance_of(buyer), balance_of(other)) == (yuan(0), yuan(70))
    current = state_of(first)
    assert current is not None
    assert [(correction.minor_before, correction.minor, correction.moved) for correction in current.corrections] == [
        (10_000, 0, False), (0, 6_000, False), (6_000, 6_000, True), (6_000, 7_000, False),
    ]  # fmt: skip
    assert current.account.user == other
    assert ledger.verify().problems == ()


REFUSED = (
    ("correction.repeated", {"amount": yuan(1), "seen": 1}),
    ("correction.same", {"amount": yuan(100)}),
    ("correction.reason", {"amount": yuan(1), "reason": " "}),
    ("correction.reason", {"amount": yuan(1), "reason": "x" * 201}),
    ("correction.one_at_a_time", {"amount": yuan(1), "to": "other"}),
    ("transfer.own", {"amount": yuan(100), "to": "operator"}),
)


@pytest.mark.parametrize(("code", "change"), REFUSED)
def test_refused_correction_changes_nothing(code: str, change: dict[str, Any]) -> None:
    people = {"other": make_buyer(balance="0"), "operator": make_operator()}
    buyer = make_buyer(balance="0")
    first = book_top_up(buyer, 100)
    ledger.buyer_account(people["other"], CNY)
    ledger.buyer_account(people["operator"], CNY)
    arguments = OVER | change | ({"to": people[str(change["to"])]} if "to" in change else {})
    before = snapshot_of_the_books()
    with pytest.raises(Refused) as refused:
        correct(first, Change(**arguments), by=people["operator"], now=NOW)
    assert refused.value.code == code
    assert (snapshot_of_the_books(), Correction.objects.exists()) == (before, False)


def test_same_correction_twice_is_refused() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    first = book_top_up(buyer)
    change = Change(amount=yuan(1_000), **OVER)
    correct(first, change, by=operator, now=NOW)
    before = snapshot_of_the_books()
    with pytest.raises(Refused, match=r"correction\.repeated"):
        correct(first, change, by=operator, now=NOW)
    assert (snapshot_of_the_books(), balance_of(buyer)) == (before, yuan(1_000))


def test_operator_cannot_correct_a_booking_of_their_own_or_of_their_company() -> None:
    operator, seller = make_operator(), make_seller()
    make_member(seller, user=operator)
    own = book_top_up(operator, 100)
    paid_in = ledger.repay(seller, yuan(5), reference="B-9", actor="op", now=NOW)
    for transfer in (own, paid_in):
        with pytest.raises(Refused, match=r"transfer\.own"):
            correct(transfer, Change(amount=yuan(1), **OVER), by=operator, now=NOW)
    assert not Correction.objects.exists()


def test_order_payment_cannot_be_corrected() -> None:
    buyer = make_buyer(balance="100")
    spend(buyer, 10)
    paid = Transfer.objects.get(reason="payment")
    with pytest.raises(Refused, match=r"correction\.kind"):
        correct(paid, Change(amount=yuan(1), **OVER), by=make_operator(), now=NOW)


def test_corrected_payment_of_a_seller_is_owed_again() -> None:
    seller, operator = make_seller(), make_operator()
    intent = announce(make_member(seller, make_buyer(balance="0")).user, 10_000, seller=seller)
    fact = confirm(intent, came("B-1", 10_000), by=operator, now=NOW)
    correct(fact.arrival, Change(amount=yuan(40), **OVER), by=operator, now=NOW)
    assert ledger.seller_account(seller, CNY).balance == yuan(40)
    assert ledger.verify().problems == ()


def test_assigned_money_is_moved_to_the_right_buyer() -> None:
    buyer, right, operator = make_buyer(balance="0"), make_buyer(balance="0"), make_operator()
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=NOW)
    unmatched.assign(fact, buyer, note="x", by=operator, now=NOW)
    moved = ProviderFact.objects.get().moved
    assert moved is not None
    spend(buyer, 20)
    correction = correct(moved, Change(amount=yuan(70), to=right, **OVER), by=operator, now=NOW)
    assert (balance_of(buyer), balance_of(right), correction.owed) == (yuan(-20), yuan(70), yuan(20))
    with pytest.raises(Refused, match=r"correction\.moved_on"):
        correct(fact.arrival, Change(amount=yuan(1), **OVER), by=operator, now=NOW)
    assert ledger.verify().problems == ()


def test_unmatched_money_is_assigned_with_its_corrected_amount() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    fact = unmatched.record(came("B-1", 70_000), by=operator, now=NOW)
    correct(fact.arrival, Change(amount=yuan(70), **OVER), by=operator, now=NOW)
    assert ledger.market_account(Account.Kind.SUSPENSE, CNY).balance == yuan(70)
    assert ledger.verify().problems == ()
    unmatched.assign(fact, buyer, note="x", by=operator, now=NOW)
    assert balance_of(buyer) == yuan(70)
    assert ledger.verify().problems == ()


def test_unmatched_money_that_never_arrived_is_void() -> None:
    operator = make_operator()
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=NOW)
    correct(fact.arrival, Change(amount=yuan(0), **OVER), by=operator, now=NOW)
    assert (ProviderFact.objects.get().status, ledger.verify().problems) == ("void", ())
    with pytest.raises(Refused, match=r"money\.not_allowed"):
        unmatched.assign(fact, make_buyer(balance="0"), note="x", by=operator, now=NOW)


def test_money_added_by_a_correction_pays_for_usage() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    correction = correct(book_top_up(buyer, 1), Change(amount=yuan(10), **OVER), by=operator, now=NOW)
    collect_debt.on_booking_corrected(
        BookingCorrected(correction=correction.pk), NOW
    )  # nothing is owed, so nothing happens
    assert balance_of(buyer) == yuan(10)


def test_database_refuses_a_balance_below_what_corrections_allow() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    first = book_top_up(buyer, 10)
    spend(buyer, 10)
    correct(first, Change(amount=yuan(4), **OVER), by=operator, now=NOW)
    account = Account.objects.filter(user=buyer)
    for minor in (-601, -1_000):
        with pytest.raises(IntegrityError), transaction.atomic():
            account.update(balance_minor=minor)
    untouched = Account.objects.filter(user=make_buyer(balance="1"))
    with pytest.raises(DatabaseError), transaction.atomic():
        untouched.update(balance_minor=-1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"minor": 5}, "is not booked as it says"),
        ({"owed_minor": 0}, "but corrections made a debt of 0"),
        ({"account_before": None}, "is not booked as it says"),
    ],
)
def test_ledger_check_finds_a_tampered_correction(change: dict[str, Any], expected: str) -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    first = book_top_up(buyer, 10)
    spend(buyer, 10)
    correct(first, Change(amount=yuan(4), **OVER), by=operator, now=NOW)
    if "account_before" in change:
        change = {"account_before": ledger.buyer_account(make_buyer(balance="0"), CNY)}
    Correction.objects.update(**change)
    assert any(expected in problem for problem in ledger.verify().problems)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_corrections_book_one() -> None:
    """Must show 3: 50 parallel attempts book once."""
    from collections import Counter

    from tests.market.at_once import at_once

    buyer, operator = make_buyer(balance="0"), make_operator()
    first = book_top_up(buyer)
    spend(buyer, 8_000)
    acts = [
        partial(correct, first, Change(amount=yuan(1_000 + n % 2), **OVER), by=operator, now=NOW) for n in range(50)
    ]
    assert Counter(at_once(acts)) == {"done": 1, "correction.repeated": 49}
    assert Correction.objects.count() == 1
    assert balance_of(buyer) in {yuan(-7_000), yuan(-6_999)}
    assert ledger.verify().problems == ()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_parallel_corrections_of_several_bookings_share_one_debt() -> None:
    """Each correction records its part of the debt, which is read under the lock of the account."""
    from tests.market.at_once import at_once

    buyer, operator = make_buyer(balance="0"), make_operator()
    bookings = [book_top_up(buyer, 100, f"B-{n}") for n in range(20)]
    spend(buyer, 1_500)
    acts = [partial(correct, booking, Change(amount=yuan(0), **OVER), by=operator, now=NOW) for booking in bookings]
    assert at_once(acts) == ["done"] * 20
    assert balance_of(buyer) == yuan(-1_500)
    assert sum(correction.owed_minor for correction in Correction.objects.all()) == 1_500_00
    assert ledger.verify().problems == ()
