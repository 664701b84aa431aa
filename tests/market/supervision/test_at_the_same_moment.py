"""Two people act at the same moment: one outcome, and the money moves once."""

from __future__ import annotations

import pytest

from tests.factories import NOW
from tests.market.at_once import at_once
from tests.market.supervision.supervising import (
    CLOCKS,
    PRICE,
    TO_ACCEPT,
    B,
    S,
    form_of,
    money,
    person,
    reload,
    supervised,
    walk,
)
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.product_types.flows.contract import Act
from tradepost.market.supervision import cancel
from tradepost.market.supervision.act import act
from tradepost.market.supervision.appeal import appeal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_acceptance_in_many_tabs_is_earned_once() -> None:
    supervision = supervised()
    walk(supervision, *TO_ACCEPT)
    by, words = person(supervision, B), form_of(supervision, B, Act.ACCEPT)
    outcomes = at_once([lambda: act(supervision.pk, B, Act.ACCEPT, words, by=by, clocks=CLOCKS, now=NOW)] * 8)
    assert sorted(outcomes) == ["done"] + ["supervision.ended"] * 7
    assert (money(supervision)[1:], Transfer.objects.filter(reason="earned").count()) == ((0, PRICE), 1)


def test_concurrent_acceptance_cancellation_and_dispute_have_one_outcome() -> None:
    supervision = supervised()
    walk(supervision, *TO_ACCEPT)
    total, buyer, seller = sum(money(supervision)), person(supervision, B), person(supervision, S)
    words = form_of(supervision, B, Act.ACCEPT)
    outcomes = at_once(
        [
            lambda: act(supervision.pk, B, Act.ACCEPT, words, by=buyer, clocks=CLOCKS, now=NOW),
            lambda: cancel.agree(supervision.pk, "I cannot do it.", by=seller, clocks=CLOCKS, now=NOW),
            lambda: appeal(supervision.pk, S, "Why?", (), by=seller, clocks=CLOCKS, now=NOW),
        ]
    )
    assert outcomes.count("done") == 1
    status, (_has, held_amount, owed) = reload(supervision).status, money(supervision)
    assert (held_amount, owed) == {"completed": (0, PRICE), "refunded": (0, 0), "appealed": (PRICE, 0)}[status]
    assert (sum(money(supervision)), ledger.verify().problems) == (total, ())
