"""Money that came without a reference (money.md §2, SUSPENSE ≥ 0): kept until an operator knows whose it is."""

from __future__ import annotations

import pytest

from tests.factories import NOW, make_buyer, make_operator, make_seller
from tests.factories.transfers import CNY, announce, came, show
from tests.market.payments.pictured import again, picture_of_the_books
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Event
from tradepost.market.base.money import Money
from tradepost.market.payments import debts, kept_sums, ledger, queries, unmatched
from tradepost.market.payments.confirm import confirm
from tradepost.market.payments.intent_models import ProviderFact
from tradepost.market.payments.models import Account, KindTotal
from tradepost.market.payments.totals import SETTLED, USAGE, books

pytestmark = pytest.mark.django_db


def suspended() -> Money:
    return ledger.market_account(Account.Kind.SUSPENSE, CNY).balance


def test_it_is_suspended_then_assigned_and_the_books_balance_at_every_step() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=NOW)
    assert (fact.status, suspended()) == ("unmatched", Money(7_000, CNY))
    assert ledger.verify().problems == ()
    assert not Event.objects.filter(name="topped_up").exists(), "nobody is told of money that is nobody's"
    unmatched.assign(fact, buyer, note="The payer is Lantian.", by=operator, now=NOW)
    assert (suspended(), queries.balance(buyer, CNY)) == (Money(0, CNY), Money(7_000, CNY))
    kept = ProviderFact.objects.get()
    assert kept.moved is not None
    assert (kept.status, kept.user, kept.moved.reason, kept.note) == ("matched", buyer, "assigned", "")
    assert kept.moved.note == "The payer is Lantian."
    assert Event.objects.filter(name="topped_up", facts__transfer=kept.moved_id).count() == 1
    assert ledger.verify().problems == ()


def test_it_may_be_an_announced_transfer_that_is_done_then() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent, shown = announce(buyer), show(announce(buyer, 20_000))
    for number, one in (("B-1", intent), ("B-2", shown)):
        fact = unmatched.record(came(number, 7_000), by=operator, now=NOW)
        unmatched.assign(fact, buyer, intent=one, note="Named it on the phone.", by=operator, now=NOW)
        assert again(one).status == "succeeded"
        assert again(one).fact == ProviderFact.objects.get(provider_no=number)
    assert ledger.verify().problems == ()


def test_it_is_sent_back() -> None:
    operator = make_operator()
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=NOW)
    unmatched.send_back(fact, note="Bank transfer B-77.", by=operator, now=NOW)
    assert suspended() == ledger.market_account(Account.Kind.CASH, CNY).balance == Money(0, CNY)
    before = picture_of_the_books()
    with pytest.raises(IllegalTransition):
        unmatched.assign(fact, make_operator(), note="x", by=make_operator(), now=NOW)
    with pytest.raises(IllegalTransition):
        unmatched.send_back(fact, note="x", by=operator, now=NOW)
    assert picture_of_the_books() == before
    assert ledger.verify().problems == ()


def test_one_number_is_booked_once_wherever_the_money_went() -> None:
    buyer, operator = make_buyer(balance="0"), make_operator()
    intent = show(announce(buyer))
    unmatched.record(came("B-1"), by=operator, now=NOW)
    before = picture_of_the_books()
    for book in (
        lambda: unmatched.record(came("b-1"), by=operator, now=NOW),
        lambda: confirm(intent, came("B-1"), by=operator, now=NOW),
        lambda: ledger.top_up(buyer, Money(1, CNY), reference="B-1", actor="operator", now=NOW),
    ):
        with pytest.raises(Refused, match=r"top_up\.repeated"):
            book()
    assert picture_of_the_books() == before


