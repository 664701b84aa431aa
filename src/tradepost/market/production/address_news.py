"""Update addresses from a batch of ended attempts: circuit breaker, latest success, and start of trouble."""

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
from .attempts import EndedAttempt, verdict_and_detail
from .events import BreakerOpened
from .judged import passes
from .models import PURPOSES_FOR_BUYERS, Address, Attempt, Call

MARKET_FAULTS = frozenset({Fault.LOST, Fault.NO_KEY, Fault.INTERNAL})
"""Faults that do not concern the address."""
MAX_SUCCESS_AGE = timedelta(minutes=1)
"""Maximum age of the stored success, so that a busy address is not written with every batch."""


TROUBLE_CODES = frozenset({"000001", "000005"})
"""Result codes that show a problem: refused signature, or internal error of the server (saas-v2 §4)."""


class AddressResult(Struct, frozen=True):
    """Result of an ended attempt for its address. ``trouble``: name of the problem, empty for a good answer.
    ``counts``: whether the breaker counts it as a failure."""

    trouble: str
    counts: bool


type Results = Mapping[int, Sequence[AddressResult]]


def results_of(batch: Sequence[EndedAttempt]) -> Results:
    results: defaultdict[int, list[AddressResult]] = defaultdict(list)
    for ended in batch:
        if (result := _result_of(ended)) is not None:
            results[ended.call.address_id].append(result)
    return results


def _result_of(ended: EndedAttempt) -> AddressResult | None:
    """Return the result for the address; None for our own faults and failed tests by the seller.

    Any answer can end a pause. A failed probe never starts one, but prolongs it as the trial of a pause.
    """
    call, result = ended.call, ended.result
    verdict, _ = verdict_and_detail(result)
    if isinstance(result, Unreachable):
        trial = call.trigger == Attempt.Trigger.TRIAL
        if result.fault in MARKET_FAULTS:
            return AddressResult("", counts=True) if trial else None  # the pause continues: no request was sent
        if call.purpose in {Call.Purpose.DEBUG, Call.Purpose.COMPARE, Call.Purpose.ACCESS}:
            return None
        return AddressResult(verdict, counts=call.purpose in PURPOSES_FOR_BUYERS or trial)
    if call.purpose == Call.Purpose.PROBE and not passes(ended.findings):
        return AddressResult(verdict if verdict in TROUBLE_CODES else "probe", counts=False)
    return AddressResult(verdict if verdict in TROUBLE_CODES else "", counts=False)


def addresses_to_update(results: Results, now: datetime) -> rows.Statement:
    """Select addresses that failed, are not known to be healthy, or whose success was stored long ago."""
    false = "FALSE" if connection.vendor == "postgresql" else "0"
    text = (
        f"SELECT a.id FROM {rows.recordset({'id': 'bigint', 'failed': 'boolean'})}"
        " JOIN production_address a ON a.id = r.id WHERE"
        f" r.failed <> {false} OR a.breaker <> 'closed' OR a.failures > 0 OR a.trouble_since IS NOT NULL"
        " OR a.last_success_at IS NULL OR a.last_success_at < %s"
    )
    called_addresses = (
        {"id": address, "failed": any(result.trouble or result.counts for result in ended)}
        for address, ended in results.items()
    )
    return text, [rows.as_json(called_addresses), moment(now - MAX_SUCCESS_AGE)]


def write_breakers(news: Collection[int], results: Results, rule: breaker.Rule, now: datetime) -> None:
    """Lock and write only addresses whose state changes; if all are healthy, this costs one read."""
    failing_keys = {
        address_pk
        for address_pk, address_results in results.items()
        if any(call_result.trouble or call_result.counts for call_result in address_results)
    }
    addresses = Address.objects.filter(pk__in=news)
    healthy = Q(breaker=Address.Breaker.CLOSED, failures=0, trouble_since=None)
    addresses.filter(healthy).exclude(pk__in=failing_keys).update(last_success_at=now)
    changed_addresses = addresses.filter(Q(pk__in=failing_keys) | ~healthy)
    for address in changed_addresses.select_for_update().order_by("pk"):
        before = state = breaker.BreakerState.of(address)
        for result in results[address.pk]:
            state = breaker.fail(state, rule, now=now) if result.counts else _after_answer(state, result)
            _store_result(address, result, now)
        address.breaker, address.failures = state.state, state.failures
        address.opened_at, address.trial_at = state.opened_at, state.trial_at
        address.save(update_fields=_STORED_FIELDS)
        if state.state == Address.Breaker.CLOSED and before.state != state.state:
            release_held_calls(address.pk, now)
        if state.state == Address.Breaker.OPEN and before.state == Address.Breaker.CLOSED:
            outbox.publish(BreakerOpened(address=address.pk, fault=address.last_fault), now=now)


_STORED_FIELDS = (
    "breaker", "failures", "opened_at", "trial_at", "last_fault", "last_success_at", "trouble", "trouble_at", "trouble_since",
)  # fmt: skip
_FAULTS = frozenset(map(str, Fault))


def _after_answer(state: breaker.BreakerState, result: AddressResult) -> breaker.BreakerState:
    """Return the new breaker state. Everything but a fault of the exchange is a protocol answer; a failed probe changes
    nothing."""
    return state if result.trouble in _FAULTS or result.trouble == "probe" else breaker.succeed(state)


def _store_result(address: Address, result: AddressResult, now: datetime) -> None:
    """Store the latest success, or the start of trouble."""
    if result.trouble in _FAULTS and result.counts:
        address.last_fault = result.trouble
    if result.trouble:
        address.trouble, address.trouble_at = result.trouble, now
        address.trouble_since = address.trouble_since or now
    elif not result.counts:
        address.last_success_at, address.trouble_since = now, None


def release_held_calls(address_id: int, now: datetime) -> None:
    """Make all calls due that the breaker held, because the server answers again."""
    Call.objects.filter(address_id=address_id, state=State.HELD, hold=Call.Hold.BREAKER).update(
        state=State.WAITING, hold=Call.Hold.NONE, due_at=now
    )
