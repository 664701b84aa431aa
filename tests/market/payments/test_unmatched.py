"""Money received without a reference (money.md §2, SUSPENSE ≥ 0) is kept until an operator assigns it."""

from __future__ import annotations

import pytest

from tests.factories import NOW, make_buyer, make_operator, make_seller
from tests.factories.transfers import CNY, announce, came, show
from tests.market.payments.pictured import reload, snapshot_of_the_books
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Event
from tradepost.market.base.money import Money
from tradepost.market.payments import debts, kept_sums, ledger, queries, unmatched
from tradepost.market.payments.confirm import confirm
from tradepost.market.payments.intent_models import ProviderFact
from tradepost.market.payments.models import Account, KindTotal
from tradepost.market.payments.totals import HELD_KINDS, SETTLED_KINDS, USAGE_KINDS, books

pytestmark = pytest.mark.django_db


def suspense_balance() -> Money:
    return ledger.market_account(Account.Kind.SUSPENSE, CNY).balance


def test_money_is_suspended_then_assigned_and_the_books_balance_at_every_step() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=NOW)
    assert (fact.status, suspense_balance()) == ("unmatched", Money(7_000, CNY))
    assert ledger.verify().problems == ()
    assert not Event.objects.filter(name="topped_up").exists(), "nobody is told of money that is nobody's"
    unmatched.assign(fact, buyer, note="The payer is Lantian.", by=operator, now=NOW)
    assert (suspense_balance(), queries.balance(buyer, CNY)) == (Money(0, CNY), Money(7_000, CNY))
    stored_fact = ProviderFact.objects.get()
    assert stored_fact.moved is not None
    assert (stored_fact.status, stored_fact.user, stored_fact.moved.reason, stored_fact.note) == (
        "matched",
        buyer,
        "assigned",
        "",
    )
    assert stored_fact.moved.note == "The payer is Lantian."
    assert Event.objects.filter(name="topped_up", facts__transfer=stored_fact.moved_id).count() == 1
    assert ledger.verify().problems == ()


def test_money_completes_an_announced_transfer() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent, shown = announce(buyer), show(announce(buyer, 20_000))
    for number, transfer in (("B-1", intent), ("B-2", shown)):
        fact = unmatched.record(came(number, 7_000), by=operator, now=NOW)
        unmatched.assign(fact, buyer, intent=transfer, note="Named it on the phone.", by=operator, now=NOW)
        assert reload(transfer).status == "succeeded"
        assert reload(transfer).fact == ProviderFact.objects.get(provider_no=number)
    assert ledger.verify().problems == ()


def test_money_is_sent_back() -> None:
    operator = make_operator()
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=NOW)
    unmatched.return_to_sender(fact, note="Bank transfer B-77.", by=operator, now=NOW)
    assert suspense_balance() == ledger.market_account(Account.Kind.CASH, CNY).balance == Money(0, CNY)
    before = snapshot_of_the_books()
    with pytest.raises(IllegalTransition):
        unmatched.assign(fact, make_operator(), note="x", by=make_operator(), now=NOW)
    with pytest.raises(IllegalTransition):
        unmatched.return_to_sender(fact, note="x", by=operator, now=NOW)
    assert snapshot_of_the_books() == before
    assert ledger.verify().problems == ()


def test_bank_reference_is_booked_once_for_any_destination() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = show(announce(buyer))
    unmatched.record(came("B-1"), by=operator, now=NOW)
    before = snapshot_of_the_books()
    for book in (
        lambda: unmatched.record(came("b-1"), by=operator, now=NOW),
        lambda: confirm(intent, came("B-1"), by=operator, now=NOW),
        lambda: ledger.top_up(buyer, Money(1, CNY), reference="B-1", actor="operator", now=NOW),
    ):
        with pytest.raises(Refused, match=r"top_up\.repeated"):
            book()
    assert snapshot_of_the_books() == before


