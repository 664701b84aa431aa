"""Refunds agreed between buyer and seller: requested, answered, withdrawn, appealed, decided (business-rules §4.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_buyer, make_operator
from tests.market.engine import react
from tests.market.fulfilment.refund_acts import PATIENCE, agreed, asks, of_seller, operator_decision
from tests.market.fulfilment.services import again, command, done, failed, open_call, passes, renewed, service, told
from tests.market.fulfilment.unsubscribing import DAY, PRICE, RULES, balance, facts, owed
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Job
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.fulfilment.unsubscribe import approve_refund
from tradepost.market.identity.models import Member
from tradepost.market.orders import refund_requests
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import RefundRequest, request_refund
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Release

pytestmark = pytest.mark.django_db


def test_agreed_amount_is_refunded_and_the_service_ends() -> None:
    """0 < x ≤ paid; approved with an opinion; the seller keeps the rest."""
    subscription = service("license_v1", members=1)
    before = balance(subscription)
    refund = asks(subscription)
    assert (told("seller_refund_asked"), again(subscription).status) == (1, "active"), (
        "the service continues in the meantime"
    )
    paid = agreed(refund, of_seller(subscription), now=NOW + DAY)
    assert (paid.status, paid.total.minor, balance(subscription), owed(subscription)) == (
        "refunded", 3_000, before + 3_000, PRICE - 3_000,
    )  # fmt: skip
    assert isinstance(command(open_call()), Release)
    assert again(subscription).status == "releasing"
    done(open_call(), now=NOW + DAY)
    purchase = Order.objects.get(number=subscription.order_line_number.rpartition("-")[0])
    assert (again(subscription).status, purchase.status) == ("released", "completed"), "a partial refund"
    assert (
        told("refund_paid"),
        told("seller_unsubscribed"),
        Job.objects.filter(kind=refund_requests.RESPONSE_TIMER).count(),
    ) == (1, 1, 0)
    assert ledger.verify().problems == ()


def test_stopped_renewal_does_not_block_an_agreement() -> None:
    """operations.md §4: a stopped operation blocks nothing. Its payment is refunded in addition."""
    subscription = service("license_v1", members=1)
    before = balance(subscription)
    order = renewed(subscription)
    failed(open_call())
    with pytest.raises(Refused, match=r"unsubscribe\.under_way"):
        asks(subscription)
    refund = asks(subscription, stalled=stalled_orders(subscription))
    paid = agreed(refund, of_seller(subscription))
    assert (paid.status, paid.total.minor, balance(subscription)) == ("refunded", 3_000, before + 3_000)
    assert Order.objects.get(pk=order.pk).status == "refunded"
    done(open_call())
    assert again(subscription).status == "released"
    assert ledger.verify().problems == ()


def test_renewal_that_has_not_begun_is_refunded_in_addition() -> None:
    subscription = service("license_v1", members=1)
    before = balance(subscription)
    refund = asks(subscription, 2_000)
    order = renewed(subscription)
    done(open_call())
    paid = agreed(refund, of_seller(subscription))
    assert (paid.amount_minor, paid.unbegun_minor, balance(subscription)) == (2_000, PRICE, before + 2_000)
    assert Order.objects.get(pk=order.pk).status == "refunded"
    assert {line.back_minor for line in paid.lines.all()} == {2_000, PRICE}
    assert ledger.verify().problems == ()


def test_full_refund_marks_the_order_as_refunded() -> None:
    subscription = service("license_v1", members=1)
    agreed(asks(subscription, PRICE), of_seller(subscription))
    assert Order.objects.get(number=subscription.order_line_number.rpartition("-")[0]).status == "refunded"
    assert owed(subscription) == 0


def test_seller_refusal_has_a_reason_and_allows_a_new_request() -> None:
    """ "rejection ends, buyer may reapply"."""
    subscription = service("license_v1", members=1)
    refund = asks(subscription)
    before = (balance(subscription), owed(subscription), again(subscription).status)
    with pytest.raises(Refused, match=r"refund\.opinion"):
        refund_requests.reject(refund, of_seller(subscription, " "), now=NOW)
    refund_requests.reject(refund, of_seller(subscription), now=NOW)
    react(now=NOW)
    assert (balance(subscription), owed(subscription), again(subscription).status) == before
    assert told("refund_refused") == 1
    with pytest.raises(IllegalTransition):
        approve_refund(refund, of_seller(subscription), rules=RULES, now=NOW)
    assert asks(subscription).status == "seller_review"


def test_buyer_withdraws_until_the_decision() -> None:
    subscription = service("license_v1", members=1)
    refund = asks(subscription)
    refund_requests.withdraw(refund, now=NOW)
    react(now=NOW)
    assert (Refund.objects.get().status, told("seller_refund_withdrawn")) == ("withdrawn", 1)
    with pytest.raises(IllegalTransition):
        refund_requests.withdraw(refund, now=NOW)


@pytest.mark.parametrize(
    ("minor", "code"), [(0, "amount"), (PRICE + 1, "amount"), (-1, "amount")]
)  # fmt: skip
def test_amount_is_positive_and_at_most_what_was_paid(minor: int, code: str) -> None:
    subscription = service("license_v1", members=1)
    before = facts(subscription)
    with pytest.raises(Refused, match=rf"refund\.{code}"):
        asks(subscription, minor)
    assert facts(subscription) == before


def test_one_open_request_and_a_daily_limit() -> None:
    subscription = service("license_v1", members=1)
    asks(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.asked"):
        asks(subscription)
    other = service("license_v1", members=1)
    Refund.objects.update(buyer=other.buyer)
    with pytest.raises(Refused, match=r"refund\.too_many"):
        asks(other, a_day=1)


def test_negotiation_needs_the_end_of_the_right_to_unsubscribe() -> None:
    subscription = service(members=1)
    before = facts(subscription)
    with pytest.raises(Refused, match=r"unsubscribe\.moved"):
        asks(subscription)
    assert facts(subscription) == before


def test_other_buyers_service_is_not_found() -> None:
    subscription = service("license_v1", members=1)
    request = RefundRequest(subscription=subscription.pk, amount_minor=1, reason="x")
    with pytest.raises(Subscription.DoesNotExist):
        request_refund(make_buyer(), request, rules=RULES, patience=PATIENCE, a_day=20, now=NOW)


# --- sellers that do not answer ---------------------------------------------------------------------------------------


def test_silent_seller_can_be_contacted_then_appealed() -> None:
    """ "buyer contacts seller after 7 wd; >10 days appeal". NOW is a Sunday of March: seven working days end on the
    10th."""
    operator = make_operator()
    subscription = service("license_v1", members=1)
    before = balance(subscription)
    refund = asks(subscription)
    assert refund.contact_at is not None
    passes(refund.contact_at)
    assert (told("refund_unanswered"), told("seller_refund_waits"), told("refund_may_appeal")) == (1, 1, 0)
    too_early = NOW + 10 * DAY - timedelta(seconds=1)
    with pytest.raises(Refused, match=r"refund\.appeal_early"):
        refund_requests.appeal(refund, "Nobody answers.", now=too_early)
    passes(NOW + 10 * DAY)
    assert told("refund_may_appeal") == 1
    with pytest.raises(Refused, match=r"refund\.not_yours"):
        approve_refund(refund, operator_decision(operator), rules=RULES, now=NOW + 10 * DAY)
    refund_requests.appeal(refund, "Nobody answers.", now=NOW + 10 * DAY)
    react(now=NOW + 10 * DAY)
    assert (told("operator_refund_appeal"), told("seller_refund_appealed")) == (1, 1)
    with pytest.raises(Refused, match=r"refund\.not_yours"):
        approve_refund(refund, of_seller(subscription), rules=RULES, now=NOW + 11 * DAY)
    paid = agreed(refund, operator_decision(operator), now=NOW + 11 * DAY)
    assert (paid.status, paid.by_operator, balance(subscription)) == ("refunded", True, before + 3_000)
    assert told("seller_refund_decided_for") == 1
    assert not Job.objects.filter(kind=refund_requests.RESPONSE_TIMER).exists()


def test_operator_does_not_decide_own_refunds() -> None:
    operator = make_operator()
    subscription = service("license_v1", members=1)
    Member.objects.create(seller=subscription.seller, user=operator)
    refund = asks(subscription)
    refund_requests.appeal(refund, "Nobody answers.", now=NOW + 10 * DAY)
    before = facts(subscription)
    with pytest.raises(Refused, match=r"refund\.own"):
        approve_refund(refund, operator_decision(operator), rules=RULES, now=NOW + 11 * DAY)
    assert facts(subscription) == before


def test_agreement_after_the_end_only_refunds() -> None:
    subscription = service("license_v1", members=1)
    before = balance(subscription)
    refund = asks(subscription, now=NOW + 25 * DAY)
    end = again(subscription).expires_at
    assert end is not None
    passes(end + DAY)  # the grace period
    done(open_call(), now=end + DAY)
    passes(end + 16 * DAY)
    done(open_call(), now=end + 16 * DAY)
    assert again(subscription).status == "released"
    paid = agreed(refund, of_seller(subscription), now=end + 17 * DAY)
    assert (paid.status, balance(subscription)) == ("refunded", before + 3_000)
    assert paid.order is not None
    assert paid.order.status == "completed"
    assert ledger.verify().problems == ()
