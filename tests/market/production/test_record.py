"""Recording of results; a response that cannot be stored delays no other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_call
from tradepost.market.base.work import State
from tradepost.market.production.attempts import EndedAttempt
from tradepost.market.production.breaker import Rule
from tradepost.market.production.claim import ClaimedCall, claim_calls
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.record import record_each
from tradepost.market.production.upkeep import recover
from tradepost.protocols.commands import CallResult, Done, Fault, Pending, Unreachable

RULE = Rule(5, timedelta(seconds=60))
POISON = "half of a pair: \ud800"  # no database and no JSON can store it


def claimed(number: int) -> list[ClaimedCall]:
    for _ in range(number):
        make_call()
    return claim_calls(now=NOW, wall=NOW, owner="w", limit=number, per_seller=number, duration=timedelta(seconds=60))


@pytest.mark.django_db
def test_response_that_cannot_be_stored_is_our_failure_and_delays_no_other() -> None:
    first, poisoned, last = claimed(3)
    results: tuple[CallResult, ...] = (Done(instance_id="i-1"), Pending(message=POISON), Done(instance_id="i-3"))
    batch = [EndedAttempt(call, result) for call, result in zip((first, poisoned, last), results, strict=True)]
    record_each(batch, now=NOW, owner="w", rule=RULE)

    calls = {call.pk: call for call in Call.objects.all()}
    for call in (first, last):
        assert (calls[call.call_id].state, calls[call.call_id].outcome) == (State.ENDED, "done")
    stopped = calls[poisoned.call_id]
    assert (stopped.state, stopped.last_verdict) == (State.WAITING, "internal")
    assert stopped.due_at > NOW, "tried again by plan, not at once and for ever"
    assert stopped.maybe_acted, "what the seller made must be released in the end"
    assert Attempt.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_response_of_a_lost_lease_is_kept_and_moves_nothing() -> None:
    """A worker whose lease expired returns with a response: another worker has the call by then."""
    [slept] = claimed(1)
    assert recover(now=NOW, wall=NOW + timedelta(minutes=2), rule=RULE) == 1
    assert Attempt.objects.get().verdict == "lost"
    [second_lease] = claim_calls(
        now=NOW, wall=NOW, owner="other", limit=1, per_seller=1, duration=timedelta(seconds=60)
    )

    lost = Unreachable(fault=Fault.LOST, detail="the market's worker stopped")
    record_each([EndedAttempt(slept, Done(instance_id="late"))], now=NOW, owner="w", rule=RULE)
    assert Attempt.objects.get().verdict == "done", "what it has to say takes the place of lost"
    record_each([EndedAttempt(slept, lost)], now=NOW, owner="w", rule=RULE)
    assert Attempt.objects.get().verdict == "done", "and nothing takes its place again"
    call = Call.objects.get()
    assert (call.state, call.lease_owner, call.outcome, call.instance_id) == (State.LEASED, "other", "", "")
    record_each([EndedAttempt(second_lease, Done(instance_id="right"))], now=NOW, owner="other", rule=RULE)
    assert (Call.objects.get().outcome, Call.objects.get().instance_id) == ("done", "right")
    assert list(Attempt.objects.order_by("number").values_list("number", "verdict")) == [(1, "done"), (2, "done")]
