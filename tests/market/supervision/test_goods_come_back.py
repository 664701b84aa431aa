"""Goods that were sent come back before they are paid back (business-rules §4.7: "approval → buyer uploads return logistics ≤10 days
(else auto-withdrawn) → seller accepts or objects ≤15 days (else auto-accept, refund)"). Every act stands in test_every_act."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW
from tests.market.engine import react
from tests.market.supervision.supervising import (
    CLOCKS,
    DAY,
    PRICE,
    B,
    S,
    again,
    does,
    money,
    person,
    supervised,
    ticks,
    timer,
    walk,
)
from tradepost.market.base.errors import Refused
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act, Party
from tradepost.market.supervision import cancel
from tradepost.market.supervision.appeal import appeal, decide
from tradepost.market.supervision.models import Appeal, CancelRequest, Supervision, Visit

pytestmark = pytest.mark.django_db
MOMENT = timedelta(seconds=1)


def agreed(amount: int | None = None) -> Supervision:
    supervision = walk(supervised("HARDWARE"), (B, Act.DEMAND), (S, Act.SHIP))
    cancel.ask(supervision.pk, "The wrong colour.", amount_minor=amount, now=NOW)
    cancel.agree(supervision.pk, "Send it to us.", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    return again(supervision)


def request_of(supervision: Supervision) -> CancelRequest:
    return CancelRequest.objects.get(supervision=supervision)


def test_who_sends_nothing_back_within_ten_days_keeps_it() -> None:
    supervision = agreed()
    assert (supervision.node, supervision.due_at, request_of(supervision).status) == (
        "return",
        NOW + 10 * DAY,
        "returning",
    )
    assert timer(supervision) == NOW + 3 * DAY, "the buyer is reminded before"
    ticks(supervision, NOW + 10 * DAY - MOMENT)
    assert again(supervision).node == "return"
    ticks(supervision, NOW + 10 * DAY)
    after = again(supervision)
    assert (after.status, after.node, request_of(after).status) == ("running", "accept", "withdrawn")
    assert Visit.objects.latest("pk").party == "market"
    does(supervision, B, Act.ACCEPT, now=NOW + 11 * DAY)
    assert money(supervision)[1:] == (0, PRICE)


def test_a_seller_who_says_nothing_for_fifteen_days_is_taken_to_have_it() -> None:
    supervision = agreed(PRICE // 2)
    has, later = money(supervision)[0], NOW + 2 * DAY
    does(supervision, B, Act.SHIP_BACK, now=later)
    ticks(supervision, later + 15 * DAY - MOMENT)
    assert money(supervision) == (has, PRICE, 0)
    ticks(supervision, later + 15 * DAY)
    after = again(supervision)
    assert (after.status, money(after), request_of(after).status) == (
        "refunded",
        (has + PRICE // 2, 0, PRICE // 2),
        "agreed",
    )
    assert ledger.verify().problems == ()


def test_a_seller_who_objects_has_the_operator_decide_and_no_clock_pays_back_meanwhile() -> None:
    supervision = agreed()
    does(supervision, B, Act.SHIP_BACK, now=NOW + DAY)
    has = money(supervision)[0]
    appeal(supervision.pk, S, "The box was empty.", (), by=person(supervision, S), clocks=CLOCKS, now=NOW + 2 * DAY)
    ticks(supervision, NOW + 60 * DAY)
    assert (again(supervision).status, money(supervision)) == ("appealed", (has, PRICE, 0))
    operator = person(supervision, Party.OPERATOR)
    decide(supervision.pk, Appeal.Decision.ACCEPT, "It was.", by=operator, clocks=CLOCKS, now=NOW + 61 * DAY)
    assert (money(supervision)[1:], request_of(supervision).status) == ((0, PRICE), "declined")


def test_a_form_of_before_the_agreement_does_nothing() -> None:
    supervision = walk(supervised("HARDWARE"), (B, Act.DEMAND), (S, Act.SHIP))
    seen = again(supervision).visit
    cancel.ask(supervision.pk, "The wrong colour.", now=NOW)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    with pytest.raises(Refused, match=r"supervision\.moved"):
        does(supervision, B, Act.REJECT, visit=seen)
    for what in (
        lambda: cancel.withdraw(supervision.pk, now=NOW),
        lambda: cancel.decline(supervision.pk, "no", now=NOW),
    ):
        with pytest.raises(Refused, match=r"supervision\.no_request"):
            what()
    assert again(supervision).node == "return"
