"""Record a batch of exchanges: attempts, calls, breakers, tallies and events in one transaction.

A result counts for its call only while the lease is still ours: a worker that was thought dead and comes back late
completes its attempt row, but does not move the call a second time.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import Q

from tradepost.market.base import outbox
from tradepost.market.base.secrets import seal
from tradepost.market.base.work import State
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import CallResult, Done, Fault, Pending, Rejected, Unreachable
from tradepost.protocols.http import Headers

from . import breaker
from .claim import Ticket, rule_of
from .gateway import Exchange
from .masking import masked
from .models import Address, Call
from .plan import next_attempt

RETRY_AFTER_STATUS = frozenset({413, 429, 503})


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that ended: ``exchange`` is None when nothing was sent or our own worker lost it."""

    ticket: Ticket
    result: CallResult
    exchange: Exchange | None = None


def verdict_of(result: CallResult) -> tuple[str, str]:
    """The reason's name and its detail, as kept on attempts and shown to the seller."""
    match result:
        case Done(message=message):
            return "done", message
        case Pending(message=message):
            return "pending", message
        case Rejected(code=code, message=message):
            return code, message
        case Unreachable(fault=fault, detail=detail):
            return str(fault), detail


def record(batch: Sequence[Ended], *, now: datetime, owner: str, rule: breaker.Rule) -> int:
    """Write everything that a batch of ended attempts means. Returns how many calls ended."""
    with transaction.atomic():
        calls = {
            call.pk: call
            for call in Call.objects.select_for_update()
            .filter(pk__in=sorted({e.ticket.call_id for e in batch}))
            .order_by("pk")
        }
        batch = _name_taken_instances(batch, calls)
        ours = [e for e in batch if _still_ours(calls[e.ticket.call_id], e.ticket, owner)]
        _write_attempts(batch)
        events = [_move(calls[e.ticket.call_id], e, now) for e in ours]
        _write_calls([calls[e.ticket.call_id] for e in ours])
        _adopt_instances(ours)
        _write_breakers(batch, rule, now)
        release_held_sellers({e.ticket.seller_id for e in ours}, Counter(e.ticket.seller_id for e in ours))
        _tally(batch, owner, now)
        by_name: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for name, facts in filter(None, events):
            by_name[name].append(facts)
        for name, happened in by_name.items():
            outbox.publish_many(name, happened, now=now)
        return len(by_name["CallEnded"])


def _still_ours(call: Call, ticket: Ticket, owner: str) -> bool:
    return call.state == State.LEASED and call.lease_owner == owner and call.attempts == ticket.number


def _instance_of(ended: Ended) -> str:
    """The instance id that a creation answered, empty for everything else."""
    created = ended.ticket.kind == "Create" and isinstance(ended.result, Done)
    return ended.result.instance_id if created and isinstance(ended.result, Done) else ""


def _name_taken_instances(batch: Sequence[Ended], calls: dict[int, Call]) -> list[Ended]:
    """A creation that answers an id of another order is a fault: two buyers must never share an instance."""
    wanted = {(e.ticket.seller_id, instance) for e in batch if (instance := _instance_of(e))}
    if not wanted:
        return list(batch)
    owners: dict[tuple[int, str], int | None] = {
        (seller, instance): pk
        for pk, seller, instance in Subscription.objects.filter(
            seller_id__in={s for s, _ in wanted}, instance_id__in={i for _, i in wanted}
        ).values_list("pk", "seller_id", "instance_id")
    }
    checked = []
    for ended in batch:
        instance = _instance_of(ended)
        at, mine = (ended.ticket.seller_id, instance), calls[ended.ticket.call_id].subscription_id
        if instance and owners.setdefault(at, mine) != mine:
            fault = Unreachable(
                fault=Fault.INSTANCE_TAKEN,
                detail=f"newInstance answered instanceId {instance!r}, which belongs to another order",
            )
            checked.append(Ended(ended.ticket, fault, ended.exchange))
        else:
            checked.append(ended)
    return checked


def _retry_after(exchange: Exchange | None) -> timedelta | None:
    response = exchange.response if exchange else None
    if response is None or response.status not in RETRY_AFTER_STATUS:
        return None
    seconds = response.header("Retry-After") or ""
    return timedelta(seconds=min(int(seconds), 86_400)) if seconds.isdecimal() and len(seconds) < 10 else None


