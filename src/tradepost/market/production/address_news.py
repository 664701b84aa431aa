"""What a batch of ended attempts says of the addresses it went to: breakers, the last good answer, since when there is trouble."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from msgspec import Struct

from tradepost.market.base import outbox, rows
from tradepost.market.base.rows import moment
from tradepost.market.base.work import State
from tradepost.protocols.commands import Fault, Unreachable

from . import breaker
from .attempts import Ended, verdict_of
from .events import BreakerOpened
from .judged import passes
from .models import FOR_BUYERS, Address, Attempt, Call

OUR_FAULTS = frozenset({Fault.LOST, Fault.NO_KEY, Fault.INTERNAL})
"""Faults that say nothing of the address."""
TOLD_AGAIN_AFTER = timedelta(minutes=1)
"""How old the moment of the last success may be: else a busy address would be written with each batch."""


UNWELL = frozenset({"000001", "000005"})
"""Result codes of an answer that came and is none: the signature was refused, or the server failed by itself (saas-v2 §4)."""


class News(Struct, frozen=True):
    """What one ended attempt says of its address. ``trouble``: name of what went wrong, empty for a good answer. ``counts``:
    whether the breaker counts it as a failure."""

    trouble: str
    counts: bool


type Results = Mapping[int, Sequence[News]]


def news_of(batch: Sequence[Ended]) -> Results:
    results: defaultdict[int, list[News]] = defaultdict(list)
    for ended in batch:
        if (news := _news_of(ended)) is not None:
            results[ended.call.address_id].append(news)
    return results


def _news_of(ended: Ended) -> News | None:
    """None for what says nothing of the address: our own faults, and what a seller tries out in vain. That it answers may end
    a pause; a probe in vain never begins one, but as the trial of a pause it goes on with it."""
    call, result = ended.call, ended.result
    verdict, _ = verdict_of(result)
    if isinstance(result, Unreachable):
        trial = call.trigger == Attempt.Trigger.TRIAL
        if result.fault in OUR_FAULTS:
            return News("", counts=True) if trial else None  # the pause goes on: nobody was asked
        if call.purpose in {Call.Purpose.DEBUG, Call.Purpose.COMPARE, Call.Purpose.ACCESS}:
            return None
        return News(verdict, counts=call.purpose in FOR_BUYERS or trial)
    if call.purpose == Call.Purpose.PROBE and not passes(ended.findings):
        return News(verdict if verdict in UNWELL else "probe", counts=False)
    return News(verdict if verdict in UNWELL else "", counts=False)


def addresses_with_news(results: Results, now: datetime) -> rows.Statement:
    """Those that failed, or are not known to be well, or were long not seen to be well."""
    no = "FALSE" if connection.vendor == "postgresql" else "0"
    text = (
        f"SELECT a.id FROM {rows.recordset({'id': 'bigint', 'failed': 'boolean'})}"
        " JOIN production_address a ON a.id = r.id WHERE"
        f" r.failed <> {no} OR a.breaker <> 'closed' OR a.failures > 0 OR a.trouble_since IS NOT NULL"
        " OR a.last_success_at IS NULL OR a.last_success_at < %s"
    )
    called = (
        {"id": address, "failed": any(one.trouble or one.counts for one in ended)} for address, ended in results.items()
    )
    return text, [rows.as_json(called), moment(now - TOLD_AGAIN_AFTER)]


def write_breakers(news: Collection[int], results: Results, rule: breaker.Rule, now: datetime) -> None:
    """Only addresses whose state changes are locked and written: the common case, all well, costs one read."""
    failing = {a for a, rs in results.items() if any(one.trouble or one.counts for one in rs)}
    known = Address.objects.filter(pk__in=news)
    well = Q(breaker=Address.Breaker.CLOSED, failures=0, trouble_since=None)
    known.filter(well).exclude(pk__in=failing).update(last_success_at=now)
    changed = known.filter(Q(pk__in=failing) | ~well)
    for address in changed.select_for_update().order_by("pk"):
        before = state = breaker.BreakerState.of(address)
        for one in results[address.pk]:
            state = breaker.fail(state, rule, now=now) if one.counts else _answered(state, one)
            _remember(address, one, now)
        address.breaker, address.failures = state.state, state.failures
        address.opened_at, address.trial_at = state.opened_at, state.trial_at
        address.save(update_fields=_REMEMBERED)
        if state.state == Address.Breaker.CLOSED and before.state != state.state:
            free_address(address.pk, now)
        if state.state == Address.Breaker.OPEN and before.state == Address.Breaker.CLOSED:
            outbox.publish(BreakerOpened(address=address.pk, fault=address.last_fault), now=now)


_REMEMBERED = (
    "breaker", "failures", "opened_at", "trial_at", "last_fault", "last_success_at", "trouble", "trouble_at", "trouble_since",
)  # fmt: skip
_FAULTS = frozenset(map(str, Fault))


def _answered(state: breaker.BreakerState, one: News) -> breaker.BreakerState:
    """Whatever is no fault of the exchange is an answer within the protocol; a probe that failed says nothing."""
    return state if one.trouble in _FAULTS or one.trouble == "probe" else breaker.succeed(state)


def _remember(address: Address, one: News, now: datetime) -> None:
    """How the address stands: the last good answer, or since when there is trouble."""
    if one.trouble in _FAULTS and one.counts:
        address.last_fault = one.trouble
    if one.trouble:
        address.trouble, address.trouble_at = one.trouble, now
        address.trouble_since = address.trouble_since or now
    elif not one.counts:
        address.last_success_at, address.trouble_since = now, None


def free_address(address_id: int, now: datetime) -> None:
    """The server answers again: everything that its breaker held is due."""
    Call.objects.filter(address_id=address_id, state=State.HELD, hold=Call.Hold.BREAKER).update(
        state=State.WAITING, hold=Call.Hold.NONE, due_at=now
    )
