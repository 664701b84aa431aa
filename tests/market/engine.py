"""Calls that end as the engine ends them: the real lease and the real record, without a worker and a seller between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base import outbox
from tradepost.market.base.models import Event
from tradepost.market.production import claim
from tradepost.market.production.attempts import Ended
from tradepost.market.production.breaker import Rule
from tradepost.market.production.choose import AddressState, Due
from tradepost.market.production.gateway import Exchange
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.record import record
from tradepost.market.wiring import REACTIONS
from tradepost.protocols.commands import CallResult, Create, Done, Fault, Unreachable
from tradepost.protocols.http import Headers, Request, Response

OWNER = "worker-of-tests"
NEVER = Rule(1_000_000, timedelta(seconds=60))
"""A breaker that stays closed, whatever fails."""
PAUSE = timedelta(seconds=60)
AT_ONCE = Rule(1, PAUSE)
"""A breaker that opens with the first failure."""
JSON = (("Content-Type", "application/json"),)
LOST = Unreachable(fault=Fault.TIMEOUT, detail="no answer within 20 s")
"""The seller may have done it."""
REFUSED_CONNECTION = Unreachable(fault=Fault.CONNECT, detail="connection refused")
"""The seller cannot have done it."""


def lease(call: Call, *, now: datetime, last: bool = False) -> claim.ClaimedCall:
    """Lease this very call, due or not, as ``claim_calls`` leases what it chose. ``last``: its plan ends with this try."""
    [leased] = lease_all([call], now=now, last=last)
    return leased


def lease_all(calls: Sequence[Call], *, now: datetime, last: bool = False) -> list[claim.ClaimedCall]:
    """The same for several, in their order."""
    states = {}
    due = []
    for call in calls:
        call.refresh_from_db()
        a = call.address
        states[a.pk] = AddressState(a.pk, a.url, a.require_body_sign, a.breaker, a.trial_at)
        due.append(
            Due(
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
            [(one, Attempt.Trigger.PLAN) for one in due], now=now, owner=OWNER, until=now + timedelta(minutes=1)
        )
    assert len(rows) == len(calls), "each of them waits"
    return [claim._claimed(row, states, keys, now) for row in rows]


def told(body: str, *, status: int = 200, headers: Headers = JSON) -> Response:
    """What a seller's server sends back."""
    return Response(status, headers, body.encode())


def answer(
    call: Call, result: CallResult | None = None, *, now: datetime, last: bool = False, request: Request | None = None,
    response: Response | None = None, rule: Rule = NEVER,
) -> Call:  # fmt: skip
    """One attempt of this call with this result: done when none is given. Gives the call as it is then.

    With a ``response`` the attempt keeps it as what came over the wire, after ``request`` or a plain one.
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
    """The attempt that a lease began ends with this result."""
    sent = request or Request("POST", leased.url, JSON, b"{}")
    exchange = Exchange(sent, response, result, milliseconds=41.5) if response else None
    record([Ended(leased, result, exchange)], now=now, owner=OWNER, rule=rule)


def answer_all(results: Sequence[tuple[Call, CallResult]], *, now: datetime, last: bool = False) -> None:
    """One attempt of each of these, recorded in one batch."""
    leased = lease_all([call for call, _ in results], now=now, last=last)
    batch = [Ended(one, result) for one, (_, result) in zip(leased, results, strict=True)]
    record(batch, now=now, owner=OWNER, rule=NEVER)


def give_up(call: Call, result: CallResult = LOST, *, now: datetime) -> Call:
    """The last try of the plan, in vain."""
    return answer(call, result, now=now, last=True)


def open_breaker(call: Call, fault: Unreachable = REFUSED_CONNECTION, *, now: datetime) -> Call:
    """One attempt of this call fails, and its address is paused: for ``PAUSE`` if it failed for the first time."""
    return answer(call, fault, now=now, rule=AT_ONCE)


def react(*, now: datetime) -> None:
    """Tell everything that happened, until nothing happens any more. No reaction may fail."""
    while outbox.dispatch(REACTIONS, now=now):
        failed = list(Event.objects.exclude(error="").values_list("name", "error"))
        assert not failed, failed
