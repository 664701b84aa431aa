"""The table ``CALL`` agrees with the statements that move calls: every event happens to a call in every status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import msgspec
import pytest

from tests.factories import NOW, make_call, make_offer, make_order
from tests.market.engine import LOST, NEVER, OWNER, answer, give_up, lease
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.catalog.models import Product
from tradepost.market.production import calls, upkeep
from tradepost.market.production.attempts import EndedAttempt
from tradepost.market.production.claim import claim_calls
from tradepost.market.production.lifecycle import CALL, CallEvent, CallStatus, status_of
from tradepost.market.production.models import Call
from tradepost.market.production.record import record
from tradepost.market.production.restart import is_restartable, restart
from tradepost.protocols.commands import CallResult, Done

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def new_call(*, product: Product | None = None, earlier: timedelta = timedelta()) -> Call:
    return make_call(make_order(offer=make_offer(product), paid=True, now=NOW - earlier), now=NOW - earlier)


def fresh(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


# --- every event, caused by the engine or by a person -----------------------------------------------------------------


def claim(call: Call) -> None:
    del call
    claim_calls(now=NOW, wall=NOW, owner=OWNER, limit=16, per_seller=16, duration=MINUTE)


def hold(call: Call) -> None:
    """Another call of the seller is due earlier and leased for a day."""
    if call.product is None:
        raise LookupError("made with one")
    new_call(product=call.product, earlier=HOUR)
    claim_calls(now=NOW, wall=NOW, owner="another", limit=16, per_seller=1, duration=24 * HOUR)


def free(call: Call) -> None:
    del call
    upkeep.release_due_calls(now=NOW, per_seller=16)


def lose(call: Call) -> None:
    """The worker that leased it died."""
    del call
    upkeep.recover(now=NOW, wall=NOW + HOUR, rule=NEVER)


def reports(result: CallResult, *, last: bool = False) -> Callable[[Call], None]:
    """Return an event: a worker reports this result, with or without a valid lease."""

    def say(call: Call) -> None:
        claimed = upkeep._as_claimed_call(fresh(call), NOW)
        claimed = msgspec.structs.replace(
            claimed, give_up_at=NOW if last else NOW + HOUR, number=max(claimed.number, 1)
        )
        record([EndedAttempt(claimed, result)], now=NOW, owner=OWNER, rule=NEVER)

    return say


def cancel(call: Call) -> None:
    calls.cancel([call.pk], now=NOW)


def restarted(call: Call) -> None:
    if is_restartable(fresh(call)):
        restart(call, actor="a person", now=NOW)
    else:
        with pytest.raises(Refused):
            restart(call, actor="a person", now=NOW)


HAPPENS: Mapping[CallEvent, Callable[[Call], None]] = {
    CallEvent.CLAIM: claim,
    CallEvent.HOLD: hold,
    CallEvent.FREE: free,
    CallEvent.AGAIN: reports(LOST),
    CallEvent.LOST: lose,
    CallEvent.SUCCEED: reports(Done(instance_id="i-1")),
    CallEvent.GIVE_UP: reports(LOST, last=True),
    CallEvent.CANCEL: cancel,
    CallEvent.RESTART: restarted,
}
COMES_TO: Mapping[CallStatus, Callable[[Call], object]] = {
    CallStatus.WAITING: lambda _: None,
    CallStatus.LEASED: lambda call: lease(call, now=NOW),
    CallStatus.HELD: hold,
    CallStatus.DONE: lambda call: answer(call, now=NOW),
    CallStatus.GAVE_UP: lambda call: give_up(call, now=NOW),
    CallStatus.CANCELLED: cancel,
}


def arrived(status: CallStatus) -> Call:
    call = new_call()
    COMES_TO[status](call)
    return call


@pytest.mark.parametrize("event", CallEvent)
@pytest.mark.parametrize("status", CallStatus)
def test_every_event_in_every_status(status: CallStatus, event: CallEvent) -> None:
    """operations.md §2. Events that the table does not name change nothing: the report of a late worker, a second
    cancellation.
    """
    call = arrived(status)
    before = fresh(call)
    assert status_of(before) is status
    HAPPENS[event](call)
    after = fresh(call)
    assert status_of(after) is CALL.transitions.get((status, event), status)
    if (status, event) not in CALL.transitions:
        unchanged = ("state", "outcome", "due_at", "restart", "ended_at", "lease_owner", "last_verdict")
        assert [getattr(after, name) for name in unchanged] == [getattr(before, name) for name in unchanged]


def test_all_events_of_the_table_are_tested() -> None:
    assert set(HAPPENS) == set(CallEvent)
    assert set(COMES_TO) == set(CallStatus)
    assert {event for _, event in CALL.transitions} == set(CallEvent)
    assert {*CALL.transitions.values(), CallStatus.WAITING} == set(CallStatus)


def test_call_that_was_tried_is_retried_to_its_end() -> None:
    """Its seller may act on it at any time, so it is not cancelled."""
    call = answer(new_call(), LOST, now=NOW)
    assert calls.cancel([call.pk], now=NOW) == set()
    assert status_of(fresh(call)) is CallStatus.WAITING


@pytest.mark.parametrize("status", [CallStatus.WAITING, CallStatus.HELD, CallStatus.GAVE_UP])
def test_acts_of_people_are_in_the_history_of_a_call(status: CallStatus) -> None:
    first, second = (arrived(status) for _ in range(2))
    restart(first, actor="engineer@qingxie.example", now=NOW)
    assert calls.cancel([second.pk], now=NOW, actor="operator@market.example") == {second.pk}
    moves = Move.objects.filter(lifecycle="call", subject__in=[str(first.pk), str(second.pk)]).order_by("pk")
    assert list(moves.values_list("subject", "event", "before", "after", "actor")) == [
        (str(first.pk), "restart", status, "waiting", "engineer@qingxie.example"),
        (str(second.pk), "cancel", status, "cancelled", "operator@market.example"),
    ]


def test_restart_requested_twice_is_one_restart() -> None:
    call = give_up(new_call(), now=NOW)
    for _ in range(2):
        restart(call, actor="a person", now=NOW)
    assert Move.objects.filter(lifecycle="call").count() == 1
    assert lease(call, now=NOW).number == 2
    with pytest.raises(Refused, match=r"call\.in_flight"):
        restart(call, actor="a person", now=NOW)
