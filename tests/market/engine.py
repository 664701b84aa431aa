"""Complete calls as the engine does: with the real lease and the real record, without a worker and a seller."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base import outbox
from tradepost.market.base.models import Event
from tradepost.market.production import claim
from tradepost.market.production.attempts import EndedAttempt
from tradepost.market.production.breaker import Rule
from tradepost.market.production.choose import AddressState, DueCall
from tradepost.market.production.gateway import Exchange
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.record import record
from tradepost.market.wiring import REACTIONS
from tradepost.protocols.commands import CallResult, Create, Done, Fault, Unreachable
from tradepost.protocols.http import Headers, Request, Response

OWNER = "worker-of-tests"
NEVER = Rule(1_000_000, timedelta(seconds=60))
"""A breaker that always stays closed."""
PAUSE = timedelta(seconds=60)
AT_ONCE = Rule(1, PAUSE)
"""A breaker that opens at the first failure."""
JSON = (("Content-Type", "application/json"),)
LOST = Unreachable(fault=Fault.TIMEOUT, detail="no answer within 20 s")
"""The seller may have acted."""
REFUSED_CONNECTION = Unreachable(fault=Fault.CONNECT, detail="connection refused")
"""The seller cannot have acted."""


def lease(call: Call, *, now: datetime, last: bool = False) -> claim.ClaimedCall:
    """Lease this call, due or not, as ``claim_calls`` leases the calls it chose. ``last``: this is the last try of its
    plan.
    """
    [leased] = lease_all([call], now=now, last=last)
    return leased


def lease_all(calls: Sequence[Call], *, now: datetime, last: bool = False) -> list[claim.ClaimedCall]:
    """Lease several calls, in their order."""
    states = {}
    due = []
    for call in calls:
        call.refresh_from_db()
        a = call.address
        states[a.pk] = AddressState(a.pk, a.url, a.require_body_sign, a.breaker, a.trial_at)
        due.append(
            DueCall(
                call.pk,
                call.seller_id,
                call.address_id,
                call.due_at,
                call.restart,
                now if last else call.give_up_at,
                call.protocol,
                call.kind,
            )
        )
    with transaction.atomic():
        rows, keys = claim._lease(
            [(item, Attempt.Trigger.PLAN) for item in due], now=now, owner=OWNER, until=now + timedelta(minutes=1)
        )
    assert len(rows) == len(calls), "each of them waits"
    return [claim._claimed(row, states, keys, now) for row in rows]


def told(body: str, *, status: int = 200, headers: Headers = JSON) -> Response:
    """Return a response of a seller's server."""
    return Response(status, headers, body.encode())


def answer(
    call: Call, result: CallResult | None = None, *, now: datetime, last: bool = False, request: Request | None = None,
    response: Response | None = None, rule: Rule = NEVER,
) -> Call:  # fmt: skip
    """Make one attempt of this call with this result, by default a success. Return the updated call.

    The attempt stores ``response`` as received over the wire, after ``request`` or a plain one.
    """
    if result is None:
        instance = f"i-{call.pk}" if call.kind == Create.__name__ else ""
        result = Done(instance_id=instance)
    leased = lease(call, now=now, last=last)
    end(leased, result, now=now, request=request, response=response, rule=rule)
    return Call.objects.get(pk=call.pk)


def end(
    leased: claim.ClaimedCall, result: CallResult, *, now: datetime, request: Request | None = None,
    response: Response | None = None, rule: Rule = NEVER,
) -> None:  # fmt: skip
    """End the attempt of a lease with this result."""
    sent_request = request or Request("POST", leased.url, JSON, b"{}")
    exchange = Exchange(sent_request, response, result, milliseconds=41.5) if response else None
    record([EndedAttempt(leased, result, exchange)], now=now, owner=OWNER, rule=rule)


def answer_all(results: Sequence[tuple[Call, CallResult]], *, now: datetime, last: bool = False) -> None:
    """Make one attempt of each call, recorded in one batch."""
    leased = lease_all([call for call, _ in results], now=now, last=last)
    batch = [EndedAttempt(claimed, result) for claimed, (_, result) in zip(leased, results, strict=True)]
    record(batch, now=now, owner=OWNER, rule=NEVER)


def give_up(call: Call, result: CallResult = LOST, *, now: datetime) -> Call:
    """Fail the last try of the plan."""
    return answer(call, result, now=now, last=True)


def open_breaker(call: Call, fault: Unreachable = REFUSED_CONNECTION, *, now: datetime) -> Call:
    """Fail one attempt of this call, which pauses its address: for ``PAUSE`` after the first failure."""
    return answer(call, fault, now=now, rule=AT_ONCE)


def react(*, now: datetime) -> None:
    """Deliver events until there are none left. No reaction may fail."""
    while outbox.dispatch(REACTIONS, now=now):
        failed = list(Event.objects.exclude(error="").values_list("name", "error"))
        assert not failed, failed
