"""Sent goods are returned before the refund (business-rules §4.7: "approval → buyer uploads return logistics ≤10 days
(else auto-withdrawn) → seller accepts or objects ≤15 days (else auto-accept, refund)"). Every act is tested in
test_every_act.
"""

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
    money,
    perform,
    person,
    reload,
    run_timer,
    supervised,
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


def agree_refund(amount: int | None = None) -> Supervision:
    supervision = walk(supervised("HARDWARE"), (B, Act.DEMAND), (S, Act.SHIP))
    cancel.request_refund(supervision.pk, "The wrong colour.", amount_minor=amount, now=NOW)
    cancel.agree(supervision.pk, "Send it to us.", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    return reload(supervision)


def request_of(supervision: Supervision) -> CancelRequest:
    return CancelRequest.objects.get(supervision=supervision)


def test_buyer_who_returns_nothing_within_ten_days_keeps_the_goods() -> None:
    supervision = agree_refund()
    assert (supervision.node, supervision.due_at, request_of(supervision).status) == (
        "return",
        NOW + 10 * DAY,
        "returning",
    )
    assert timer(supervision) == NOW + 3 * DAY, "the buyer is reminded before"
    run_timer(supervision, NOW + 10 * DAY - MOMENT)
    assert reload(supervision).node == "return"
    run_timer(supervision, NOW + 10 * DAY)
    after = reload(supervision)
    assert (after.status, after.node, request_of(after).status) == ("running", "accept", "withdrawn")
    assert Visit.objects.latest("pk").party == "market"
    perform(supervision, B, Act.ACCEPT, now=NOW + 11 * DAY)
    assert money(supervision)[1:] == (0, PRICE)


def test_silent_seller_has_received_the_return_after_fifteen_days() -> None:
    supervision = agree_refund(PRICE // 2)
    has, later = money(supervision)[0], NOW + 2 * DAY
    perform(supervision, B, Act.SHIP_BACK, now=later)
    run_timer(supervision, later + 15 * DAY - MOMENT)
    assert money(supervision) == (has, PRICE, 0)
    run_timer(supervision, later + 15 * DAY)
    after = reload(supervision)
    assert (after.status, money(after), request_of(after).status) == (
        "refunded",
        (has + PRICE // 2, 0, PRICE // 2),
        "agreed",
    )
    assert ledger.verify().problems == ()


def test_objection_of_the_seller_needs_an_operator_and_no_timer_refunds_meanwhile() -> None:
    supervision = agree_refund()
    perform(supervision, B, Act.SHIP_BACK, now=NOW + DAY)
    has = money(supervision)[0]
    appeal(supervision.pk, S, "The box was empty.", (), by=person(supervision, S), clocks=CLOCKS, now=NOW + 2 * DAY)
    run_timer(supervision, NOW + 60 * DAY)
    assert (reload(supervision).status, money(supervision)) == ("appealed", (has, PRICE, 0))
    operator = person(supervision, Party.OPERATOR)
    decide(supervision.pk, Appeal.Decision.ACCEPT, "It was.", by=operator, clocks=CLOCKS, now=NOW + 61 * DAY)
    assert (money(supervision)[1:], request_of(supervision).status) == ((0, PRICE), "declined")


def test_form_from_before_the_agreement_does_nothing() -> None:
    supervision = walk(supervised("HARDWARE"), (B, Act.DEMAND), (S, Act.SHIP))
    visit = reload(supervision).visit
    cancel.request_refund(supervision.pk, "The wrong colour.", now=NOW)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    with pytest.raises(Refused, match=r"supervision\.moved"):
        perform(supervision, B, Act.REJECT, visit=visit)
    for late_act in (
        lambda: cancel.withdraw(supervision.pk, now=NOW),
        lambda: cancel.decline(supervision.pk, "no", now=NOW),
    ):
        with pytest.raises(Refused, match=r"supervision\.no_request"):
            late_act()
    assert reload(supervision).node == "return"
