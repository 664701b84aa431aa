"""Whatever three people and the clock do in whatever order: what is held is what was paid until the end, and nothing after it
(joint.md §6: "running supervision: held = paid − refunded; ended: held 0. APPEALED never moves by timer")."""

from __future__ import annotations

import contextlib
import random
from datetime import timedelta

import pytest

from tests import sampling
from tests.factories import NOW
from tests.market.supervision.supervising import CLOCKS, PRICE, again, does, money, person, supervised, ticks
from tradepost.market.base.errors import Refused
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act, Party
from tradepost.market.supervision import cancel
from tradepost.market.supervision.appeal import appeal, decide
from tradepost.market.supervision.models import Appeal, Supervision

pytestmark = [pytest.mark.django_db, pytest.mark.soak, pytest.mark.once]
HUMANS = (Party.BUYER, Party.SELLER, Party.OPERATOR)
STEPS = 40


@pytest.mark.parametrize("seed", range(sampling.size(60, least=3)))
@pytest.mark.parametrize("kind", ["MANUAL_SERVICE", "HARDWARE"])
def test_money_is_held_until_the_end_and_nothing_is_after_it(kind: str, seed: int) -> None:
    chance, now = random.Random(f"{sampling.SEED}/{kind}/{seed}"), NOW
    supervision = supervised(kind)
    total = sum(money(supervision))
    for _step in range(STEPS):
        now += timedelta(hours=chance.choice([1, 20, 80]))
        before = again(supervision)
        with contextlib.suppress(Refused):
            _anything(supervision, chance, now)
        _holds(before, again(supervision), total)
    assert ledger.verify().problems == ()


def _anything(supervision: Supervision, chance: random.Random, now: object) -> None:
    pk, by = supervision.pk, person(supervision, chance.choice(HUMANS))
    party = chance.choice(HUMANS)
    match chance.randrange(12):
        case 0:
            cancel.ask(pk, "why", now=now)  # type: ignore[arg-type]
        case 1:
            cancel.withdraw(pk, now=now)  # type: ignore[arg-type]
        case 2:
            cancel.decline(pk, "no", now=now)  # type: ignore[arg-type]
        case 3 if chance.random() < 0.3:
            cancel.agree(pk, "yes", by=by, clocks=CLOCKS, now=now)  # type: ignore[arg-type]
        case 4:
            appeal(pk, chance.choice(HUMANS[:2]), "why", (), by=by, clocks=CLOCKS, now=now)  # type: ignore[arg-type]
        case 5:
            decide(pk, chance.choice(list(Appeal.Decision)), "so", by=by, clocks=CLOCKS, now=now)  # type: ignore[arg-type]
        case 6:
            ticks(supervision, now)  # type: ignore[arg-type]
        case _:
            does(supervision, party, chance.choice(list(Act)), now=now)  # type: ignore[arg-type]


def _holds(before: Supervision, after: Supervision, total: int) -> None:
    buyer, held, seller = money(after)
    assert buyer + held + seller == total
    assert held == (PRICE if after.open else 0)
    assert seller == (PRICE if after.status == "completed" else 0)
    assert after.line.order.status == {"completed": "completed", "refunded": "refunded"}.get(after.status, "processing")
    if before.ended_at is not None:
        assert (before.status, before.visit) == (after.status, after.visit), "what has ended moves no more"
    if after.status == "appealed":
        assert after.due_at is None
