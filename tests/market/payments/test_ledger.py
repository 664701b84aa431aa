"""Double entry: bookings sum to zero, are booked once, and cannot be changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOW, make_buyer, make_seller
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.payments.queries import TransferFilter, transfers

CNY = "CNY"
REASONS = {
    "take_back": Transfer.Reason.TAKEN_BACK,
    "pay": Transfer.Reason.PAYMENT,
    "refund": Transfer.Reason.REFUND,
    "earn": Transfer.Reason.EARNED,
}


def yuan(major: str | int) -> Money:
    return Money.of(major, CNY)


@pytest.mark.django_db
def test_pay_refund_and_earn_move_the_clearing_balance() -> None:
    buyer, seller = make_buyer(balance="100"), make_seller()
    ledger.pay(buyer, yuan(60), reference="CS1", now=NOW)
    clearing = ledger.market_account(Account.Kind.CLEARING, CNY)
    assert (ledger.buyer_account(buyer, CNY).balance, clearing.balance) == (yuan(40), yuan(60))
    ledger.refund(buyer, yuan(20), reference="CS1", now=NOW)
    ledger.earn(seller, yuan(40), reference="CS1-000001", order_number="CS1", now=NOW)
    assert ledger.buyer_account(buyer, CNY).balance == yuan(60)
    assert ledger.seller_account(seller, CNY).balance == yuan(40)
    assert ledger.market_account(Account.Kind.CLEARING, CNY).balance == yuan(0)
    assert ledger.verify().problems == ()


@pytest.mark.django_db
def test_insufficient_balance_is_refused_and_nothing_moves() -> None:
    buyer = make_buyer(balance="59.99")
    before = Transfer.objects.count()
    with pytest.raises(Refused) as refused:
        ledger.pay(buyer, yuan(60), reference="CS1", now=NOW)
    assert (refused.value.code, refused.value.status) == ("balance.too_low", 402)
    assert (Transfer.objects.count(), ledger.buyer_account(buyer, CNY).balance) == (before, yuan("59.99"))


@pytest.mark.django_db
def test_same_reference_is_never_booked_twice() -> None:
    buyer = make_buyer(balance="100")
    ledger.top_up(buyer, yuan(1), reference="BANK-9", actor="op", now=NOW)
    with pytest.raises(Refused, match=r"top_up\.repeated"):
        ledger.top_up(buyer, yuan(1), reference="BANK-9", actor="op", now=NOW)
    ledger.pay(buyer, yuan(1), reference="CS1", now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        ledger.pay(buyer, yuan(1), reference="CS1", now=NOW)
    assert ledger.buyer_account(buyer, CNY).balance == yuan(100)


@pytest.mark.parametrize("amount", [0, -5])
@pytest.mark.django_db
def test_top_up_must_be_positive(amount: int) -> None:
    with pytest.raises(Refused, match=r"top_up\.amount"):
        ledger.top_up(make_buyer(balance="0"), yuan(amount), reference="x", actor="op", now=NOW)


@pytest.mark.django_db
def test_zero_amount_moves_nothing() -> None:
    assert ledger.pay(make_buyer(balance="0"), yuan(0), reference="CS1", now=NOW) is None


@pytest.mark.parametrize("model", [Entry, Transfer])
@pytest.mark.parametrize("verb", ["update", "delete"])
@pytest.mark.django_db
def test_database_refuses_changes_of_the_ledger(model: type[Entry | Transfer], verb: str) -> None:
    make_buyer(balance="5")
    field = "amount_minor" if model is Entry else "note"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        if verb == "update":
            model._default_manager.update(**{field: 7})
        else:
            model._default_manager.all()._raw_delete("default")
    assert ledger.verify().problems == ()


@pytest.mark.django_db
def test_ledger_check_names_a_tampered_balance() -> None:
    buyer = make_buyer(balance="5")
    Account.objects.filter(user=buyer).update(balance_minor=999)
    problems = ledger.verify().problems
    assert any("says 999, its entries 500" in p for p in problems)
    assert any("says 999" in p for p in problems)


@pytest.mark.django_db
def test_seller_earnings_are_returned_and_refunded_in_parts() -> None:
    """business-rules §4.7, §8.2: money back to where it came from; never more than was earned with this order."""
    buyer, seller = make_buyer(balance="100"), make_seller()
    for number in ("CS1", "CS2"):
        ledger.pay(buyer, yuan(50), reference=number, now=NOW)
        ledger.earn(seller, yuan(50), reference=f"{number}-000001", order_number=number, now=NOW)
    for part in ("a", "b"):
        ledger.reverse_earning(seller, yuan(20), reference=f"CS1/{part}", order_number="CS1", now=NOW)
        ledger.refund(buyer, yuan(20), reference=f"CS1/{part}", order_number="CS1", now=NOW)
    before = Transfer.objects.count()
    with pytest.raises(ledger.Overdrawn), transaction.atomic():
        ledger.reverse_earning(seller, yuan(11), reference="CS1/c", order_number="CS1", now=NOW)
    with pytest.raises(ledger.Overdrawn), transaction.atomic():
        ledger.refund(buyer, yuan(1), reference="CS1/c", order_number="CS1", now=NOW)
    assert Transfer.objects.count() == before, "what another order holds or earned is not touched"
    assert (ledger.buyer_account(buyer, CNY).balance, ledger.seller_account(seller, CNY).balance) == (
        yuan(40),
        yuan(60),
    )
    assert ledger.money_in_clearing("CS1") == 0
    assert ledger.verify().problems == ()


@pytest.mark.django_db
def test_seller_may_owe_after_a_payout_but_an_order_refunds_no_more_than_it_held() -> None:
    """operations.md §7: seller below zero after payout."""
    buyer, seller = make_buyer(balance="50"), make_seller()
    ledger.pay(buyer, yuan(50), reference="CS1", now=NOW)
    ledger.earn(seller, yuan(50), reference="CS1-000001", order_number="CS1", now=NOW)
    paid_out = Transfer.objects.create(reason="earned", reference="payout", actor="op", at=NOW)
    for account, minor in (
        (ledger.seller_account(seller, CNY), -5_000),
        (ledger.market_account(Account.Kind.CASH, CNY), 5_000),
    ):
        Entry.objects.create(transfer=paid_out, account=account, amount_minor=minor)
    ledger.reverse_earning(seller, yuan(50), reference="CS1/a", order_number="CS1", now=NOW)
    assert ledger.seller_account(seller, CNY).balance == yuan(-50)
    assert ledger.verify().problems == ()
    wrong = Transfer.objects.create(reason="refund", reference="x", order_number="CS9", actor="op", at=NOW)
    for account, minor in (
        (ledger.seller_account(seller, CNY), -1),
        (ledger.buyer_account(buyer, CNY), 1),
    ):
        Entry.objects.create(transfer=wrong, account=account, amount_minor=minor)
    problems = ledger.verify().problems
    assert any("order CS9 took 1 more from account" in problem for problem in problems)
    assert any("order CS9 gave account" in problem for problem in problems)


steps = st.lists(
    st.tuples(st.sampled_from(["top_up", "pay", "refund", "earn", "take_back"]), st.integers(1, 50_000)),
    min_size=1,
    max_size=25,
)


@given(steps)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db
def test_any_history_of_bookings_keeps_every_invariant(history: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        buyer, seller = make_buyer(balance="0"), make_seller()
        for n, (verb, minor) in enumerate(history):
            amount, reference = Money(minor, CNY), f"R{n % 4}"
            if (
                verb != "top_up"
                and Transfer.objects.filter(reference__in=[reference, f"{reference}-1"], reason=REASONS[verb]).exists()
            ):
                continue  # the database refuses a second booking: see above
            try:
                if verb == "top_up":
                    ledger.top_up(buyer, amount, reference=f"{buyer.pk}-{n}", actor="op", now=NOW)
                elif verb == "pay":
                    ledger.pay(buyer, amount, reference=reference, now=NOW)
                elif verb == "refund":
                    ledger.refund(buyer, amount, reference=f"{reference}/{n}", order_number=reference, now=NOW)
                elif verb == "take_back":
                    ledger.reverse_earning(
                        seller, amount, reference=f"{reference}/{n}", order_number=reference, now=NOW
                    )
                else:
                    ledger.earn(seller, amount, reference=f"{reference}-1", order_number=reference, now=NOW)
            except (Refused, ledger.Overdrawn):
                pass  # more than the balance, or already booked: refused, and the invariants below still hold
        assert ledger.verify().problems == ()
        assert all(a.balance.minor >= 0 for a in Account.objects.exclude(kind=Account.Kind.CASH))
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_backdated_booking_is_found_by_its_time() -> None:
    """When the clock of a sandbox jumps, earnings are booked at moments that it jumped over."""
    buyer = make_buyer(balance="0")
    for n, days in enumerate((0, 10, 3)):
        ledger.top_up(buyer, yuan(1), reference=f"BANK-{n}", actor="op", now=NOW + timedelta(days=days))
    query = TransferFilter(since=NOW + timedelta(days=2), until=NOW + timedelta(days=5), backdated=True)
    assert [row.transfer.reference for row in transfers(query).rows] == ["BANK-2"]