def _move(call: Call, ended: Ended, now: datetime) -> tuple[str, dict[str, Any]] | None:
    """Apply one result to its call (in memory) and name the event it causes."""
    result = ended.result
    call.last_verdict, detail = verdict_of(result)
    call.last_detail = detail[:1000]
    call.restart, call.lease_until, call.lease_owner = False, None, ""
    if isinstance(result, Unreachable):
        call.maybe_acted = call.maybe_acted or result.seller_may_have_acted
        call.claimed_instance_id = call.claimed_instance_id or result.claimed_instance_id[:100]
    due = next_attempt(
        result,
        rule_of(call.protocol, call.kind),
        tries=ended.ticket.number,
        now=now,
        give_up_at=call.give_up_at or now,
        chance=random.random(),  # noqa: S311  # spreads load, hides nothing
        retry_after=_retry_after(ended.exchange),
    )
    if due is not None:
        call.state, call.due_at = State.WAITING, due
        if isinstance(result, Pending) or (isinstance(result, Unreachable) and result.fault is Fault.LOST):
            return None
        return "CallFailed", {
            "call": call.pk,
            "attempt": ended.ticket.number,
            "verdict": call.last_verdict,
            "next_at": due.isoformat(),
        }
    call.state, call.ended_at = State.ENDED, now
    done = isinstance(result, Done)
    call.outcome = Call.Outcome.DONE if done else Call.Outcome.GAVE_UP
    if isinstance(result, Done) and (result.instance_id or result.instances or result.license):
        call.sealed_answer = seal(msgspec.json.encode(result).decode())
        call.instance_id = call.instance_id or result.instance_id
    return "CallEnded", {"call": call.pk, "kind": call.kind, "outcome": str(call.outcome)}


_CALL_UPDATE = """
UPDATE production_call SET state=%s, due_at=%s, lease_until=NULL, lease_owner='', restart=%s, outcome=%s, ended_at=%s,
 maybe_acted=%s, claimed_instance_id=%s, last_verdict=%s, last_detail=%s, sealed_answer=%s, instance_id=%s WHERE id=%s
"""
_ATTEMPT_UPDATE = """
UPDATE production_attempt SET ended=%s, milliseconds=%s, method=%s, url=%s, request_headers=%s, request_body=%s,
 status=%s, response_headers=%s, response_body=%s, verdict=%s, detail=%s WHERE id=%s AND NOT ended
"""


