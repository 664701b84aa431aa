"""Stored sums of the append-only ledger stay correct while other transactions book."""

from __future__ import annotations

import threading
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection, transaction

from tests.factories import NOW, make_buyer, make_seller
from tradepost.market.base.money import Money
from tradepost.market.payments import kept_sums, ledger
from tradepost.market.payments.day_totals import figures_since
from tradepost.market.payments.models import Account, DayTotal, Entry, KindTotal

CNY = "CNY"


def book_order(buyer, seller, n: int) -> None:
    """Book one order of n minor units: paid, and earned but for 1."""
    ledger.pay(buyer, Money(n, CNY), reference=f"CS{n}", now=NOW)
    ledger.earn(seller, Money(n - 1, CNY), reference=f"CS{n}-1", order_number=f"CS{n}", now=NOW)


def balances() -> dict[str, int]:
    return {account.kind: account.balance.minor for account in Account.objects.all()}


@pytest.mark.django_db
def test_balance_is_the_stored_sum_plus_later_entries() -> None:
    buyer, seller = make_buyer(balance="100"), make_seller()
    for n in (100, 200):
        book_order(buyer, seller, n)
    before = balances()
    assert kept_sums.advance_sums()
    assert balances() == before == {"cash": -10_000, "buyer": 9_700, "clearing": 2, "seller": 298}
    assert {a.kind: a.summed_minor for a in Account.objects.all()} == before | {"buyer": 0}
    book_order(buyer, seller, 300)
    assert balances() == {"cash": -10_000, "buyer": 9_400, "clearing": 3, "seller": 597}
    assert ledger.verify().problems == ()
    assert kept_sums.advance_sums()
    assert balances() == {"cash": -10_000, "buyer": 9_400, "clearing": 3, "seller": 597}
    assert ledger.verify().problems == ()


@pytest.mark.django_db
def test_summed_entries_are_not_read_again(django_assert_num_queries) -> None:
    buyer, seller = make_buyer(balance="100"), make_seller()
    book_order(buyer, seller, 100)
    kept_sums.advance_sums()
    clearing = ledger.market_account(Account.Kind.CLEARING, CNY)
    with django_assert_num_queries(1) as captured:
        assert clearing.balance == Money(1, CNY)
    assert f'"id" > {Entry.objects.latest("pk").pk}' in captured[0]["sql"]


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"summed_minor": 7}, {"summed_through": 10**9}])
def test_ledger_check_names_a_tampered_sum(change: dict[str, int]) -> None:
    buyer, seller = make_buyer(balance="100"), make_seller()
    book_order(buyer, seller, 100)
    kept_sums.advance_sums()
    book_order(buyer, seller, 200)
    Account.objects.filter(kind="clearing").update(**change)
    assert any("keeps the sum" in problem for problem in ledger.verify().problems)


@pytest.mark.django_db(transaction=True)
def test_sums_advance_after_a_number_of_transfers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_sums, "TRANSFERS_PER_UPDATE", 4)
    buyer, seller = make_buyer(balance="100"), make_seller()
    for n in (100, 200, 300, 400):
        book_order(buyer, seller, n)
    newest = Entry.objects.latest("pk").pk
    clearing = ledger.market_account(Account.Kind.CLEARING, CNY)
    assert newest - 8 <= clearing.summed_through <= newest
    assert clearing.balance == Money(4, CNY)
    assert ledger.verify().problems == ()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_uncommitted_entry_is_never_left_out() -> None:
    """The entry already has its number, and a later entry is committed before it."""
    buyer, other, seller = make_buyer(balance="100"), make_buyer(balance="100"), make_seller()
    book_order(buyer, seller, 100)
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
    book_order(buyer, seller, 200)
    assert not kept_sums.advance_sums()  # waits for the payment that is being written
    may_commit.set()
    slow.join(20)
    assert kept_sums.advance_sums()
    assert ledger.market_account(Account.Kind.CLEARING, CNY).balance == Money(502, CNY)
    assert ledger.verify().problems == ()


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"minor": 7}, {"transfers": 7}, {"currency": "USD"}, None])
def test_ledger_check_names_tampered_daily_totals(change: dict[str, int] | None) -> None:
    buyer, seller = make_buyer(balance="100"), make_seller()
    book_order(buyer, seller, 100)
    assert kept_sums.advance_sums()
    book_order(buyer, seller, 200)
    assert ledger.verify().problems == ()
    payments = DayTotal.objects.filter(kind="payment")
    if change is None:
        payments.delete()
    else:
        payments.update(**change)
    assert any("days of payment CNY keep" in problem for problem in ledger.verify().problems)


@pytest.mark.django_db
def test_daily_totals_are_complete_when_only_the_other_sums_advanced() -> None:
    """A worker of the previous release does this while the market is upgraded."""
    buyer, seller = make_buyer(balance="100"), make_seller()
    book_order(buyer, seller, 100)
    KindTotal.objects.create(
        kind="cash", currency="CNY", summed_minor=-10_000, summed_through=Entry.objects.latest("pk").pk
    )
    book_order(buyer, seller, 200)
    for moved in (False, True):
        if moved:
            assert kept_sums.advance_sums()
        paid = [day for day in figures_since(NOW.date() - timedelta(days=2), "UTC") if day.kind == "payment"]
        assert [(day.transfers, day.amount.minor) for day in paid] == [(2, 300)]


@pytest.mark.django_db
def test_upgrade_recomputes_the_daily_totals() -> None:
    buyer, seller = make_buyer(balance="100"), make_seller()
    for n in (100, 200):
        book_order(buyer, seller, n)
    kept_sums.advance_sums()
    DayTotal.objects.update(minor=1, summed_through=0)
    migration = import_module("tradepost.market.payments.migrations.from_0_1.0010_day_totals_through")
    migration.fill(apps, SimpleNamespace(connection=connection))
    assert ledger.verify().problems == ()
    assert kept_sums.advance_sums()
    assert ledger.verify().problems == ()
