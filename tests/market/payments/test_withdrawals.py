"""A balance is paid to a bank account after an approval (decision 0107; issue 28: "Withdrawals of a balance to a bank account with
approval; rejected and returned transfers")."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOW, make_buyer, make_operator, make_seller
from tests.factories.transfers import CNY, came
from tests.market.payments.pictured import snapshot_of_the_books
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.billing import collect_debt
from tradepost.market.identity.models import User
from tradepost.market.payments import debts, ledger, queries, settling, unmatched
from tradepost.market.payments import withdrawals as verbs
from tradepost.market.payments.intent_models import ProviderFact
from tradepost.market.payments.models import Account
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.payments.withdrawal_queries import is_withdrawal

pytestmark = pytest.mark.django_db
PAYEE = {"holder": "蓝天科技有限公司", "bank": "招商银行", "branch": "杭州分行", "account": "6225 8801 2345 6789"}


def request_withdrawal(buyer: User, major: int = 60, **other: str) -> Withdrawal:
    return verbs.request(buyer, Money.of(major, CNY), verbs.Payee(**(PAYEE | other)), now=NOW)


def balance_and_held(buyer: User) -> tuple[int, int]:
    """Return the balance and the held amount in major units."""
    held = ledger.market_account(Account.Kind.HELD, CNY).balance
    return queries.balance(buyer, CNY).minor // 100, held.minor // 100


def reload(withdrawal: Withdrawal) -> Withdrawal:
    return Withdrawal.objects.select_related("user").get(pk=withdrawal.pk)


def test_withdrawal_is_held_approved_paid_and_the_books_balance_at_every_step() -> None:
    buyer, operator = make_buyer(balance="100"), make_operator()
    withdrawal = request_withdrawal(buyer)
    assert (balance_and_held(buyer), withdrawal.status, ledger.verify().problems) == ((40, 60), "requested", ())
    verbs.approve(withdrawal, by=operator, now=NOW)
    assert (balance_and_held(buyer), reload(withdrawal).approved_by) == ((40, 60), operator.email)
    verbs.pay(withdrawal, "icbc-1", by=operator, now=NOW)
    assert (balance_and_held(buyer), reload(withdrawal).status, reload(withdrawal).bank_number) == (
        (40, 0),
        "paid",
        "ICBC-1",
    )
    assert ledger.verify().problems == ()


def test_buyer_withdraws_the_request_before_approval_and_not_after() -> None:
    buyer, operator = make_buyer(balance="100"), make_operator()
    withdrawal, other = request_withdrawal(buyer), request_withdrawal(buyer, 10)
    verbs.withdraw(withdrawal, now=NOW)
    assert (balance_and_held(buyer), reload(withdrawal).status) == ((90, 10), "withdrawn")
    verbs.approve(other, by=operator, now=NOW)
    with pytest.raises(IllegalTransition):
        verbs.withdraw(other, now=NOW)
    assert (balance_and_held(buyer), ledger.verify().problems) == ((90, 10), ())


@pytest.mark.parametrize("approved", [False, True])
def test_rejection_returns_the_money_with_its_reason(approved: bool) -> None:
    buyer, operator = make_buyer(balance="100"), make_operator()
    withdrawal = request_withdrawal(buyer)
    if approved:
        verbs.approve(withdrawal, by=operator, now=NOW)
    verbs.reject(withdrawal, "Not the account of the company.", by=operator, now=NOW)
    assert (balance_and_held(buyer), reload(withdrawal).status, reload(withdrawal).reason) == (
        (100, 0),
        "rejected",
        "Not the account of the company.",
    )
    assert ledger.verify().problems == ()


def test_money_returned_by_the_bank_goes_to_the_balance_and_pays_usage_first() -> None:
    buyer, operator, seller = make_buyer(balance="60"), make_operator(), make_seller()
    withdrawal = request_withdrawal(buyer)
    verbs.approve(withdrawal, by=operator, now=NOW)
    verbs.pay(withdrawal, "ICBC-1", by=operator, now=NOW)
    debts.book_debt(buyer, seller, Money.of(5, CNY), reference="U1", now=NOW)
    verbs.bounce(withdrawal, "Account closed.", by=operator, now=NOW)
    assert (balance_and_held(buyer), reload(withdrawal).status, reload(withdrawal).reason) == (
        (60, 0),
        "returned",
        "Account closed.",
    )
    collect_debt.collect(buyer, CNY, now=NOW)
    assert ledger.verify().problems == ()


REFUSED = (
    ("withdrawal.too_much", {"major": 101}),
    ("withdrawal.amount", {"major": 0}),
    ("withdrawal.holder", {"holder": "  "}),
    ("withdrawal.holder", {"holder": "x" * 129}),
    ("withdrawal.bank", {"bank": ""}),
    ("withdrawal.branch", {"branch": "x" * 129}),
    ("withdrawal.account", {"account": "1234567"}),
    ("withdrawal.account", {"account": "1" * 33}),
    ("withdrawal.account", {"account": "6225 8801 23x5"}),
)


@pytest.mark.parametrize(("code", "other"), REFUSED)
def test_refused_withdrawal_changes_nothing(code: str, other: dict) -> None:
    buyer = make_buyer(balance="100")
    before = snapshot_of_the_books()
    with pytest.raises(Refused) as refused:
        request_withdrawal(buyer, **other)
    assert refused.value.code == code
    assert (snapshot_of_the_books(), Withdrawal.objects.exists()) == (before, False)


def test_balance_in_debt_pays_out_nothing_and_open_requests_are_limited() -> None:
    buyer = make_buyer(balance="100")
    for _ in range(verbs.MAX_OPEN):
        request_withdrawal(buyer, 1)
    with pytest.raises(Refused, match=r"withdrawal\.too_many"):
        request_withdrawal(buyer, 1)


def test_bank_account_is_sealed_and_shown_by_its_last_digits() -> None:
    withdrawal = request_withdrawal(make_buyer(balance="100"))
    assert "6789" not in withdrawal.sealed_account
    assert (withdrawal.account_hint, verbs.account_of(withdrawal)) == ("•••• 6789", "6225880123456789")


def test_bank_reference_pays_once_whatever_it_pays() -> None:
    buyer, operator, seller = make_buyer(balance="100"), make_operator(), make_seller()
    withdrawal, other = request_withdrawal(buyer, 10), request_withdrawal(buyer, 20)
    ledger.pay(buyer, Money.of(20, CNY), reference="CS1", now=NOW)
    ledger.earn(seller, Money.of(20, CNY), reference="CS1-1", order_number="CS1", now=NOW)
    settling.settle(seller, gross=Money.of(20, CNY), fee=Money(0, CNY), reference="S1", actor="op", now=NOW)
    settling.pay_out(seller, Money.of(20, CNY), reference="B-STATEMENT", actor="op", now=NOW)
    for request in (withdrawal, other):
        verbs.approve(request, by=operator, now=NOW)
    verbs.pay(withdrawal, "B-1", by=operator, now=NOW)
    before = snapshot_of_the_books()
    for number in ("b-1", "B-STATEMENT"):
        with pytest.raises(Refused, match=r"withdrawal\.repeated"):
            verbs.pay(other, number, by=operator, now=NOW)
    assert (snapshot_of_the_books(), reload(other).status) == (before, "approved")


def test_statement_cannot_reuse_the_reference_of_a_withdrawal() -> None:
    buyer, operator = make_buyer(balance="100"), make_operator()
    withdrawal = request_withdrawal(buyer)
    verbs.approve(withdrawal, by=operator, now=NOW)
    verbs.pay(withdrawal, "icbc-1", by=operator, now=NOW)
    assert [is_withdrawal(number) for number in ("ICBC-1", " icbc-1 ", "ICBC-2")] == [True, True, False]


def test_operator_cannot_decide_their_own_withdrawal() -> None:
    operator = make_operator()
    ledger.top_up(operator, Money.of(10, CNY), reference="B-1", actor="op", now=NOW)
    withdrawal = request_withdrawal(operator, 10)
    acts = (
        partial(verbs.approve, withdrawal), partial(verbs.reject, withdrawal, "x"), partial(verbs.pay, withdrawal, "B-2"),
        partial(verbs.bounce, withdrawal, "x"),
    )  # fmt: skip
    for act in acts:
        with pytest.raises(Refused, match=r"transfer\.own"):
            act(by=operator, now=NOW)
    assert reload(withdrawal).status == "requested"


def test_ledger_check_finds_a_tampered_withdrawal() -> None:
    request_withdrawal(make_buyer(balance="100"))
    Withdrawal.objects.update(amount_minor=1)
    assert any("is held for withdrawals" in problem for problem in ledger.verify().problems)


def test_returned_money_that_arrives_again_is_unmatched_and_sent_back_again() -> None:
    operator = make_operator()
    fact = unmatched.record(came("B-1", 7_000), by=operator, now=NOW)
    for bounces in (1, 2):
        unmatched.return_to_sender(fact, note="Bank transfer.", by=operator, now=NOW)
        assert ledger.verify().problems == ()
        unmatched.bounce(fact, note="Account closed.", by=operator, now=NOW)
        stored_fact = ProviderFact.objects.get()
        assert (stored_fact.status, stored_fact.bounces, stored_fact.moved) == ("unmatched", bounces, None)
        assert ledger.market_account(Account.Kind.SUSPENSE, CNY).balance == Money(7_000, CNY)
        assert ledger.verify().problems == ()
    before = snapshot_of_the_books()
    with pytest.raises(IllegalTransition):
        unmatched.bounce(fact, note="x", by=operator, now=NOW)
    assert snapshot_of_the_books() == before


ACTS = ("ask", "withdraw", "approve", "reject", "pay", "bounce", "top_up", "spend")


@pytest.mark.django_db
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.integers(1, 60)), max_size=20))
def test_books_balance_after_any_acts(steps: list[tuple[str, int, int]]) -> None:
    from django.db import transaction

    with transaction.atomic():
        buyer, operator = make_buyer(balance="100"), make_operator()
        for n, (name, which, major) in enumerate(steps):
            withdrawal = list(Withdrawal.objects.filter(user=buyer).select_related("user").order_by("-pk")[: which + 1])
            latest = withdrawal[-1] if withdrawal else None
            try:
                with transaction.atomic():
                    if name == "ask":
                        request_withdrawal(buyer, major)
                    elif name == "top_up":
                        ledger.top_up(buyer, Money.of(major, CNY), reference=f"{buyer.pk}-{n}", actor="op", now=NOW)
                    elif name == "spend":
                        ledger.pay(buyer, Money.of(major, CNY), reference=f"CS{buyer.pk}-{n}", now=NOW)
                    elif latest is not None:
                        _act(name, latest, operator, f"B-{buyer.pk}-{major}")
            except Refused:
                pass  # a refusal changed nothing, or the invariants below do not hold
        assert ledger.verify().problems == ()
        transaction.set_rollback(True)


def _act(name: str, withdrawal: Withdrawal, operator: User, number: str) -> None:
    if name == "withdraw":
        verbs.withdraw(withdrawal, now=NOW)
    elif name == "approve":
        verbs.approve(withdrawal, by=operator, now=NOW)
    elif name == "pay":
        verbs.pay(withdrawal, number, by=operator, now=NOW)
    else:
        getattr(verbs, name)(withdrawal, "x", by=operator, now=NOW)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_concurrent_acts_on_one_withdrawal_have_one_outcome() -> None:
    from tests.market.at_once import at_once

    buyer, operator = make_buyer(balance="100"), make_operator()
    withdrawal = request_withdrawal(buyer)
    acts = [
        partial(verbs.withdraw, withdrawal, now=NOW),
        partial(verbs.reject, withdrawal, "x", by=operator, now=NOW),
    ] * 10
    outcomes = Counter(at_once(acts))
    assert outcomes == {"done": 1, "withdrawal.not_allowed": 19}
    assert (balance_and_held(buyer), ledger.verify().problems) == ((100, 0), ())
