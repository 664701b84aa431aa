"""Acts that need a second operator (decision 0107; opening.md §2: "money above a limit and role changes need a second operator, as
soon as one exists who could approve")."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from tests.factories import NOW, make_buyer, make_member, make_operator, make_seller
from tests.factories.approvals import make_approver
from tests.factories.transfers import CNY
from tests.market.payments.pictured import snapshot_of_the_books
from tradepost.market.approvals import requests as verbs
from tradepost.market.approvals.limits import limit_of
from tradepost.market.approvals.models import Limit, Request
from tradepost.market.base import jobs
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Event
from tradepost.market.base.money import Money
from tradepost.market.identity.models import SecondFactor, User
from tradepost.market.payments import ledger, queries
from tradepost.market.payments.correction_models import Correction
from tradepost.market.web.approved_acts import APPROVED_ACTS, CHANGE_ROLE, CORRECT_BOOKING, SET_LIMIT, TOP_UP
from tradepost.market.web.approved_commands import BookTopUp, ChangeRole, CorrectBooking, SetLimit

pytestmark = pytest.mark.django_db
ABOVE_LIMIT = 5_000_001


def top_up(buyer: User, minor: int = ABOVE_LIMIT, reference: str = "B-1") -> BookTopUp:
    return BookTopUp(user=buyer.pk, minor=minor, currency=CNY, reference=reference)


def request_approval(buyer: User, by: User, minor: int = ABOVE_LIMIT, reference: str = "B-1") -> Request:
    request = verbs.run_or_request(TOP_UP, top_up(buyer, minor, reference), by=by, now=NOW)
    assert request is not None
    return request


def balance_minor(buyer: User) -> int:
    return queries.balance(buyer, CNY).minor


def status_of(request: Request) -> str:
    return Request.objects.get(pk=request.pk).status


@pytest.mark.parametrize(("minor", "waits"), [(5_000_000, False), (ABOVE_LIMIT, True)])
def test_amount_above_the_limit_waits_and_moves_nothing(minor: int, waits: bool) -> None:
    buyer, asker, _other = make_buyer(balance="0"), make_operator(), make_approver()
    before = snapshot_of_the_books()
    request = verbs.run_or_request(TOP_UP, top_up(buyer, minor), by=asker, now=NOW)
    assert (request is not None, balance_minor(buyer)) == (waits, 0 if waits else minor)
    if request is not None:
        now = snapshot_of_the_books()
        assert {key: now[key] for key in ("entries", "transfers")} == {
            key: before[key] for key in ("entries", "transfers")
        }
        assert not Event.objects.filter(name="topped_up").exists(), "the rehearsal leaves nothing"
        assert (request.amount, request.asked_by, request.status) == (Money(minor, CNY), asker, "waiting")


def test_operator_without_a_second_one_acts_alone() -> None:
    """ "as soon as one exists who could approve": not before."""
    buyer, asker = make_buyer(balance="0"), make_operator()
    make_operator()  # without two-step sign-in
    former_operator = make_approver()
    User.objects.filter(pk=former_operator.pk).update(is_active=False)
    assert verbs.run_or_request(TOP_UP, top_up(buyer), by=asker, now=NOW) is None
    account_owner = make_approver()  # may not approve for their own account
    assert verbs.run_or_request(TOP_UP, top_up(account_owner, reference="B-2"), by=asker, now=NOW) is None
    assert (balance_minor(buyer), balance_minor(account_owner)) == (ABOVE_LIMIT, ABOVE_LIMIT)


def test_approved_act_runs_once_in_the_requesters_name() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    request = request_approval(buyer, asker)
    assert verbs.approve(request, TOP_UP, by=second, now=NOW) is None
    approved = Request.objects.get()
    assert (approved.status, approved.decided_by, balance_minor(buyer)) == ("approved", second, ABOVE_LIMIT)
    assert ledger.buyer_account(buyer, CNY).entries.get().transfer.actor == asker.email
    with pytest.raises(IllegalTransition):
        verbs.approve(request, TOP_UP, by=second, now=NOW)
    assert (balance_minor(buyer), ledger.verify().problems) == (ABOVE_LIMIT, ())


def test_refused_act_does_not_wait() -> None:
    buyer, asker, _second = make_buyer(balance="0"), make_operator(), make_approver()
    ledger.top_up(buyer, Money(1, CNY), reference="B-1", actor="op", now=NOW)
    with pytest.raises(Refused, match=r"top_up\.repeated"):
        request_approval(buyer, asker)
    assert not Request.objects.exists()


def test_same_act_waits_once() -> None:
    buyer, asker, _second = make_buyer(balance="0"), make_operator(), make_approver()
    request = request_approval(buyer, asker)
    with pytest.raises(Refused, match=r"approval\.waits"):
        request_approval(buyer, asker)
    verbs.withdraw(request, by=asker, now=NOW)
    assert request_approval(buyer, asker).pk != request.pk


def test_approval_repeats_the_checks_and_keeps_the_request() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    request = request_approval(buyer, asker)
    ledger.top_up(make_buyer(balance="0"), Money(1, CNY), reference="B-1", actor="op", now=NOW)
    refused = verbs.approve(request, TOP_UP, by=second, now=NOW)
    assert refused is not None
    assert refused.code == "top_up.repeated"
    stored_request = Request.objects.get()
    assert (stored_request.status, stored_request.problem, balance_minor(buyer)) == ("waiting", refused.message, 0)
    verbs.reject(request, "Booked elsewhere.", by=second, now=NOW)
    assert status_of(request) == "rejected"


def test_overtaken_correction_keeps_the_reason() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    booked = ledger.top_up(buyer, Money(2 * ABOVE_LIMIT, CNY), reference="B-1", actor="op", now=NOW)
    command = CorrectBooking(booking=booked.pk, minor=100, currency=CNY, reason="x", seen=0)
    request = verbs.run_or_request(CORRECT_BOOKING, command, by=asker, now=NOW)
    assert request is not None
    CORRECT_BOOKING.run(
        CorrectBooking(booking=booked.pk, minor=ABOVE_LIMIT, currency=CNY, reason="x", seen=0), asker, NOW
    )
    refused = verbs.approve(request, CORRECT_BOOKING, by=second, now=NOW)
    assert refused is not None
    assert (refused.code, Request.objects.get().problem) == ("correction.repeated", refused.message)
    assert balance_minor(buyer) == ABOVE_LIMIT


def _requester(_buyer: User, asker: User) -> User:
    return asker


def _without_second_step(_buyer: User, _requester: User) -> User:
    return make_operator()


def _other_role(_buyer: User, _requester: User) -> User:
    return make_approver("reviewer")


def _the_buyer(buyer: User, _requester: User) -> User:
    User.objects.filter(pk=buyer.pk).update(operator_role="owner")
    SecondFactor.objects.create(user=buyer, sealed="", last_step=0, created_at=NOW)
    return User.objects.get(pk=buyer.pk)


NOT_ALLOWED = [
    (_requester, "approval.own_request"),
    (_without_second_step, "approval.second_step"),
    (_other_role, "approval.role"),
    (_the_buyer, "approval.own"),
]


@pytest.mark.parametrize(("who", "code"), NOT_ALLOWED)
def test_unauthorised_decision_changes_nothing(who, code: str) -> None:
    buyer, asker, _second = make_buyer(balance="0"), make_operator(), make_approver()
    request = request_approval(buyer, asker)
    by, before = who(buyer, asker), (snapshot_of_the_books(), list(Request.objects.values()))
    for decide in (partial(verbs.approve, request, TOP_UP), partial(verbs.reject, request, "No.")):
        with pytest.raises(Refused) as refusal:
            decide(by=by, now=NOW)
        assert refusal.value.code == code
    assert (snapshot_of_the_books(), list(Request.objects.values())) == before


def test_company_member_does_not_decide_about_its_money() -> None:
    seller, asker, second, member = make_seller(), make_operator(), make_approver(), make_approver()
    make_member(seller, user=member)
    booked = ledger.repay(seller, Money(ABOVE_LIMIT, CNY), reference="B-1", actor="op", now=NOW)
    command = CorrectBooking(booking=booked.pk, minor=0, currency=CNY, reason="x", seen=0)
    request = verbs.run_or_request(CORRECT_BOOKING, command, by=asker, now=NOW)
    assert request is not None
    with pytest.raises(Refused, match=r"approval\.own"):
        verbs.approve(request, CORRECT_BOOKING, by=member, now=NOW)
    assert verbs.approve(request, CORRECT_BOOKING, by=second, now=NOW) is None


def test_only_deciding_roles_approve() -> None:
    buyer, asker, support = make_buyer(balance="0"), make_operator("finance"), make_approver("support")
    assert verbs.run_or_request(TOP_UP, top_up(buyer, reference="B-0"), by=asker, now=NOW) is None, (
        "no one else could approve"
    )
    second = make_approver("finance")
    request = request_approval(buyer, asker)
    with pytest.raises(Refused, match=r"approval\.role"):
        verbs.approve(request, TOP_UP, by=support, now=NOW)
    assert verbs.approve(request, TOP_UP, by=second, now=NOW) is None


def test_role_change_waits_and_is_not_self_approved() -> None:
    owner, second, changed = make_operator(), make_approver(), make_approver()
    request = verbs.run_or_request(CHANGE_ROLE, ChangeRole(user=changed.pk, role="support"), by=owner, now=NOW)
    assert request is not None
    with pytest.raises(Refused, match=r"approval\.own"):
        verbs.approve(request, CHANGE_ROLE, by=changed, now=NOW)
    assert User.objects.get(pk=changed.pk).operator_role == "owner"
    assert verbs.approve(request, CHANGE_ROLE, by=second, now=NOW) is None
    assert User.objects.get(pk=changed.pk).operator_role == "support"


def test_only_the_requester_withdraws() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    request = request_approval(buyer, asker)
    with pytest.raises(Refused, match=r"approval\.not_yours"):
        verbs.withdraw(request, by=second, now=NOW)
    verbs.withdraw(request, by=asker, now=NOW)
    with pytest.raises(IllegalTransition):
        verbs.approve(request, TOP_UP, by=second, now=NOW)
    assert balance_minor(buyer) == 0


def test_rejection_has_a_reason() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    request = request_approval(buyer, asker)
    for opinion in (" ", "x" * 501):
        with pytest.raises(Refused, match=r"approval\.opinion"):
            verbs.reject(request, opinion, by=second, now=NOW)
    assert status_of(request) == "waiting"


def test_request_expires() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    request = request_approval(buyer, asker)
    with pytest.raises(Refused, match=r"approval\.expired"):
        verbs.approve(request, TOP_UP, by=second, now=NOW + verbs.VALID_FOR)
    jobs.run_due({verbs.REQUEST_TIMER: verbs.expire}, now=NOW + verbs.VALID_FOR + timedelta(seconds=1))
    assert (status_of(request), balance_minor(buyer)) == ("expired", 0)


def test_request_of_a_former_operator_is_not_executed() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    request = request_approval(buyer, asker)
    User.objects.filter(pk=asker.pk).update(operator_role="")
    with pytest.raises(Refused, match=r"approval\.asker_left"):
        verbs.approve(request, TOP_UP, by=second, now=NOW)
    assert balance_minor(buyer) == 0


def test_correction_that_makes_a_debt_always_waits() -> None:
    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    booked = ledger.top_up(buyer, Money(1_000, CNY), reference="B-1", actor="op", now=NOW)
    small = CorrectBooking(booking=booked.pk, minor=900, currency=CNY, reason="x", seen=0)
    assert verbs.run_or_request(CORRECT_BOOKING, small, by=asker, now=NOW) is None
    ledger.pay(buyer, Money(800, CNY), reference="CS1", now=NOW)
    request = verbs.run_or_request(
        CORRECT_BOOKING,
        CorrectBooking(booking=booked.pk, minor=100, currency=CNY, reason="x", seen=1),
        by=asker,
        now=NOW,
    )
    assert request is not None
    assert (balance_minor(buyer), Correction.objects.count()) == (100, 1)
    assert verbs.approve(request, CORRECT_BOOKING, by=second, now=NOW) is None
    assert (balance_minor(buyer), ledger.verify().problems) == (-700, ())


def test_limit_change_needs_approval_and_then_applies() -> None:
    asker = make_operator()
    command = SetLimit(minor=100, currency=CNY, reason="A small market.")
    second = make_approver()
    request = verbs.run_or_request(SET_LIMIT, command, by=asker, now=NOW)
    assert request is not None
    assert limit_of(CNY) == Money.of(50_000, CNY)
    assert verbs.approve(request, SET_LIMIT, by=second, now=NOW) is None
    assert (limit_of(CNY), Limit.objects.get().set_by) == (Money(100, CNY), asker)
    assert request_approval(make_buyer(balance="0"), asker, 101).status == "waiting"


def test_every_act_has_an_address_and_a_stored_command() -> None:
    from tradepost.market.base.stored import check
    from tradepost.market.web.audit_acts import ACTS

    for name, act in APPROVED_ACTS.items():
        assert name in ACTS, name
        check(act.command)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_fifty_simultaneous_approvals_act_once() -> None:
    from tests.market.at_once import at_once

    buyer, asker, second = make_buyer(balance="0"), make_operator(), make_approver()
    request = request_approval(buyer, asker)
    outcomes = Counter(at_once([partial(verbs.approve, request, TOP_UP, by=second, now=NOW) for _ in range(50)]))
    assert outcomes == {"done": 1, "approval.not_allowed": 49}
    assert (balance_minor(buyer), ledger.verify().problems) == (ABOVE_LIMIT, ())
