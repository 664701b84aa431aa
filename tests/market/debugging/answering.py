"""Test calls that end as the engine ends them and are judged by the worker's hook, without worker or seller."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tests.factories import NOW, make_address, make_seller
from tests.market.engine import NEVER, OWNER, lease, react
from tradepost.market.debugging.asked import form_of, initial_values
from tradepost.market.debugging.debug import debug
from tradepost.market.debugging.findings import judge_call
from tradepost.market.debugging.models import DebugRun
from tradepost.market.identity.models import Seller
from tradepost.market.production.attempts import EndedAttempt
from tradepost.market.production.gateway import Exchange
from tradepost.market.production.models import Address, Call
from tradepost.market.production.record import record
from tradepost.protocols.commands import AppInfo, Create, Done, InstanceInfo, Outcome, Query, Unreachable
from tradepost.protocols.http import Response
from tradepost.protocols.registry import protocol

NONCE = "N" * 64
APP = AppInfo(front_end_url="https://app.example/", user_name="zhang", password="s3cret-word")


def at(protocol: str = "saas_v2", *, seller: Seller | None = None) -> Address:
    return make_address(seller or make_seller(), protocol=protocol)


def tried(address: Address, activity: str, variant: str = "", **typed: str) -> DebugRun:
    form = form_of(address, activity, variant)
    return debug(form, {**initial_values(form, now=NOW), **typed}, by="zhang@qingxie.example", now=NOW, most=4)


def call_of(run: DebugRun) -> Call:
    call = Call.objects.filter(debug_run=run).get()
    assert call.purpose == Call.Purpose.DEBUG
    return call


def success(kind: str) -> Done:
    instances = (InstanceInfo(instance_id="i-1", app=APP),) if kind in {Create.__name__, Query.__name__} else ()
    return Done(instance_id="i-1" if kind == Create.__name__ else "", instances=instances, license="L")


def answer(
    run: DebugRun,
    outcome: Outcome | Unreachable | None = None,
    *,
    now: datetime,
    change: Callable[[Response], Response] = lambda response: response,
    reacts: bool = True,
) -> DebugRun:
    """The seller gives this answer, a successful one by default; return the updated run."""
    claimed = lease(call_of(run), now=now)
    protocol_in_use, key = protocol(claimed.protocol), claimed.keys[0]
    request = protocol_in_use.encode(claimed.command, address=claimed.url, key=key, now=now, nonce=NONCE)
    if isinstance(outcome, Unreachable):
        exchange = Exchange(request, None, outcome, 12.5)
    else:
        outcome_given = outcome or success(claimed.kind)
        if isinstance(claimed.command, Query) and isinstance(outcome_given, Done):
            outcome_given = Done(
                instances=tuple(InstanceInfo(instance_id=i, app=APP) for i in claimed.command.instance_ids)
            )
        response = change(protocol_in_use.answer(claimed.command, outcome_given, key=key, nonce=NONCE))
        exchange = Exchange(request, response, protocol_in_use.decode(claimed.command, response, key=key), 12.5)
    ended_call = EndedAttempt(claimed, exchange.result, exchange, judge_call(claimed, exchange))
    record([ended_call], now=now, owner=OWNER, rule=NEVER)
    if reacts:
        react(now=now)
    return DebugRun.objects.get(pk=run.pk)
