"""Milestones of a delivery, and parts of its price that go back before it is accepted (business-rules §2.10, §4.7; joint.md §4, §8)."""

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
    again,
    does,
    money,
    person,
    supervised,
    ticks,
    walk,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.explain import explained, service_explained
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
    found = Milestone.objects.filter(supervision=supervision).order_by("position")
    return [(one.amount_minor, one.accepted_at is not None) for one in found]


def where(supervision: Supervision) -> tuple[str, str, str]:
    now = again(supervision)
    return now.status, now.node, now.line.order.status


def agreed(supervision: Supervision, amount: int | None, *, ends: bool = True) -> None:
    cancel.ask(supervision.pk, "Too slow.", amount_minor=amount, ends=ends, now=NOW)
    cancel.agree(supervision.pk, "Yes.", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)


def all_explained(supervision: Supervision) -> None:
    found = again(supervision)
    told = [*explained(facts_of([found.line.order])[0]), *service_explained(service_facts(found.subscription))]
    assert [(one.title, one.said, one.parts) for one in told if one.verdict is not Verdict.SAME] == []
    assert ledger.verify().problems == ()


def test_each_is_delivered_and_accepted_on_its_own_and_the_money_comes_at_the_end() -> None:
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    assert milestones(supervision) == [(5001, False), (3000, False), (2000, False)]
    walk(supervision, *FIRST)
    assert where(supervision) == ("running", "deliver", "processing")
    assert milestones(supervision) == [(5001, True), (3000, False), (2000, False)]
    walk(supervision, (S, Act.DELIVER), (B, Act.REJECT), *NEXT)
    assert (where(supervision)[0], money(supervision)) == ("running", (has, 10001, 0))
    all_explained(supervision)
    walk(supervision, *NEXT)
    assert where(supervision) == ("completed", "accept", "completed")
    assert all(accepted for _amount, accepted in milestones(supervision))
    assert money(supervision) == (has, 0, 10001)
    all_explained(supervision)


def test_of_what_is_not_accepted_a_part_goes_back_and_it_ends() -> None:
    """10001 with the first accepted: 5001 refused, 0 refused; x = 4000: buyer 4000, seller 6001, clearing 0."""
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST)
    for amount in (5001, 0, -1):
        with pytest.raises(Refused) as refused:
            cancel.ask(supervision.pk, "Too slow.", amount_minor=amount, now=NOW)
        assert refused.value.field == "amount"
    assert money(supervision) == (has, 10001, 0)
    agreed(supervision, 4000)
    assert money(supervision) == (has + 4000, 0, 6001)
    assert (where(supervision)[0], where(supervision)[2]) == ("refunded", "completed")
    assert again(supervision).subscription.status == "released"
    assert ticks(supervision, NOW) is None
    kinds = set(Notice.objects.values_list("kind", flat=True))
    assert {"delivery_ended_early", "seller_delivery_ended_early"} <= kinds
    assert "delivery_reduced" not in kinds
    all_explained(supervision)


def test_a_period_that_ended_early_is_no_more() -> None:
    monthly = replace(MONTHLY, amount=Decimal("100.01"), period_numbers=(1,))
    supervision = supervised(price=monthly, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST)
    agreed(supervision, 1)
    assert money(supervision) == (has + 1, 0, 10000)
    assert again(supervision).subscription.status == "released"
    all_explained(supervision)


def test_all_that_is_not_accepted_goes_back_and_the_accepted_stays_paid() -> None:
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST)
    agreed(supervision, None)
    assert money(supervision) == (has + 5000, 0, 5001)
    all_explained(supervision)


def test_it_goes_on_for_a_lower_price_and_the_milestones_share_what_is_left() -> None:
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST, (S, Act.DELIVER))
    with pytest.raises(Refused, match=r"supervision\.all_ends"):
        cancel.ask(supervision.pk, "Too slow.", amount_minor=5000, ends=False, now=NOW)
    cancel.ask(supervision.pk, "Too slow.", amount_minor=4000, ends=False, now=NOW)
    with pytest.raises(Refused, match=r"supervision\.cancelling"):
        does(supervision, B, Act.ACCEPT)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    assert money(supervision) == (has + 4000, 6001, 0)
    assert where(supervision) == ("running", "accept", "processing")
    assert milestones(supervision) == [(5001, True), (600, False), (400, False)]
    assert Notice.objects.filter(kind="delivery_reduced").count() == 1
    all_explained(supervision)
    walk(supervision, (B, Act.ACCEPT), *NEXT)
    assert (where(supervision)[0], money(supervision)) == ("completed", (has + 4000, 0, 6001))
    all_explained(supervision)


def test_cancelled_after_a_part_went_back_the_rest_goes_back() -> None:
    supervision = supervised(price=replace(MONTHLY, amount=Decimal("100.01"), period_numbers=(1,)))
    has = money(supervision)[0]
    walk(supervision, *TO_ACCEPT)
    agreed(supervision, 1, ends=False)
    agreed(supervision, 2000, ends=False)
    assert money(supervision) == (has + 2001, 8000, 0)
    agreed(supervision, 8000)
    assert money(supervision) == (has + 10001, 0, 0)
    assert (where(supervision)[0], where(supervision)[2]) == ("refunded", "refunded")
    assert again(supervision).whole_back
    all_explained(supervision)


def test_a_period_that_was_bought_for_less_costs_that() -> None:
    supervision = supervised(price=replace(MONTHLY, amount=Decimal("100.01"), period_numbers=(1,)))
    walk(supervision, *TO_ACCEPT)
    agreed(supervision, 1001, ends=False)
    does(supervision, B, Act.ACCEPT)
    assert Period.objects.get(subscription=again(supervision).subscription).paid_minor == 9000
    assert money(supervision)[1:] == (0, 9000)
    all_explained(supervision)


def test_before_anything_was_delivered_all_of_it_is_asked_for() -> None:
    """``refund_rights``: whole, at the nodes before the delivery."""
    supervision = supervised(price=PRICE)
    with pytest.raises(Refused, match=r"supervision\.only_all"):
        cancel.ask(supervision.pk, "Too slow.", amount_minor=1, now=NOW)
    agreed(supervision, 10001)
    assert money(supervision)[1:] == (0, 0)


@pytest.mark.parametrize(
    ("decision", "back", "earned"), [(Appeal.Decision.REFUND, 5000, 5001), (Appeal.Decision.ACCEPT, 0, 10001)]
)
def test_an_operator_leaves_what_was_accepted_to_the_seller(decision: Appeal.Decision, back: int, earned: int) -> None:
    """§2.10: "refund only for unfinished part"."""
    supervision = supervised(price=PRICE, answers=MILESTONES)
    has = money(supervision)[0]
    walk(supervision, *FIRST)
    appeal(supervision.pk, B, "It stands still.", (), by=person(supervision, B), clocks=CLOCKS, now=NOW)
    decide(supervision.pk, decision, "So.", by=person(supervision, OP), clocks=CLOCKS, now=NOW)
    assert money(supervision) == (has + back, 0, earned)
    all_explained(supervision)


def test_what_costs_nothing_is_cancelled() -> None:
    supervision = supervised(price=replace(ONCE, amount=Decimal(0)))
    walk(supervision, *TO_ACCEPT)
    agreed(supervision, None)
    assert where(supervision) == ("refunded", "accept", "refunded")
    assert money(supervision)[1:] == (0, 0)
