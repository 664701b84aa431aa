"""Concurrent acts on a statement: it is made, booked and paid once (money.md §6)."""

from __future__ import annotations

from functools import partial

import pytest

from tests.factories import make_operator
from tests.market.at_once import at_once
from tests.market.fulfilment.services import service
from tests.market.settlement.settling import (
    MARCH,
    RULES,
    RUN,
    assert_sound,
    earned_statement,
    has_account,
    owner_of,
    reload,
    sign_statement,
    sum_up,
)
from tradepost.market.payments.models import Transfer
from tradepost.market.settlement.agree import reject, sign
from tradepost.market.settlement.models import SettlementItem, Statement
from tradepost.market.settlement.payout import pay
from tradepost.market.settlement.run import create_statement

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.mark.slow
def test_fifty_concurrent_agreements_book_it_once() -> None:
    """Two owners in two browsers, and a timer beside them: issue 12's storm over what is decided once."""
    statement = earned_statement()
    outcomes = at_once([lambda: sign(statement, actor="owner", now=RUN)] * 50)
    assert sorted(outcomes) == ["done"] + ["statement.not_allowed"] * 49
    assert (Transfer.objects.filter(reason="settled").count(), reload(statement).status, assert_sound()) == (
        1,
        "paying",
        [],
    )


def test_agreement_and_rejection_at_once_have_one_outcome() -> None:
    statement = earned_statement()
    by = owner_of(statement.seller)
    outcomes = at_once(
        [lambda: sign(statement, actor="owner", now=RUN), lambda: reject(statement, "no", by=by, now=RUN)]
    )
    assert sorted(outcomes) == ["done", "statement.not_allowed"]
    assert (reload(statement).status in {"paying", "rejected"}, assert_sound()) == (True, [])


@pytest.mark.slow
def test_two_operators_pay_it_once() -> None:
    statement, operator = sign_statement(earned_statement()), make_operator()
    outcomes = at_once([partial(pay, statement, f"ICBC-{n:04d}", by=operator, now=RUN) for n in range(50)])
    assert sorted(outcomes) == ["done"] + ["statement.not_allowed"] * 49
    assert (Transfer.objects.filter(reason="paid_out").count(), assert_sound()) == (1, [])


def test_concurrent_runs_make_one_statement() -> None:
    subscription = service()
    has_account(subscription.seller)
    at_once([sum_up] * 4)
    assert SettlementItem.objects.count() == 1
    at_once([lambda: create_statement(subscription.seller, "CNY", MARCH, rules=RULES, now=RUN)] * 5)
    assert (Statement.objects.count(), assert_sound()) == (1, [])
