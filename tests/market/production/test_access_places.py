"""Access calls wait for one of their places at a seller, and are dropped when no buyer waits any more (saas-v2 §3.2: called when
the buyer opens the resource details page)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.factories import NOW
from tests.market.engine import LOST, OWNER, end
from tests.market.fulfilment.services import service
from tradepost.market.base.models import Move
from tradepost.market.base.work import State
from tradepost.market.production import calls, upkeep
from tradepost.market.production.claim import ClaimedCall, claim_calls
from tradepost.market.production.models import Address, Call
from tradepost.market.production.plan import ACCESS
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done, Query

pytestmark = pytest.mark.django_db
MINUTE, TICK = timedelta(minutes=1), timedelta(milliseconds=100)


def opened(held: Subscription, number: int) -> list[Call]:
    """As many openings of services of one seller."""
    address = Address.objects.get(seller=held.seller_id)
    for _ in range(number):
        calls.ask_for_access([Query(instance_ids=(held.instance_id,))], address, held, now=NOW)
    return list(Call.objects.filter(purpose=Call.Purpose.ACCESS, seller=held.seller_id).order_by("-pk")[:number])


def claimed(*, now: datetime = NOW, limit: int = 99, per_seller: int = 16) -> list[ClaimedCall]:
    return claim_calls(now=now, wall=now, owner=OWNER, limit=limit, per_seller=per_seller, duration=MINUTE)


def sweep(now: datetime) -> None:
    upkeep.sweep(now=now, per_seller=16)


def ways() -> Counter[str]:
    """How access calls stand."""
    found = Call.objects.filter(purpose=Call.Purpose.ACCESS).values_list("state", "hold", "outcome")
    return Counter("/".join(str(part) for part in row if part != "") for row in found)


HELD, WAITING, LEASED, CANCELLED = "2/busy", "0", "1", "3/cancelled"


def test_calls_beyond_the_places_of_a_seller_are_held_and_sent_in_turn() -> None:
    opened(service(), 6)
    sent = claimed()
    assert len(sent) == ACCESS.per_seller
    assert ways() == {LEASED: 4, HELD: 2}
    sweep(NOW + TICK)
    assert ways() == {LEASED: 4, HELD: 2}, "they go to no place that is not free"
    for call in sent[:2]:
        end(call, Done(), now=NOW + TICK)
    assert ways() == {LEASED: 2, WAITING: 2, "3/done": 2}
    assert len(claimed(now=NOW + 2 * TICK)) == 2


def test_calls_of_other_sellers_take_the_places_of_all() -> None:
    services = [service() for _ in range(5)]
    for held in services:
        opened(held, 4)
    sent = claimed()
    assert len(sent) == ACCESS.at_once
    assert ways() == {LEASED: 16, HELD: 4}
    end(sent[0], Done(), now=NOW + TICK)
    assert ways() == {LEASED: 15, WAITING: 1, HELD: 3, "3/done": 1}
    assert len(claimed(now=NOW + TICK)) == 1


def test_a_full_seller_holds_them_as_it_holds_orders_and_they_take_no_place_of_an_order() -> None:
    held = service()
    opened(held, 2)
    [sent] = claimed(per_seller=1)
    assert ways() == {LEASED: 1, HELD: 1}
    order = Call.objects.filter(purpose="order").latest("pk")
    later = NOW + TICK  # an order that is due after the access calls gets the free place all the same
    Call.objects.filter(pk=order.pk).update(
        state=State.HELD, hold=Call.Hold.BUSY, outcome="", ended_at=None, due_at=later
    )
    end(sent, Done(), now=later)
    order.refresh_from_db()
    assert (order.state, order.hold) == (State.WAITING, "")


def test_a_call_for_which_nobody_waits_any_more_is_dropped_unsent() -> None:
    opened(service(), 5)
    claimed()
    late = NOW + ACCESS.within + TICK
    sweep(NOW + ACCESS.within)
    assert ways() == {LEASED: 4, HELD: 1}
    sweep(late)
    assert ways() == {LEASED: 4, CANCELLED: 1}
    dropped = Call.objects.get(outcome=Call.Outcome.CANCELLED)
    assert dropped.attempts == 0
    assert Move.objects.filter(subject=str(dropped.pk), event="cancel").exists()


def test_an_address_that_does_not_answer_is_not_asked() -> None:
    held = service()
    opened(held, 5)
    sent = claimed()
    Address.objects.filter(seller=held.seller_id).update(breaker=Address.Breaker.OPEN, trial_at=NOW + MINUTE)
    end(sent[0], LOST, now=NOW + TICK)
    assert claimed(now=NOW + TICK) == []
    assert ways()[CANCELLED] == 1
    assert ways()[HELD] == 0


def test_a_full_worker_leaves_them_due() -> None:
    opened(service(), 3)
    assert len(claimed(limit=1)) == 1
    assert ways() == {LEASED: 1, WAITING: 2}
