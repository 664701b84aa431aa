"""Sums that are kept of an append-only ledger: right at every moment, whoever books meanwhile."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from tests.factories import NOW, make_buyer, make_seller
from tradepost.market.base.money import Money
from tradepost.market.payments import kept_sums, ledger
from tradepost.market.payments.models import Account, Entry

CNY = "CNY"


def book(buyer, seller, n: int) -> None:
    """One order of n minor units: paid, and earned but for 1."""
    ledger.pay(buyer, Money(n, CNY), reference=f"CS{n}", now=NOW)
    ledger.earn(seller, Money(n - 1, CNY), reference=f"CS{n}-1", order_number=f"CS{n}", now=NOW)


def balances() -> dict[str, int]:
    return {account.kind: account.balance.minor for account in Account.objects.all()}


@pytest.mark.django_db
def test_a_balance_is_the_kept_sum_and_what_was_booked_since() -> None:
    buyer, seller = make_buyer(balance="100"), make_seller()
    for n in (100, 200):
        book(buyer, seller, n)
    before = balances()
    assert kept_sums.move_on()
    assert balances() == before == {"cash": -10_000, "buyer": 9_700, "clearing": 2, "seller": 298}
    assert {a.kind: a.summed_minor for a in Account.objects.all()} == before | {"buyer": 0}
    book(buyer, seller, 300)
    assert balances() == {"cash": -10_000, "buyer": 9_400, "clearing": 3, "seller": 597}
    assert ledger.verify().problems == ()
    assert kept_sums.move_on()
    assert balances() == {"cash": -10_000, "buyer": 9_400, "clearing": 3, "seller": 597}
    assert ledger.verify().problems == ()


@pytest.mark.django_db
def test_what_is_summed_already_is_not_read_again(django_assert_num_queries) -> None:
    buyer, seller = make_buyer(balance="100"), make_seller()
    book(buyer, seller, 100)
    kept_sums.move_on()
    clearing = ledger.market_account(Account.Kind.CLEARING, CNY)
    with django_assert_num_queries(1) as captured:
        assert clearing.balance == Money(1, CNY)
    assert f'"id" > {Entry.objects.latest("pk").pk}' in captured[0]["sql"]


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"summed_minor": 7}, {"summed_through": 10**9}])
def test_the_check_names_a_kept_sum_that_was_tampered_with(change: dict[str, int]) -> None:
    buyer, seller = make_buyer(balance="100"), make_seller()
    book(buyer, seller, 100)
    kept_sums.move_on()
    book(buyer, seller, 200)
    Account.objects.filter(kind="clearing").update(**change)
    assert any("keeps the sum" in problem for problem in ledger.verify().problems)


@pytest.mark.django_db(transaction=True)
def test_each_so_many_transfers_the_sums_move_on_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_sums, "EVERY", 4)
    buyer, seller = make_buyer(balance="100"), make_seller()
    for n in (100, 200, 300, 400):
        book(buyer, seller, n)
    newest = Entry.objects.latest("pk").pk
    clearing = ledger.market_account(Account.Kind.CLEARING, CNY)
    assert newest - 8 <= clearing.summed_through <= newest
    assert clearing.balance == Money(4, CNY)
    assert ledger.verify().problems == ()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_not_committed_yet_is_never_left_out() -> None:
    """It has its number already, and a later one is committed before it."""
    buyer, other, seller = make_buyer(balance="100"), make_buyer(balance="100"), make_seller()
    book(buyer, seller, 100)
    booked, may_commit = threading.Event(), threading.Event()

    def pay_slowly() -> None:
        with transaction.atomic():
            ledger.pay(other, Money(500, CNY), reference="CS-SLOW", now=NOW)
            booked.set()
            assert may_commit.wait(20)
        connection.close()

    slow = threading.Thread(target=pay_slowly)
    slow.start()
    assert booked.wait(20)
    book(buyer, seller, 200)
    assert not kept_sums.move_on()  # it gives way to the payment that is being written
    may_commit.set()
    slow.join(20)
    assert kept_sums.move_on()
    assert ledger.market_account(Account.Kind.CLEARING, CNY).balance == Money(502, CNY)
    assert ledger.verify().problems == ()
