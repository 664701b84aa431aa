"""Milestones of a delivery, and partial refunds before the acceptance (business-rules §2.10, §4.7; joint.md §4, §8)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.factories import NOW
from tests.factories.products import MONTHLY, ONCE
from tests.market.engine import react
from tests.market.supervision.supervising import (
    CLOCKS,
    MILESTONES,
    OP,
    TO_ACCEPT,
    B,
    S,
    money,
    perform,
    person,
    reload,
    run_timer,
    supervised,
    walk,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.explain import explain_order, explain_service
from tradepost.market.orders.explain_queries import facts_of, service_facts
from tradepost.market.orders.explained import Verdict
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act
from tradepost.market.subscriptions.models import Period
from tradepost.market.supervision import cancel
from tradepost.market.supervision.appeal import appeal, decide
from tradepost.market.supervision.models import Appeal, Milestone, Supervision

pytestmark = pytest.mark.django_db
PRICE = replace(ONCE, amount=Decimal("100.01"))
FIRST = (*TO_ACCEPT, (B, Act.ACCEPT))
NEXT = ((S, Act.DELIVER), (B, Act.ACCEPT))


def milestones(supervision: Supervision) -> list[tuple[int, bool]]:
    rows = Milestone.objects.filter(supervision=supervision).order_by("position")
    return [(milestone.amount_minor, milestone.accepted_at is not None) for milestone in rows]


def state_of(supervision: Supervision) -> tuple[str, str, str]:
    now = reload(supervision)
    return now.status, now.node, now.line.order.status


def agree_refund(supervision: Supervision, amount: int | None, *, ends: bool = True) -> None:
    cancel.request_refund(supervision.pk, "Too slow.", amount_minor=amount, ends=ends, now=NOW)
    cancel.agree(supervision.pk, "Yes.", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)


def all_explained(supervision: Supervision) -> None:
    reloaded = reload(supervision)
    explanations = [
        *explain_order(facts_of([reloaded.line.order])[0]),
        *explain_service(service_facts(reloaded.subscription)),
    ]
    assert [
        (explanation.title, explanation.said, explanation.parts)
        for explanation in explanations
        if explanation.verdict is not Verdict.SAME
    ] == []
    assert ledger.verify().problems == ()


def test_each_milestone_is_delivered_and_accepted_and_the_money_moves_at_the_end() -> None:
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    assert milestones(supervision) == [(5001, False), (3000, False), (2000, False)]
    walk(supervision, *FIRST)
    assert state_of(supervision) == ("running", "deliver", "processing")
    assert milestones(supervision) == [(5001, True), (3000, False), (2000, False)]
    walk(supervision, (S, Act.DELIVER), (B, Act.REJECT), *NEXT)
    assert (state_of(supervision)[0], money(supervision)) == ("running", (has, 10001, 0))
    all_explained(supervision)
    walk(supervision, *NEXT)
    assert state_of(supervision) == ("completed", "accept", "completed")
    assert all(accepted for _amount, accepted in milestones(supervision))
    assert money(supervision) == (has, 0, 10001)
    all_explained(supervision)


@pytest.mark.slow
def test_part_of_the_unaccepted_price_is_refunded_and_the_delivery_ends() -> None:
    """10001 with the first accepted: 5001 refused, 0 refused; x = 4000: buyer 4000, seller 6001, clearing 0."""
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST)
    for amount in (5001, 0, -1):
        with pytest.raises(Refused) as refused:
            cancel.request_refund(supervision.pk, "Too slow.", amount_minor=amount, now=NOW)
        assert refused.value.field == "amount"
    assert money(supervision) == (has, 10001, 0)
    agree_refund(supervision, 4000)
    assert money(supervision) == (has + 4000, 0, 6001)
    assert (state_of(supervision)[0], state_of(supervision)[2]) == ("refunded", "completed")
    assert reload(supervision).subscription.status == "released"
    assert run_timer(supervision, NOW) is None
    kinds = set(Notice.objects.values_list("kind", flat=True))
    assert {"delivery_ended_early", "seller_delivery_ended_early"} <= kinds
    assert "delivery_reduced" not in kinds
    all_explained(supervision)


def test_period_that_ended_early_is_over() -> None:
    monthly = replace(MONTHLY, amount=Decimal("100.01"), period_numbers=(1,))
    supervision = supervised(price=monthly, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST)
    agree_refund(supervision, 1)
    assert money(supervision) == (has + 1, 0, 10000)
    assert reload(supervision).subscription.status == "released"
    all_explained(supervision)


def test_unaccepted_milestones_are_refunded_and_accepted_ones_stay_paid() -> None:
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST)
    agree_refund(supervision, None)
    assert money(supervision) == (has + 5000, 0, 5001)
    all_explained(supervision)


@pytest.mark.slow
def test_delivery_continues_for_a_lower_price_shared_by_the_milestones() -> None:
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST, (S, Act.DELIVER))
    with pytest.raises(Refused, match=r"supervision\.all_ends"):
        cancel.request_refund(supervision.pk, "Too slow.", amount_minor=5000, ends=False, now=NOW)
    cancel.request_refund(supervision.pk, "Too slow.", amount_minor=4000, ends=False, now=NOW)
    with pytest.raises(Refused, match=r"supervision\.cancelling"):
        perform(supervision, B, Act.ACCEPT)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    assert money(supervision) == (has + 4000, 6001, 0)
    assert state_of(supervision) == ("running", "accept", "processing")
    assert milestones(supervision) == [(5001, True), (600, False), (400, False)]
    assert Notice.objects.filter(kind="delivery_reduced").count() == 1
    all_explained(supervision)
    walk(supervision, (B, Act.ACCEPT), *NEXT)
    assert (state_of(supervision)[0], money(supervision)) == ("completed", (has + 4000, 0, 6001))
    all_explained(supervision)


@pytest.mark.slow
def test_cancellation_after_a_partial_refund_refunds_the_rest() -> None:
    supervision = supervised(price=replace(MONTHLY, amount=Decimal("100.01"), period_numbers=(1,)))
    has = money(supervision)[0]
    walk(supervision, *TO_ACCEPT)
    agree_refund(supervision, 1, ends=False)
    agree_refund(supervision, 2000, ends=False)
    assert money(supervision) == (has + 2001, 8000, 0)
    agree_refund(supervision, 8000)
    assert money(supervision) == (has + 10001, 0, 0)
    assert (state_of(supervision)[0], state_of(supervision)[2]) == ("refunded", "refunded")
    assert reload(supervision).whole_back
    all_explained(supervision)


def test_period_bought_for_less_costs_the_lower_price() -> None:
    supervision = supervised(price=replace(MONTHLY, amount=Decimal("100.01"), period_numbers=(1,)))
    walk(supervision, *TO_ACCEPT)
    agree_refund(supervision, 1001, ends=False)
    perform(supervision, B, Act.ACCEPT)
    assert Period.objects.get(subscription=reload(supervision).subscription).paid_minor == 9000
    assert money(supervision)[1:] == (0, 9000)
    all_explained(supervision)


def test_full_amount_is_requested_before_any_delivery() -> None:
    """``refund_rights``: whole, at the nodes before the delivery."""
    supervision = supervised(price=PRICE)
    with pytest.raises(Refused, match=r"supervision\.only_all"):
        cancel.request_refund(supervision.pk, "Too slow.", amount_minor=1, now=NOW)
    agree_refund(supervision, 10001)
    assert money(supervision)[1:] == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("decision", "back", "earned"), [(Appeal.Decision.REFUND, 5000, 5001), (Appeal.Decision.ACCEPT, 0, 10001)]
)
def test_operator_leaves_accepted_milestones_to_the_seller(decision: Appeal.Decision, back: int, earned: int) -> None:
    """§2.10: "refund only for unfinished part"."""
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST)
    appeal(supervision.pk, B, "It stands still.", (), by=person(supervision, B), clocks=CLOCKS, now=NOW)
    decide(supervision.pk, decision, "So.", by=person(supervision, OP), clocks=CLOCKS, now=NOW)
    assert money(supervision) == (has + back, 0, earned)
    all_explained(supervision)


@pytest.mark.slow
def test_free_delivery_is_cancelled() -> None:
    supervision = supervised(price=replace(ONCE, amount=Decimal(0)))
    walk(supervision, *TO_ACCEPT)
    agree_refund(supervision, None)
    assert state_of(supervision) == ("refunded", "accept", "refunded")
    assert money(supervision)[1:] == (0, 0)