def test_refusal_changes_nothing() -> None:
    buyer, other, operator = make_buyer(balance="0"), make_buyer(balance="0"), make_operator()
    intent, fact = announce(other), unmatched.record(came("B-1"), by=operator, now=NOW)
    before = snapshot_of_the_books()
    with pytest.raises(Refused, match=r"money\.not_theirs"):
        unmatched.assign(fact, buyer, intent=intent, note="x", by=operator, now=NOW)
    with pytest.raises(Refused, match=r"money\.note"):
        unmatched.assign(fact, buyer, note="  ", by=operator, now=NOW)
    with pytest.raises(Refused, match=r"transfer\.own"):
        unmatched.assign(fact, operator, note="x", by=operator, now=NOW)
    with pytest.raises(Refused, match=r"money\.note"):
        unmatched.return_to_sender(fact, note="x" * 201, by=operator, now=NOW)
    assert snapshot_of_the_books() == before


@pytest.mark.parametrize(
    ("model", "change", "expected"),
    [
        (ProviderFact, {"amount_minor": 1}, "was booked"),
        (ProviderFact, {"status": "returned"}, "is called returned"),
        (ProviderFact, {"status": "matched"}, "suspense holds"),
        (KindTotal, {"summed_minor": 1}, "are kept as"),
    ],
)
def test_ledger_check_finds_inconsistent_unmatched_money(model, change: dict[str, object], expected: str) -> None:
    unmatched.record(came("B-1", 7_000), by=make_operator(), now=NOW)
    kept_sums.advance_sums()
    assert ledger.verify().problems == ()
    model.objects.update(**change)
    assert any(expected in problem for problem in ledger.verify().problems)


def test_ledger_check_finds_a_completed_transfer_without_money() -> None:
    intent = announce(make_buyer(balance="0"))
    type(intent).objects.update(status="succeeded")
    assert [intent.number in problem for problem in ledger.verify().problems] == [True]


# --- totals -------------------------------------------------------------------------------------------------------------


def totals() -> tuple[int, dict[str, int], int]:
    [outcome] = books()
    owed = {
        t.kind.value: t.amount.minor for t in outcome.owed if t.kind not in (*HELD_KINDS, *USAGE_KINDS, *SETTLED_KINDS)
    }
    return outcome.came.minor, owed, outcome.difference.minor


def test_totals_of_received_and_owed_money_agree_before_and_after_summing(django_assert_num_queries) -> None:
    """Issue 12: the ledger's totals of buyers and sellers visibly sum."""
    assert books() == []
    buyer, operator = make_buyer(balance="100"), make_operator()
    ledger.pay(buyer, Money(3_000, CNY), reference="CS1", now=NOW)
    unmatched.record(came("B-1", 7_000), by=operator, now=NOW)
    expected = (17_000, {"buyer": 7_000, "seller": 0, "clearing": 3_000, "suspense": 7_000}, 0)
    assert totals() == expected
    for _ in range(2):
        assert kept_sums.advance_sums()
        assert totals() == expected
    # Only suspense moves: its stored sum is not added twice.
    unmatched.assign(ProviderFact.objects.get(), buyer, note="x", by=operator, now=NOW)
    for _ in range(3):
        assert kept_sums.advance_sums()
        assert totals() == (17_000, {"buyer": 14_000, "seller": 0, "clearing": 3_000, "suspense": 0}, 0)
        assert suspense_balance() == Money(0, CNY)
    assert ledger.verify().problems == ()
    with django_assert_num_queries(2):  # the position of the sums, and the entries after it
        books()


def test_unpaid_usage_nets_to_zero_until_collected() -> None:
    """money.md §2: charge: DEBT − x, UNCOLLECTED + x; collect: BUYER − y, DEBT + y, UNCOLLECTED − y, SELLER + y."""
    buyer, seller = make_buyer(balance="100"), make_seller()
    debts.book_debt(buyer, seller, Money(2_500, CNY), reference="U1", now=NOW)
    debts.collect(buyer, seller, Money(1_000, CNY), reference="U1/1", now=NOW)
    for _ in range(2):
        [outcome] = books()
        assert {t.kind.value: t.amount.minor for t in outcome.owed} == {
            "buyer": 9_000, "seller": 1_000, "clearing": 0, "suspense": 0, "held": 0, "uncollected": 1_500, "debt": -1_500, "payable": 0,
            "fee": 0,
        }  # fmt: skip
        assert (outcome.came.minor, outcome.owed_together.minor, outcome.difference.minor) == (10_000, 10_000, 0)
        assert kept_sums.advance_sums()
    assert ledger.verify().problems == ()