def _time(moment: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _write_calls(calls: Iterable[Call]) -> None:
    rows = [
        (
            c.state,
            _time(c.due_at),
            c.restart,
            c.outcome,
            _time(c.ended_at),
            c.maybe_acted,
            c.claimed_instance_id,
            c.last_verdict,
            c.last_detail,
            c.sealed_answer,
            c.instance_id,
            c.pk,
        )
        for c in calls
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_CALL_UPDATE, rows)


def _headers(headers: Headers) -> str:
    return msgspec.json.encode(headers).decode()


def _text(text: str) -> str:
    return text.replace("\x00", "\\x00")  # PostgreSQL has no NUL in text


def _write_attempts(batch: Sequence[Ended]) -> None:
    rows = []
    for ended in batch:
        verdict, detail = verdict_of(ended.result)
        request = ended.exchange.request if ended.exchange else None
        response = ended.exchange.response if ended.exchange else None
        rows.append(
            (
                True,
                ended.exchange.milliseconds if ended.exchange else None,
                request.method if request else "",
                request.url if request else "",
                _headers(request.headers) if request else "[]",
                _text(masked(request.body)) if request else "",
                response.status if response else None,
                _text(_headers(response.headers)) if response else "[]",
                _text(masked(response.body)) if response else "",
                verdict,
                _text(detail)[:1000],
                ended.ticket.attempt_id,
            )
        )
    with connection.cursor() as cursor:
        cursor.executemany(_ATTEMPT_UPDATE, rows)


def _adopt_instances(ours: Iterable[Ended]) -> None:
    """The seller's name of a new instance, at once: the unique index then guards it against every other order."""
    named = {e.ticket.call_id: instance for e in ours if (instance := _instance_of(e))}
    if not named:
        return
    subscriptions = dict(
        Call.objects.filter(pk__in=named).exclude(subscription=None).values_list("pk", "subscription_id")
    )
    for call_id, instance in named.items():
        if call_id in subscriptions:
            Subscription.objects.filter(pk=subscriptions[call_id]).filter(
                Q(instance_id="") | Q(instance_id=instance)
            ).update(instance_id=instance)


def _write_breakers(batch: Sequence[Ended], rule: breaker.Rule, now: datetime) -> None:
    """Only addresses whose state changes are locked and written: the common case, all well, costs one read."""
    results: defaultdict[int, list[CallResult]] = defaultdict(list)
    for ended in batch:
        fault = ended.result.fault if isinstance(ended.result, Unreachable) else None
        if fault not in {Fault.LOST, Fault.NO_KEY, Fault.INTERNAL}:
            results[ended.ticket.address_id].append(ended.result)
    failing = {a for a, rs in results.items() if any(isinstance(r, Unreachable) for r in rs)}
    stale = Q(last_success_at=None) | Q(last_success_at__lt=now - timedelta(minutes=1))
    unwell = ~Q(breaker=Address.Breaker.CLOSED) | Q(failures__gt=0)
    changed = Address.objects.filter(pk__in=results).filter(Q(pk__in=failing) | unwell | stale)
    for address in changed.select_for_update().order_by("pk"):
        before = state = breaker.BreakerState.of(address)
        for result in results[address.pk]:
            if isinstance(result, Unreachable):
                state = breaker.fail(state, rule, now=now)
                address.last_fault = str(result.fault)
            else:
                state = breaker.succeed(state)
                address.last_success_at = now
        address.breaker, address.failures = state.state, state.failures
        address.opened_at, address.trial_at = state.opened_at, state.trial_at
        address.save(update_fields=["breaker", "failures", "opened_at", "trial_at", "last_fault", "last_success_at"])
        if state.state == Address.Breaker.CLOSED and before.state != state.state:
            free_address(address.pk, now)
        if state.state == Address.Breaker.OPEN and before.state == Address.Breaker.CLOSED:
            outbox.publish("BreakerOpened", now=now, address=address.pk, fault=address.last_fault)


def free_address(address_id: int, now: datetime) -> None:
    """The server answers again: everything that its breaker held is due."""
    Call.objects.filter(address_id=address_id, state=State.HELD, hold=Call.Hold.BREAKER).update(
        state=State.WAITING, hold=Call.Hold.NONE, due_at=now
    )


def release_held_sellers(sellers: set[int], places: Counter[int]) -> None:
    """Calls that waited for a place at their seller take the places that were just freed, oldest first."""
    held = Call.objects.filter(state=State.HELD, hold=Call.Hold.BUSY)
    for seller in held.filter(seller_id__in=sellers).values_list("seller_id", flat=True).distinct():
        oldest = held.filter(seller_id=seller).order_by("due_at", "pk").values_list("pk", flat=True)[: places[seller]]
        Call.objects.filter(pk__in=list(oldest)).update(state=State.WAITING, hold=Call.Hold.NONE)


_TALLY = """
INSERT INTO production_tally (hour, worker, activity, verdict, attempts, seconds, under_100ms, under_1s, under_5s)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (hour, worker, activity, verdict) DO UPDATE SET attempts = production_tally.attempts + excluded.attempts,
 seconds = production_tally.seconds + excluded.seconds, under_100ms = production_tally.under_100ms + excluded.under_100ms,
 under_1s = production_tally.under_1s + excluded.under_1s, under_5s = production_tally.under_5s + excluded.under_5s
"""


def _tally(batch: Sequence[Ended], owner: str, now: datetime) -> None:
    sums: defaultdict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0, 0, 0])
    for ended in batch:
        seconds = ended.exchange.milliseconds / 1000 if ended.exchange else 0.0
        row = sums[ended.ticket.activity, verdict_of(ended.result)[0]]
        for i, more in enumerate((1, seconds, seconds < 0.1, seconds < 1, seconds < 5)):
            row[i] += more
    hour = _time(now.astimezone(UTC).replace(minute=0, second=0, microsecond=0))
    with connection.cursor() as cursor:
        cursor.executemany(
            _TALLY,
            [
                (hour, owner, activity, verdict, *(int(v) if i != 1 else v for i, v in enumerate(row)))
                for (activity, verdict), row in sorted(sums.items())
            ],
        )
