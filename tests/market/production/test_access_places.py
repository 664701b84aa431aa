"""Access calls wait for a place at a seller and are dropped when no buyer waits any more (saas-v2 §3.2: called when the
buyer opens the resource details page).
"""

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
from tradepost.market.production.plan import ACCESS_LIMITS
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done, Query

pytestmark = pytest.mark.django_db
MINUTE, TICK = timedelta(minutes=1), timedelta(milliseconds=100)


def open_pages(subscription: Subscription, number: int) -> list[Call]:
    """Open the pages of this many services of one seller."""
    address = Address.objects.get(seller=subscription.seller_id)
    for _ in range(number):
        calls.create_access_call([Query(instance_ids=(subscription.instance_id,))], address, subscription, now=NOW)
    return list(
        Call.objects.filter(purpose=Call.Purpose.ACCESS, seller=subscription.seller_id).order_by("-pk")[:number]
    )


def claimed(*, now: datetime = NOW, limit: int = 99, per_seller: int = 16) -> list[ClaimedCall]:
    return claim_calls(now=now, wall=now, owner=OWNER, limit=limit, per_seller=per_seller, duration=MINUTE)


def sweep(now: datetime) -> None:
    upkeep.release_due_calls(now=now, per_seller=16)


def access_call_states() -> Counter[str]:
    """Return the states of the access calls."""
    rows = Call.objects.filter(purpose=Call.Purpose.ACCESS).values_list("state", "hold", "outcome")
    return Counter("/".join(str(part) for part in row if part != "") for row in rows)


HELD, WAITING, LEASED, CANCELLED = "2/busy", "0", "1", "3/cancelled"


def test_calls_beyond_a_sellers_places_are_held_and_sent_in_turn() -> None:
    open_pages(service(), 6)
    sent = claimed()
    assert len(sent) == ACCESS_LIMITS.per_seller
    assert access_call_states() == {LEASED: 4, HELD: 2}
    sweep(NOW + TICK)
    assert access_call_states() == {LEASED: 4, HELD: 2}, "they go to no place that is not free"
    for call in sent[:2]:
        end(call, Done(), now=NOW + TICK)
    assert access_call_states() == {LEASED: 2, WAITING: 2, "3/done": 2}
    assert len(claimed(now=NOW + 2 * TICK)) == 2


def test_calls_of_other_sellers_can_take_all_places() -> None:
    services = [service() for _ in range(5)]
    for subscription in services:
        open_pages(subscription, 4)
    sent = claimed()
    assert len(sent) == ACCESS_LIMITS.at_once
    assert access_call_states() == {LEASED: 16, HELD: 4}
    end(sent[0], Done(), now=NOW + TICK)
    assert access_call_states() == {LEASED: 15, WAITING: 1, HELD: 3, "3/done": 1}
    assert len(claimed(now=NOW + TICK)) == 1


def test_busy_seller_holds_access_calls_which_take_no_place_of_an_order() -> None:
    subscription = service()
    open_pages(subscription, 2)
    [sent] = claimed(per_seller=1)
    assert access_call_states() == {LEASED: 1, HELD: 1}
    order = Call.objects.filter(purpose="order").latest("pk")
    later = NOW + TICK  # an order that is due after the access calls still gets the free place
    Call.objects.filter(pk=order.pk).update(
        state=State.HELD, hold=Call.Hold.BUSY, outcome="", ended_at=None, due_at=later
    )
    end(sent, Done(), now=later)
    order.refresh_from_db()
    assert (order.state, order.hold) == (State.WAITING, "")


def test_call_that_no_buyer_waits_for_is_dropped_unsent() -> None:
    open_pages(service(), 5)
    claimed()
    late = NOW + ACCESS_LIMITS.within + TICK
    sweep(NOW + ACCESS_LIMITS.within)
    assert access_call_states() == {LEASED: 4, HELD: 1}
    sweep(late)
    assert access_call_states() == {LEASED: 4, CANCELLED: 1}
    dropped = Call.objects.get(outcome=Call.Outcome.CANCELLED)
    assert dropped.attempts == 0
    assert Move.objects.filter(subject=str(dropped.pk), event="cancel").exists()


def test_address_that_does_not_respond_is_not_called() -> None:
    subscription = service()
    open_pages(subscription, 5)
    sent = claimed()
    Address.objects.filter(seller=subscription.seller_id).update(breaker=Address.Breaker.OPEN, trial_at=NOW + MINUTE)
    end(sent[0], LOST, now=NOW + TICK)
    assert claimed(now=NOW + TICK) == []
    assert access_call_states()[CANCELLED] == 1
    assert access_call_states()[HELD] == 0


def test_busy_worker_leaves_calls_due() -> None:
    open_pages(service(), 3)
    assert len(claimed(limit=1)) == 1
    assert access_call_states() == {LEASED: 1, WAITING: 2}