def test_what_is_refused_changes_nothing() -> None:
    buyer, other, operator = make_buyer(balance="0"), make_buyer(balance="0"), make_operator()
    intent, fact = announce(other), unmatched.record(came("B-1"), by=operator, now=NOW)
    before = picture_of_the_books()
    with pytest.raises(Refused, match=r"money\.not_theirs"):
        unmatched.assign(fact, buyer, intent=intent, note="x", by=operator, now=NOW)
    with pytest.raises(Refused, match=r"money\.note"):
        unmatched.assign(fact, buyer, note="  ", by=operator, now=NOW)
    with pytest.raises(Refused, match=r"transfer\.own"):
        unmatched.assign(fact, operator, note="x", by=operator, now=NOW)
    with pytest.raises(Refused, match=r"money\.note"):
        unmatched.send_back(fact, note="x" * 201, by=operator, now=NOW)
    assert picture_of_the_books() == before


@pytest.mark.parametrize(
    ("model", "change", "said"),
    [
        (ProviderFact, {"amount_minor": 1}, "was booked"),
        (ProviderFact, {"status": "returned"}, "is called returned"),
        (ProviderFact, {"status": "matched"}, "suspense holds"),
        (KindTotal, {"summed_minor": 1}, "are kept as"),
    ],
)
def test_the_check_of_the_ledger_sees_what_does_not_agree(model, change: dict[str, object], said: str) -> None:
    unmatched.record(came("B-1", 7_000), by=make_operator(), now=NOW)
    kept_sums.move_on()
    assert ledger.verify().problems == ()
    model.objects.update(**change)
    assert any(said in problem for problem in ledger.verify().problems)


def test_the_check_of_the_ledger_sees_a_transfer_that_is_done_without_money() -> None:
    intent = announce(make_buyer(balance="0"))
    type(intent).objects.update(status="succeeded")
    assert [intent.number in problem for problem in ledger.verify().problems] == [True]


# --- totals -------------------------------------------------------------------------------------------------------------


def totals() -> tuple[int, dict[str, int], int]:
    [one] = books()
    owed = {t.kind.value: t.amount.minor for t in one.owed if t.kind not in (*USAGE, *SETTLED)}
    return one.came.minor, owed, one.difference.minor


def test_what_came_in_is_what_is_owed_before_and_after_the_sums_move_on(django_assert_num_queries) -> None:
    """Issue 12: the ledger's totals of buyers and sellers visibly sum."""
    assert books() == []
    buyer, operator = make_buyer(balance="100"), make_operator()
    ledger.pay(buyer, Money(3_000, CNY), reference="CS1", now=NOW)
    unmatched.record(came("B-1", 7_000), by=operator, now=NOW)
    found = (17_000, {"buyer": 7_000, "seller": 0, "clearing": 3_000, "suspense": 7_000}, 0)
    assert totals() == found
    for _ in range(2):
        assert kept_sums.move_on()
        assert totals() == found
    # Only suspense moves: what is kept of it is not added twice.
    unmatched.assign(ProviderFact.objects.get(), buyer, note="x", by=operator, now=NOW)
    for _ in range(3):
        assert kept_sums.move_on()
        assert totals() == (17_000, {"buyer": 14_000, "seller": 0, "clearing": 3_000, "suspense": 0}, 0)
        assert suspended() == Money(0, CNY)
    assert ledger.verify().problems == ()
    with django_assert_num_queries(2):  # how far the sums are, and what came since
        books()


def test_usage_that_is_owed_is_nothing_together_until_it_is_paid() -> None:
    """money.md §2: charge: DEBT − x, UNCOLLECTED + x; collect: BUYER − y, DEBT + y, UNCOLLECTED − y, SELLER + y."""
    buyer, seller = make_buyer(balance="100"), make_seller()
    debts.owe(buyer, seller, Money(2_500, CNY), reference="U1", now=NOW)
    debts.collect(buyer, seller, Money(1_000, CNY), reference="U1/1", now=NOW)
    for _ in range(2):
        [one] = books()
        assert {t.kind.value: t.amount.minor for t in one.owed} == {
            "buyer": 9_000, "seller": 1_000, "clearing": 0, "suspense": 0, "uncollected": 1_500, "debt": -1_500, "payable": 0,
            "fee": 0,
        }  # fmt: skip
        assert (one.came.minor, one.owed_together.minor, one.difference.minor) == (10_000, 10_000, 0)
        assert kept_sums.move_on()
    assert ledger.verify().problems == ()
