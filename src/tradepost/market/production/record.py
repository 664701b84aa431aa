"""Record a batch of exchanges: attempts, calls, breakers, tallies and events in one transaction.

A result counts only while we hold the call's lease. A worker that was declared dead and returns late completes its lost
attempt, but does not move the call again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import msgspec
import structlog
from django.db import connection, transaction
from msgspec import Struct

from tradepost.market.base import outbox, rows
from tradepost.market.base.rows import moment
from tradepost.market.base.secrets import seal
from tradepost.market.base.work import DatabaseUnavailable, State, by_index
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Create, Done, Fault, Pending, Unreachable

from . import breaker, held_access
from .address_news import addresses_to_update, results_of, write_breakers
from .attempts import EndedAttempt, attempts_written, verdict_and_detail
from .claim import ClaimedCall, rule_of
from .events import CallEnded, CallFailed
from .gateway import Exchange
from .judged import passes
from .masking import printable
from .models import Call
from .plan import Probing, next_attempt, next_probe

log = structlog.get_logger(__name__)

RETRY_AFTER_STATUS = frozenset({413, 429, 503})


DEFAULT_PROBING = Probing()


def record(
    batch: Sequence[EndedAttempt], *, now: datetime, owner: str, rule: breaker.Rule, probing: Probing = DEFAULT_PROBING
) -> int:
    """Record a batch of ended attempts and return the number of ended calls."""
    with transaction.atomic():
        batch = _check_instances(batch)
        moves = {ended.call.call_id: _move_of(ended, now, probing) for ended in batch}
        results = results_of(batch)
        moved_rows, _attempts, news, waiting_rows, _tallied = by_index(
            *_adopt_statements(batch, owner),
            _move_statement(moves, owner, now),
            attempts_written(batch, owner),
            addresses_to_update(results, now),
            _sellers_with_held_calls({ended.call.seller_id for ended in batch}),
            _tally_statement(batch, owner, now),
            to_the_end=True,
        )[-5:]
        owned_calls = {call_id for (call_id,) in moved_rows}
        if news:
            write_breakers({address for (address,) in news}, results, rule, now)
        if waiting_rows:
            freed_places = Counter(ended.call.seller_id for ended in batch if ended.call.call_id in owned_calls)
            release_held_sellers({seller for (seller,) in waiting_rows if seller in freed_places}, freed_places)
        if waiting_rows or any(ended.call.purpose == Call.Purpose.ACCESS for ended in batch):
            held_access.release_held_calls()
        ended_calls = _publish([moves[call_id] for call_id in moves if call_id in owned_calls], now)
    for ended in batch:
        if ended.call.call_id in owned_calls:
            _log(ended.call, moves[ended.call.call_id])
    return ended_calls


def record_each(
    batch: Sequence[EndedAttempt], *, now: datetime, owner: str, rule: breaker.Rule, probing: Probing = DEFAULT_PROBING
) -> None:
    """Record a batch. If that fails, record each attempt separately, so that one answer does not block others.

    An attempt that cannot be recorded ends as our failure and is retried by plan.
    """
    try:
        record(batch, now=now, owner=owner, rule=rule, probing=probing)
    except DatabaseUnavailable:
        raise
    except Exception as error:
        log.exception("could not record", calls=[ended.call.call_id for ended in batch])
        if len(batch) > 1:
            for ended in batch:
                record_each([ended], now=now, owner=owner, rule=rule, probing=probing)
        else:
            record([_as_unrecordable(batch[0], error)], now=now, owner=owner, rule=rule, probing=probing)


def _as_unrecordable(ended: EndedAttempt, error: Exception) -> EndedAttempt:
    broken = Unreachable(fault=Fault.INTERNAL, detail=f"the answer could not be recorded: {type(error).__name__}")
    return EndedAttempt(msgspec.structs.replace(ended.call, maybe_acted=True), broken)


def _log(call: ClaimedCall, move: CallMove) -> None:
    """Log failures, and ended calls about subscriptions."""
    if move.event is None or (isinstance(move.event, CallEnded) and call.subscription_id is None):
        return
    log.info(
        "call failed" if isinstance(move.event, CallFailed) else "call ended",
        call=call.call_id,
        order=call.order_number,
        seller=call.seller_id,
        activity=call.activity,
        attempt=call.number,
        verdict=move.columns["verdict"],
        next_at=move.columns["due_at"],
    )


def _instance_of(ended: EndedAttempt) -> str:
    """Return the instance ID of a creation; otherwise empty, also for test calls, which create nothing."""
    if ended.call.purpose != Call.Purpose.ORDER:
        return ""
    if ended.call.kind == "Create" and isinstance(ended.result, Done):
        return ended.result.instance_id
    return ""


def _check_instances(batch: Sequence[EndedAttempt]) -> list[EndedAttempt]:
    """Mark creations as faults if they return an instance ID of another order, or a different ID when repeated
    (saas-v1-license A2.2).

    Two buyers must never share an instance.
    """
    batch = [_same_instance(ended) for ended in batch]
    created_instances = {
        (ended_call.call.seller_id, instance) for ended_call in batch if (instance := _instance_of(ended_call))
    }
    if not created_instances:
        return list(batch)
    owners: dict[tuple[int, str], int | None] = {
        (seller, instance): pk
        for pk, seller, instance in Subscription.objects.filter(
            seller_id__in={s for s, _ in created_instances}, instance_id__in={i for _, i in created_instances}
        ).values_list("pk", "seller_id", "instance_id")
    }
    checked_calls = []
    for ended in batch:
        instance = _instance_of(ended)
        instance_key, subscription = (ended.call.seller_id, instance), ended.call.subscription_id
        if instance and owners.setdefault(instance_key, subscription) != subscription:
            fault = Unreachable(
                fault=Fault.INSTANCE_TAKEN,
                detail=f"newInstance answered instanceId {instance!r}, which belongs to another order",
            )
            checked_calls.append(EndedAttempt(ended.call, fault, ended.exchange))
        else:
            checked_calls.append(ended)
    return checked_calls


def _same_instance(ended: EndedAttempt) -> EndedAttempt:
    call, result = ended.call, ended.result
    repeated = call.purpose == Call.Purpose.ACCESS and call.kind == Create.__name__
    if not repeated or not isinstance(result, Done) or result.instance_id == call.instance_id:
        return ended
    fault = Unreachable(
        fault=Fault.OTHER_INSTANCE,
        detail=f"newInstance for the order of instance {call.instance_id!r} answered instanceId {result.instance_id!r}",
    )
    return EndedAttempt(call, fault, ended.exchange)


def _retry_after(exchange: Exchange | None) -> timedelta | None:
    response = exchange.response if exchange else None
    if response is None or response.status not in RETRY_AFTER_STATUS:
        return None
    seconds = response.header("Retry-After") or ""
    return timedelta(seconds=min(int(seconds), 86_400)) if seconds.isdecimal() and len(seconds) < 10 else None


class CallMove(Struct, frozen=True):
    """Effect of a result on its call: new columns, and an event (none for a poll)."""

    columns: dict[str, Any]
    event: CallFailed | CallEnded | None


def _move_of(ended: EndedAttempt, now: datetime, probing: Probing) -> CallMove:
    call, result = ended.call, ended.result
    verdict, detail = verdict_and_detail(result)
    columns: dict[str, Any] = {
        "id": call.call_id, "number": call.number, "due_at": None, "outcome": "", "sealed_answer": "",
        "maybe_acted": call.maybe_acted, "claimed": call.claimed_instance_id, "instance_id": call.instance_id,
        "verdict": verdict, "detail": printable(detail)[:1000],
    }  # fmt: skip
    if isinstance(result, Unreachable):
        columns["maybe_acted"] = call.maybe_acted or result.seller_may_have_acted
        columns["claimed"] = call.claimed_instance_id or printable(result.claimed_instance_id)[:100]
    elif isinstance(result, Pending):
        # The seller began to act; its instance must be released if it never finishes.
        columns["maybe_acted"] = True
        columns["claimed"] = call.claimed_instance_id or result.instance_id
    if call.purpose == Call.Purpose.PROBE:
        return _move_of_probe(ended, columns, now, probing)
    rule = rule_of(call.protocol, call.kind)
    due_at = next_attempt(
        result,
        rule,
        tries=call.number,
        now=now,
        give_up_at=call.give_up_at,
        chance=random.random(),  # noqa: S311  # for load distribution, not security
        retry_after=_retry_after(ended.exchange),
    )
    if due_at is not None:
        columns |= {"state": State.WAITING.value, "due_at": moment(due_at)}
        if isinstance(result, Pending) or (isinstance(result, Unreachable) and result.fault is Fault.LOST):
            return CallMove(columns, None)
        return CallMove(columns, CallFailed(call=call.call_id, attempt=call.number, verdict=verdict, next_at=due_at))
    is_promised = isinstance(result, Pending) and rule.promises
    outcome = Call.Outcome.DONE if is_promised or isinstance(result, Done) else Call.Outcome.GAVE_UP
    columns |= {"state": State.ENDED.value, "outcome": outcome.value}
    if isinstance(result, Done) and (result.instance_id or result.instances or result.license):
        columns["sealed_answer"] = seal(msgspec.json.encode(result).decode())
        columns["instance_id"] = call.instance_id or result.instance_id
    return CallMove(columns, _call_ended_event(call, outcome))


def _call_ended_event(call: ClaimedCall, outcome: Call.Outcome) -> CallEnded:
    return CallEnded(
        call=call.call_id,
        kind=call.kind,
        outcome=outcome.value,
        subscription=call.subscription_id,
        purpose=call.purpose,
        owner=call.owner,
    )


def _move_of_probe(ended: EndedAttempt, columns: dict[str, Any], now: datetime, probing: Probing) -> CallMove:
    """Move a probe by its findings and its own plan; single attempts publish no events."""
    call, has_passed = ended.call, passes(ended.findings)
    due_at = next_probe(probing, passed=has_passed, tries=call.number, now=now, give_up_at=call.give_up_at)
    if due_at is not None:
        return CallMove(columns | {"state": State.WAITING.value, "due_at": moment(due_at)}, None)
    outcome = Call.Outcome.DONE if has_passed else Call.Outcome.GAVE_UP
    return CallMove(columns | {"state": State.ENDED.value, "outcome": outcome.value}, _call_ended_event(call, outcome))


_CALL = {
    "id": "bigint", "number": "int", "state": "smallint", "due_at": "timestamptz", "outcome": "text",
    "maybe_acted": "boolean", "claimed": "text", "verdict": "text", "detail": "text", "sealed_answer": "text",
    "instance_id": "text", "was": "smallint", "owner": "text",
}  # fmt: skip


def _move_statement(moves: Mapping[int, CallMove], owner: str, now: datetime) -> rows.Statement:
    """Return the statement that moves calls whose lease we hold, and returns their keys."""
    false = "FALSE" if connection.vendor == "postgresql" else "0"
    lease = {"was": State.LEASED.value, "owner": owner}
    text = (
        "UPDATE production_call SET state = r.state, due_at = COALESCE(r.due_at, production_call.due_at),"
        f" lease_until = NULL, lease_owner = '', restart = {false}, outcome = r.outcome,"
        f" ended_at = CASE WHEN r.state = {State.ENDED:d} THEN %s{_AS_TIME[connection.vendor]} END,"
        " maybe_acted = r.maybe_acted, claimed_instance_id = r.claimed, last_verdict = r.verdict,"
        " last_detail = r.detail, sealed_answer = r.sealed_answer, instance_id = r.instance_id"
        f" FROM {rows.recordset(_CALL)} WHERE production_call.id = r.id AND production_call.attempts = r.number"
        " AND production_call.state = r.was AND production_call.lease_owner = r.owner RETURNING production_call.id"
    )
    return text, [moment(now), rows.as_json({**move.columns, **lease} for move in moves.values())]


_AS_TIME = {"postgresql": "::timestamptz", "sqlite": ""}


_ADOPTION_COLUMNS = {
    "id": "bigint",
    "instance_id": "text",
    "call": "bigint",
    "number": "int",
    "was": "smallint",
    "owner": "text",
}


def _adopt_statements(batch: Sequence[EndedAttempt], owner: str) -> list[rows.Statement]:
    """Return the statement that stores the sellers' names of new instances, guarded by the unique index.

    It runs before the update of calls, since subscriptions are locked first, and only under our lease. Empty without
    new instances.
    """
    named_instances = [
        {"id": ended.call.subscription_id, "instance_id": instance, "call": ended.call.call_id, "number": ended.call.number,
         "was": State.LEASED.value, "owner": owner}
        for ended in batch
        if (instance := _instance_of(ended)) and ended.call.subscription_id
    ]  # fmt: skip
    if not named_instances:
        return []
    text = (
        f"UPDATE subscriptions_subscription SET instance_id = r.instance_id FROM {rows.recordset(_ADOPTION_COLUMNS)}"
        " WHERE subscriptions_subscription.id = r.id AND subscriptions_subscription.instance_id = ''"
        " AND EXISTS (SELECT 1 FROM production_call c WHERE c.id = r.call AND c.attempts = r.number"
        " AND c.state = r.was AND c.lease_owner = r.owner)"
    )
    return [(text, [rows.as_json(sorted(named_instances, key=itemgetter("id")))])]


def _publish(moves: Iterable[CallMove], now: datetime) -> int:
    """Publish the events of the moves and return the number of ended calls."""
    events = [move.event for move in moves if move.event]
    outbox.publish_all(events, now=now)
    return sum(isinstance(event, CallEnded) for event in events)


def _sellers_with_held_calls(sellers: Collection[int]) -> rows.Statement:
    """Return the statement that selects those sellers with held calls."""
    text = (
        f"SELECT DISTINCT c.seller_id FROM {rows.recordset({'id': 'bigint'})} JOIN production_call c"
        f" ON c.seller_id = r.id WHERE c.state = {State.HELD:d} AND c.hold = '{Call.Hold.BUSY}'"
    )
    return text, [rows.as_json({"id": seller} for seller in sellers)]


def release_held_sellers(sellers: Collection[int], places: Mapping[int, int]) -> None:
    """Release held calls of these sellers into freed places, oldest first. ``held_access`` releases access calls, which
    have lower limits.

    Workers that free places at the same time skip each other's locked rows. Only calls that are still held are
    released; otherwise a call leased meanwhile would be sent twice.
    """
    held_calls = Call.objects.filter(state=State.HELD, hold=Call.Hold.BUSY).exclude(purpose=Call.Purpose.ACCESS)
    for seller in sorted(sellers):
        oldest_calls = held_calls.filter(seller_id=seller).order_by("due_at", "pk").values_list("pk", flat=True)
        keys = oldest_calls.select_for_update(skip_locked=True, of=("self",))[: places[seller]]
        held_calls.filter(pk__in=list(keys)).update(state=State.WAITING, hold=Call.Hold.NONE)


_TALLY_COLUMNS = {
    "activity": "text", "verdict": "text", "attempts": "bigint", "seconds": "double precision", "under_100ms": "bigint",
    "under_1s": "bigint", "under_5s": "bigint",
}  # fmt: skip


def _tally_statement(batch: Sequence[EndedAttempt], owner: str, now: datetime) -> rows.Statement:
    """Return the statement that adds the batch to the counts of this hour."""
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    for ended in batch:
        if ended.call.purpose != Call.Purpose.ORDER:
            continue  # charts show orders
        seconds = ended.exchange.milliseconds / 1000 if ended.exchange else 0.0
        tally_key = ended.call.activity, verdict_and_detail(ended.result)[0]
        row = sums.get(tally_key) or sums.setdefault(
            tally_key, dict.fromkeys(_TALLY_COLUMNS, 0) | {"activity": tally_key[0], "verdict": tally_key[1]}
        )
        row["attempts"] += 1
        row["seconds"] += seconds
        for name, limit in (("under_100ms", 0.1), ("under_1s", 1), ("under_5s", 5)):
            row[name] += seconds < limit
    counts = [name for name in _TALLY_COLUMNS if name not in {"activity", "verdict"}]
    added_sql = ", ".join(f"{name} = production_tally.{name} + excluded.{name}" for name in counts)
    names = ", ".join(_TALLY_COLUMNS)
    text = (
        f"INSERT INTO production_tally (hour, worker, {names})"
        f" SELECT %s{_AS_TIME[connection.vendor]}, %s, {names} FROM {rows.recordset(_TALLY_COLUMNS)}"
        f" WHERE TRUE ON CONFLICT (hour, worker, activity, verdict) DO UPDATE SET {added_sql}"
    )
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return text, [moment(hour), owner, rows.as_json(sums[tally_key] for tally_key in sorted(sums))]
