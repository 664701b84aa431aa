"""Acts of three people and the clock in any order: the paid amount is held until the end, and nothing after it
(joint.md §6: "running supervision: held = paid − refunded; ended: held 0. APPEALED never moves by timer").
"""

from __future__ import annotations

import contextlib
import random
from datetime import timedelta

import pytest

from tests import sampling
from tests.factories import NOW
from tests.market.engine import give_up, react
from tests.market.supervision.supervising import (
    CLOCKS,
    MILESTONES,
    PRICE,
    code_is_activated,
    instance_opens,
    license_comes,
    license_is_refused,
    money,
    perform,
    person,
    reload,
    run_timer,
    seller_opens,
    supervised,
)
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.activating import NotActivated
from tradepost.market.orders import refund_check
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act, Party
from tradepost.market.production.models import Call
from tradepost.market.supervision import cancel
from tradepost.market.supervision.appeal import appeal, decide
from tradepost.market.supervision.milestones import accepted_minor, milestones_of
from tradepost.market.supervision.models import Appeal, Supervision

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HUMANS = (Party.BUYER, Party.SELLER, Party.OPERATOR)
STEPS = 40


@pytest.mark.parametrize("seed", range(sampling.size(60, share=1 / 20, least=3)))
@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        ("MANUAL_SERVICE", {}), ("MANUAL_SERVICE", MILESTONES), ("HARDWARE", {}), ("SAAS", {"supervised": "yes"}),
        ("LICENSE", {"supervised": "yes"}), ("LICENSE_CODE", {"supervised": "yes"}),
    ],
)  # fmt: skip
def test_money_is_held_until_the_end_and_nothing_after_it(kind: str, answers: dict[str, str], seed: int) -> None:
    chance, now = random.Random(f"{sampling.SEED}/{kind}/{len(answers)}/{seed}"), NOW
    supervision = supervised(kind, answers=answers)
    total = sum(money(supervision))
    for _step in range(STEPS):
        now += timedelta(hours=chance.choice([1, 20, 80]))
        before = reload(supervision)
        with contextlib.suppress(Refused):
            act_at_random(supervision, chance, now)
        assert_held(before, reload(supervision), total)
    assert ledger.verify().problems == ()
    assert refund_check.problems() == []


def act_at_random(supervision: Supervision, chance: random.Random, now: object) -> None:
    pk, by = supervision.pk, person(supervision, chance.choice(HUMANS))
    party = chance.choice(HUMANS)
    match chance.randrange(13):
        case 0:
            amount = chance.choice([None, 0, 1, PRICE // 3, PRICE - 1, PRICE, PRICE + 1])
            cancel.request_refund(pk, "why", amount_minor=amount, ends=chance.random() < 0.3, now=now)  # type: ignore[arg-type]
        case 1:
            cancel.withdraw(pk, now=now)  # type: ignore[arg-type]
        case 2:
            cancel.decline(pk, "no", now=now)  # type: ignore[arg-type]
        case 3 if chance.random() < 0.6:
            cancel.agree(pk, "yes", by=by, clocks=CLOCKS, now=now)  # type: ignore[arg-type]
        case 4:
            appeal(pk, chance.choice(HUMANS[:2]), "why", (), by=by, clocks=CLOCKS, now=now)  # type: ignore[arg-type]
        case 5:
            decide(pk, chance.choice(list(Appeal.Decision)), "so", by=by, clocks=CLOCKS, now=now)  # type: ignore[arg-type]
        case 6 if reload(supervision).status == "accepted":
            if chance.random() < 0.5:
                seller_opens(supervision, now)  # type: ignore[arg-type]
            else:
                give_up(Call.objects.get(outcome=""), now=now)  # type: ignore[arg-type]
                react(now=now)  # type: ignore[arg-type]
        case 6:
            run_timer(supervision, now)  # type: ignore[arg-type]
        case 7 if supervision.flow in {"license_online", "license_code"}:
            act_on_the_service_at_random(supervision, chance, now)
        case _:
            perform(supervision, party, chance.choice(list(Act)), now=now)  # type: ignore[arg-type]


def act_on_the_service_at_random(supervision: Supervision, chance: random.Random, now: object) -> None:
    """Act on a service in use: it opens, or cannot be opened; a license is issued or not; the code is activated."""
    if supervision.flow == "license_code":
        with contextlib.suppress(NotActivated):
            code_is_activated(supervision, now=now)  # type: ignore[arg-type]
        return
    call = Call.objects.filter(outcome="").order_by("-pk").first()
    if call is None:
        return
    refused = chance.random() < 0.3
    if call.kind == "Create":
        give_up(call, now=now) if refused else instance_opens(supervision, now=now)  # type: ignore[arg-type]
    elif call.kind == "GetLicenseAsync":
        (license_is_refused if refused else license_comes)(supervision, now=now)  # type: ignore[arg-type]
    react(now=now)  # type: ignore[arg-type]


def assert_held(before: Supervision, after: Supervision, total: int) -> None:
    buyer, held_amount, seller = money(after)
    assert buyer + held_amount + seller == total
    accepted = accepted_minor(after)
    assert total - seller - held_amount == buyer == total - PRICE + after.refunded_minor
    assert held_amount == (PRICE - after.refunded_minor if after.open else 0)
    assert seller == (0 if after.open else PRICE - after.refunded_minor)
    assert after.refunded_minor + accepted <= PRICE, "what was accepted is not paid back"
    if after.open:
        worth = [milestone.amount_minor for milestone in milestones_of(after)]
        assert not worth or sum(worth) == PRICE - after.refunded_minor
    ended = "refunded" if after.whole_back else "completed"
    assert after.line.order.status == ("processing" if after.open else ended)
    if before.ended_at is not None:
        assert (before.status, before.visit) == (after.status, after.visit), "what has ended moves no more"
    if after.status in {"appealed", "accepted"}:
        assert after.due_at is None
