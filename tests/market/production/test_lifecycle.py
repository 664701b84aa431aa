"""The table ``CALL`` and the statements that move calls say the same: every event is done to a call in every status."""

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
from tradepost.market.production.attempts import Ended
from tradepost.market.production.claim import claim_calls
from tradepost.market.production.lifecycle import CALL, CallEvent, CallStatus, status_of
from tradepost.market.production.models import Call
from tradepost.market.production.record import record
from tradepost.market.production.restart import may_restart, restart
from tradepost.protocols.commands import CallResult, Done

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def new(*, product: Product | None = None, earlier: timedelta = timedelta()) -> Call:
    return make_call(make_order(offer=make_offer(product), paid=True, now=NOW - earlier), now=NOW - earlier)


def fresh(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


# --- every event, as the engine or a person brings it about ----------------------------------------------------------


def claim(call: Call) -> None:
    del call
    claim_calls(now=NOW, wall=NOW, owner=OWNER, limit=16, per_seller=16, duration=MINUTE)


def hold(call: Call) -> None:
    """Its seller is busy with another call, that is due before it and leased for a day."""
    if call.product is None:
        raise LookupError("made with one")
    new(product=call.product, earlier=HOUR)
    claim_calls(now=NOW, wall=NOW, owner="another", limit=16, per_seller=1, duration=24 * HOUR)


def free(call: Call) -> None:
    del call
    upkeep.sweep(now=NOW, per_seller=16)


def lose(call: Call) -> None:
    """The worker that held it died."""
    del call
    upkeep.recover(now=NOW, wall=NOW + HOUR, rule=NEVER)


def ends(result: CallResult, *, last: bool = False) -> Callable[[Call], None]:
    """What a worker has to say of it, whether the lease is still its own or not."""

    def say(call: Call) -> None:
        claimed = upkeep._claimed_of(fresh(call), NOW)
        claimed = msgspec.structs.replace(
            claimed, give_up_at=NOW if last else NOW + HOUR, number=max(claimed.number, 1)
        )
        record([Ended(claimed, result)], now=NOW, owner=OWNER, rule=NEVER)

    return say


def cancel(call: Call) -> None:
    calls.cancel([call.pk], now=NOW)


def restarted(call: Call) -> None:
    if may_restart(fresh(call)):
        restart(call, actor="a person", now=NOW)
    else:
        with pytest.raises(Refused):
            restart(call, actor="a person", now=NOW)


HAPPENS: Mapping[CallEvent, Callable[[Call], None]] = {
    CallEvent.CLAIM: claim,
    CallEvent.HOLD: hold,
    CallEvent.FREE: free,
    CallEvent.AGAIN: ends(LOST),
    CallEvent.LOST: lose,
    CallEvent.SUCCEED: ends(Done(instance_id="i-1")),
    CallEvent.GIVE_UP: ends(LOST, last=True),
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
    call = new()
    COMES_TO[status](call)
    return call


@pytest.mark.parametrize("event", CallEvent)
@pytest.mark.parametrize("status", CallStatus)
def test_every_event_in_every_status(status: CallStatus, event: CallEvent) -> None:
    """operations.md §2. What the table does not name changes nothing: a late worker's word, a second cancellation."""
    call = arrived(status)
    before = fresh(call)
    assert status_of(before) is status
    HAPPENS[event](call)
    after = fresh(call)
    assert status_of(after) is CALL.transitions.get((status, event), status)
    if (status, event) not in CALL.transitions:
        unchanged = ("state", "outcome", "due_at", "restart", "ended_at", "lease_owner", "last_verdict")
        assert [getattr(after, name) for name in unchanged] == [getattr(before, name) for name in unchanged]


def test_the_test_does_all_that_the_table_names() -> None:
    assert set(HAPPENS) == set(CallEvent)
    assert set(COMES_TO) == set(CallStatus)
    assert {event for _, event in CALL.transitions} == set(CallEvent)
    assert {*CALL.transitions.values(), CallStatus.WAITING} == set(CallStatus)


def test_what_was_tried_and_is_tried_again_is_not_left_off() -> None:
    """Its seller may act on it at any time, so that it goes on to its end."""
    call = answer(new(), LOST, now=NOW)
    assert calls.cancel([call.pk], now=NOW) == set()
    assert status_of(fresh(call)) is CallStatus.WAITING


@pytest.mark.parametrize("status", [CallStatus.WAITING, CallStatus.HELD, CallStatus.GAVE_UP])
def test_what_people_do_to_a_call_stands_in_its_history(status: CallStatus) -> None:
    first, second = (arrived(status) for _ in range(2))
    restart(first, actor="engineer@qingxie.example", now=NOW)
    assert calls.cancel([second.pk], now=NOW, actor="operator@market.example") == {second.pk}
    kept = Move.objects.filter(lifecycle="call", subject__in=[str(first.pk), str(second.pk)]).order_by("pk")
    assert list(kept.values_list("subject", "event", "before", "after", "actor")) == [
        (str(first.pk), "restart", status, "waiting", "engineer@qingxie.example"),
        (str(second.pk), "cancel", status, "cancelled", "operator@market.example"),
    ]


def test_a_restart_that_was_asked_for_twice_is_one() -> None:
    call = give_up(new(), now=NOW)
    for _ in range(2):
        restart(call, actor="a person", now=NOW)
    assert Move.objects.filter(lifecycle="call").count() == 1
    assert lease(call, now=NOW).number == 2
    with pytest.raises(Refused, match=r"call\.in_flight"):
        restart(call, actor="a person", now=NOW)
