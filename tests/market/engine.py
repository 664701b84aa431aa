"""Calls that end as the engine ends them: the real lease and the real record, without a worker and a seller between."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base import outbox
from tradepost.market.base.models import Event
from tradepost.market.production import claim
from tradepost.market.production.attempts import Ended
from tradepost.market.production.breaker import Rule
from tradepost.market.production.choose import AddressState, Due
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.record import record
from tradepost.market.wiring import REACTIONS
from tradepost.protocols.commands import CallResult, Create, Done, Fault, Unreachable

OWNER = "worker-of-tests"
NEVER = Rule(1_000_000, timedelta(seconds=60))
"""A breaker that stays closed, whatever fails."""
LOST = Unreachable(fault=Fault.TIMEOUT, detail="no answer within 20 s")
"""The seller may have done it."""
REFUSED_CONNECTION = Unreachable(fault=Fault.CONNECT, detail="connection refused")
"""The seller cannot have done it."""


def lease(call: Call, *, now: datetime, last: bool = False) -> claim.ClaimedCall:
    """Lease this very call, due or not, as ``claim_calls`` leases what it chose. ``last``: its plan ends with this try."""
    call.refresh_from_db()
    due = Due(
        call.pk, call.seller_id, call.address_id, call.due_at, call.restart, now if last else call.give_up_at,
        call.protocol, call.kind,
    )  # fmt: skip
    address = call.address
    states = {
        address.pk: AddressState(address.pk, address.url, address.require_body_sign, address.breaker, address.trial_at)
    }
    with transaction.atomic():
        [row], keys = claim._lease(
            [(due, Attempt.Trigger.PLAN)], now=now, owner=OWNER, until=now + timedelta(minutes=1)
        )
    return claim._claimed(row, states, keys, now)


def answer(call: Call, result: CallResult | None = None, *, now: datetime, last: bool = False) -> Call:
    """One attempt of this call with this result: done when none is given. Gives the call as it is then."""
    leased = lease(call, now=now, last=last)
    if result is None:
        instance = f"i-{call.pk}" if call.kind == Create.__name__ else ""
        result = Done(instance_id=instance)
    record([Ended(leased, result)], now=now, owner=OWNER, rule=NEVER)
    return Call.objects.get(pk=call.pk)


def give_up(call: Call, result: CallResult = LOST, *, now: datetime) -> Call:
    """The last try of the plan, in vain."""
    return answer(call, result, now=now, last=True)


def react(*, now: datetime) -> None:
    """Tell everything that happened, until nothing happens any more. No reaction may fail."""
    while outbox.dispatch(REACTIONS, now=now):
        failed = list(Event.objects.exclude(error="").values_list("name", "error"))
        assert not failed, failed
