"""A statement and many who act on it at once: it is made, booked and paid once (money.md §6)."""

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
    again,
    earned,
    has_account,
    owner_of,
    signed,
    sound,
    taken_up,
)
from tradepost.market.payments.models import Transfer
from tradepost.market.settlement.agree import reject, sign
from tradepost.market.settlement.models import SettlementItem, Statement
from tradepost.market.settlement.payout import pay
from tradepost.market.settlement.run import make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_fifty_who_agree_book_it_once() -> None:
    """Two owners in two browsers, and a timer beside them: issue 12's storm over what is decided once."""
    statement = earned()
    outcomes = at_once([lambda: sign(statement, actor="owner", now=RUN)] * 50)
    assert sorted(outcomes) == ["done"] + ["statement.not_allowed"] * 49
    assert (Transfer.objects.filter(reason="settled").count(), again(statement).status, sound()) == (1, "paying", [])


def test_agreed_to_or_rejected() -> None:
    statement = earned()
    by = owner_of(statement.seller)
    outcomes = at_once(
        [lambda: sign(statement, actor="owner", now=RUN), lambda: reject(statement, "no", by=by, now=RUN)]
    )
    assert sorted(outcomes) == ["done", "statement.not_allowed"]
    assert (again(statement).status in {"paying", "rejected"}, sound()) == (True, [])


def test_two_operators_pay_it_once() -> None:
    statement, operator = signed(earned()), make_operator()
    outcomes = at_once([partial(pay, statement, f"ICBC-{n:04d}", by=operator, now=RUN) for n in range(50)])
    assert sorted(outcomes) == ["done"] + ["statement.not_allowed"] * 49
    assert (Transfer.objects.filter(reason="paid_out").count(), sound()) == (1, [])


def test_a_run_twice_at_once_makes_one() -> None:
    subscription = service()
    has_account(subscription.seller)
    at_once([taken_up] * 4)
    assert SettlementItem.objects.count() == 1
    at_once([lambda: make(subscription.seller, "CNY", MARCH, rules=RULES, now=RUN)] * 5)
    assert (Statement.objects.count(), sound()) == (1, [])
