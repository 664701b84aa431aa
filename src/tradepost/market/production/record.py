"""Record a batch of exchanges: attempts, calls, breakers, tallies and events in one transaction.

A result counts for its call only while the lease is still ours: a worker that was thought dead and comes back late
only tells what its attempt was, recorded as lost until then, and does not move the call a second time.
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
from tradepost.market.base.work import DatabaseAway, State, by_index
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Create, Done, Fault, Pending, Unreachable

from . import breaker, held_access
from .address_news import addresses_with_news, news_of, write_breakers
from .attempts import Ended, attempts_written, verdict_of
from .claim import ClaimedCall, rule_of
from .events import CallEnded, CallFailed
from .gateway import Exchange
from .judged import passes
from .masking import printable
from .models import Call
from .plan import Probing, next_attempt, next_probe

log = structlog.get_logger(__name__)

RETRY_AFTER_STATUS = frozenset({413, 429, 503})


PROBING = Probing()


def record(batch: Sequence[Ended], *, now: datetime, owner: str, rule: breaker.Rule, probing: Probing = PROBING) -> int:
    """Write everything that a batch of ended attempts means. Returns how many calls ended."""
    with transaction.atomic():
        batch = _name_taken_instances(batch)
        moves = {ended.call.call_id: _move(ended, now, probing) for ended in batch}
        results = news_of(batch)
        moved, _attempts, news, waiting, _tallied = by_index(
            *_instances_adopted(batch, owner),
            _calls_moved(moves, owner, now),
            attempts_written(batch, owner),
            addresses_with_news(results, now),
            _sellers_with_held_calls({ended.call.seller_id for ended in batch}),
            _tally(batch, owner, now),
            to_the_end=True,
        )[-5:]
        ours = {call_id for (call_id,) in moved}
        if news:
            write_breakers({address for (address,) in news}, results, rule, now)
        if waiting:
            freed = Counter(ended.call.seller_id for ended in batch if ended.call.call_id in ours)
            release_held_sellers({seller for (seller,) in waiting if seller in freed}, freed)
        if waiting or any(ended.call.purpose == Call.Purpose.ACCESS for ended in batch):
            held_access.release()
        ended_calls = _publish([moves[call_id] for call_id in moves if call_id in ours], now)
    for ended in batch:
        if ended.call.call_id in ours:
            _tell_the_log(ended.call, moves[ended.call.call_id])
    return ended_calls


def record_each(
    batch: Sequence[Ended], *, now: datetime, owner: str, rule: breaker.Rule, probing: Probing = PROBING
) -> None:
    """``record``; when something in the batch cannot be written, each by itself, so that one seller's answer stops
    nobody else's. What cannot be written even so ends as our failure, and its call is tried again by plan."""
    try:
        record(batch, now=now, owner=owner, rule=rule, probing=probing)
    except DatabaseAway:
        raise
    except Exception as error:
        log.exception("could not record", calls=[ended.call.call_id for ended in batch])
        if len(batch) > 1:
            for ended in batch:
                record_each([ended], now=now, owner=owner, rule=rule, probing=probing)
        else:
            record([_not_kept(batch[0], error)], now=now, owner=owner, rule=rule, probing=probing)


def _not_kept(ended: Ended, error: Exception) -> Ended:
    broken = Unreachable(fault=Fault.INTERNAL, detail=f"the answer could not be recorded: {type(error).__name__}")
    return Ended(msgspec.structs.replace(ended.call, maybe_acted=True), broken)


def _tell_the_log(call: ClaimedCall, move: Move) -> None:
    """Failures, and the end of whatever concerns a subscription."""
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


def _instance_of(ended: Ended) -> str:
    """The instance id that a creation answered, empty for everything else, and for test calls: nothing was made."""
    if ended.call.purpose != Call.Purpose.ORDER:
        return ""
    if ended.call.kind == "Create" and isinstance(ended.result, Done):
        return ended.result.instance_id
    return ""


def _name_taken_instances(batch: Sequence[Ended]) -> list[Ended]:
    """A creation that answers an id of another order is a fault: two buyers must never share an instance. So is one that is
    repeated for a service and answers another id than before (saas-v1-license A2.2)."""
    batch = [_same_instance(ended) for ended in batch]
    wanted = {(e.call.seller_id, instance) for e in batch if (instance := _instance_of(e))}
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
        at, mine = (ended.call.seller_id, instance), ended.call.subscription_id
        if instance and owners.setdefault(at, mine) != mine:
            fault = Unreachable(
                fault=Fault.INSTANCE_TAKEN,
                detail=f"newInstance answered instanceId {instance!r}, which belongs to another order",
            )
            checked.append(Ended(ended.call, fault, ended.exchange))
        else:
            checked.append(ended)
    return checked


def _same_instance(ended: Ended) -> Ended:
    call, result = ended.call, ended.result
    repeated = call.purpose == Call.Purpose.ACCESS and call.kind == Create.__name__
    if not repeated or not isinstance(result, Done) or result.instance_id == call.instance_id:
        return ended
    fault = Unreachable(
        fault=Fault.OTHER_INSTANCE,
        detail=f"newInstance for the order of instance {call.instance_id!r} answered instanceId {result.instance_id!r}",
    )
    return Ended(call, fault, ended.exchange)


def _retry_after(exchange: Exchange | None) -> timedelta | None:
    response = exchange.response if exchange else None
    if response is None or response.status not in RETRY_AFTER_STATUS:
        return None
    seconds = response.header("Retry-After") or ""
    return timedelta(seconds=min(int(seconds), 86_400)) if seconds.isdecimal() and len(seconds) < 10 else None


class Move(Struct, frozen=True):
    """What one result does to its call: its next columns, and the event that it causes (none for a poll)."""

    columns: dict[str, Any]
    event: CallFailed | CallEnded | None


def _move(ended: Ended, now: datetime, probing: Probing) -> Move:
    call, result = ended.call, ended.result
    verdict, detail = verdict_of(result)
    columns: dict[str, Any] = {
        "id": call.call_id, "number": call.number, "due_at": None, "outcome": "", "sealed_answer": "",
        "maybe_acted": call.maybe_acted, "claimed": call.claimed_instance_id, "instance_id": call.instance_id,
        "verdict": verdict, "detail": printable(detail)[:1000],
    }  # fmt: skip
    if isinstance(result, Unreachable):
        columns["maybe_acted"] = call.maybe_acted or result.seller_may_have_acted
        columns["claimed"] = call.claimed_instance_id or printable(result.claimed_instance_id)[:100]
    elif isinstance(result, Pending):
        # It began to act; what it made must be released if it never finishes.
        columns["maybe_acted"] = True
        columns["claimed"] = call.claimed_instance_id or result.instance_id
    if call.purpose == Call.Purpose.PROBE:
        return _probe_moved(ended, columns, now, probing)
    rule = rule_of(call.protocol, call.kind)
    due = next_attempt(
        result,
        rule,
        tries=call.number,
        now=now,
        give_up_at=call.give_up_at,
        chance=random.random(),  # noqa: S311  # spreads load, hides nothing
        retry_after=_retry_after(ended.exchange),
    )
    if due is not None:
        columns |= {"state": State.WAITING.value, "due_at": moment(due)}
        if isinstance(result, Pending) or (isinstance(result, Unreachable) and result.fault is Fault.LOST):
            return Move(columns, None)
        return Move(columns, CallFailed(call=call.call_id, attempt=call.number, verdict=verdict, next_at=due))
    promised = isinstance(result, Pending) and rule.promises
    outcome = Call.Outcome.DONE if promised or isinstance(result, Done) else Call.Outcome.GAVE_UP
    columns |= {"state": State.ENDED.value, "outcome": outcome.value}
    if isinstance(result, Done) and (result.instance_id or result.instances or result.license):
        columns["sealed_answer"] = seal(msgspec.json.encode(result).decode())
        columns["instance_id"] = call.instance_id or result.instance_id
    return Move(columns, _end_of(call, outcome))


def _end_of(call: ClaimedCall, outcome: Call.Outcome) -> CallEnded:
    return CallEnded(
        call=call.call_id,
        kind=call.kind,
        outcome=outcome.value,
        subscription=call.subscription_id,
        purpose=call.purpose,
        owner=call.owner,
    )


def _probe_moved(ended: Ended, columns: dict[str, Any], now: datetime, probing: Probing) -> Move:
    """A probe goes by what was judged of its answer, and by a plan of its own; nobody is told of a single try."""
    call, passed = ended.call, passes(ended.findings)
    due = next_probe(probing, passed=passed, tries=call.number, now=now, give_up_at=call.give_up_at)
    if due is not None:
        return Move(columns | {"state": State.WAITING.value, "due_at": moment(due)}, None)
    outcome = Call.Outcome.DONE if passed else Call.Outcome.GAVE_UP
    return Move(columns | {"state": State.ENDED.value, "outcome": outcome.value}, _end_of(call, outcome))


_CALL = {
    "id": "bigint", "number": "int", "state": "smallint", "due_at": "timestamptz", "outcome": "text",
    "maybe_acted": "boolean", "claimed": "text", "verdict": "text", "detail": "text", "sealed_answer": "text",
    "instance_id": "text", "was": "smallint", "owner": "text",
}  # fmt: skip


def _calls_moved(moves: Mapping[int, Move], owner: str, now: datetime) -> rows.Statement:
    """Moves the calls whose lease is still ours, and gives them. A late worker's result moves nothing a second time."""
    no = "FALSE" if connection.vendor == "postgresql" else "0"
    lease = {"was": State.LEASED.value, "owner": owner}
    text = (
        "UPDATE production_call SET state = r.state, due_at = COALESCE(r.due_at, production_call.due_at),"
        f" lease_until = NULL, lease_owner = '', restart = {no}, outcome = r.outcome,"
        f" ended_at = CASE WHEN r.state = {State.ENDED:d} THEN %s{_AS_TIME[connection.vendor]} END,"
        " maybe_acted = r.maybe_acted, claimed_instance_id = r.claimed, last_verdict = r.verdict,"
        " last_detail = r.detail, sealed_answer = r.sealed_answer, instance_id = r.instance_id"
        f" FROM {rows.recordset(_CALL)} WHERE production_call.id = r.id AND production_call.attempts = r.number"
        " AND production_call.state = r.was AND production_call.lease_owner = r.owner RETURNING production_call.id"
    )
    return text, [moment(now), rows.as_json({**move.columns, **lease} for move in moves.values())]


_AS_TIME = {"postgresql": "::timestamptz", "sqlite": ""}


_NAMED = {"id": "bigint", "instance_id": "text", "call": "bigint", "number": "int", "was": "smallint", "owner": "text"}


def _instances_adopted(batch: Sequence[Ended], owner: str) -> list[rows.Statement]:
    """The seller's names of new instances, at once: the unique index then guards each against every other order. Written
    before the calls, since subscriptions are locked first everywhere; while the lease is ours. No statement where nothing
    was made."""
    named = [
        {"id": ended.call.subscription_id, "instance_id": instance, "call": ended.call.call_id, "number": ended.call.number,
         "was": State.LEASED.value, "owner": owner}
        for ended in batch
        if (instance := _instance_of(ended)) and ended.call.subscription_id
    ]  # fmt: skip
    if not named:
        return []
    text = (
        f"UPDATE subscriptions_subscription SET instance_id = r.instance_id FROM {rows.recordset(_NAMED)}"
        " WHERE subscriptions_subscription.id = r.id AND subscriptions_subscription.instance_id = ''"
        " AND EXISTS (SELECT 1 FROM production_call c WHERE c.id = r.call AND c.attempts = r.number"
        " AND c.state = r.was AND c.lease_owner = r.owner)"
    )
    return [(text, [rows.as_json(sorted(named, key=itemgetter("id")))])]


def _publish(moves: Iterable[Move], now: datetime) -> int:
    """Write the events that the moves cause. Returns how many calls ended."""
    events = [move.event for move in moves if move.event]
    outbox.publish_all(events, now=now)
    return sum(isinstance(event, CallEnded) for event in events)


def _sellers_with_held_calls(sellers: Collection[int]) -> rows.Statement:
    """Those of these sellers that have calls waiting for a place."""
    text = (
        f"SELECT DISTINCT c.seller_id FROM {rows.recordset({'id': 'bigint'})} JOIN production_call c"
        f" ON c.seller_id = r.id WHERE c.state = {State.HELD:d} AND c.hold = '{Call.Hold.BUSY}'"
    )
    return text, [rows.as_json({"id": seller} for seller in sellers)]


def release_held_sellers(sellers: Collection[int], places: Mapping[int, int]) -> None:
    """Calls that waited for a place at their seller take the places that were just freed, oldest first. Access calls, of which
    fewer may be open, take theirs in ``held_access``.

    Two workers free places at the same moment. What the other one releases is passed over, so that each fills its own
    places, and only what is still held is released: by then somebody may have leased the other one's, and a call that
    fell back to *waiting* under its lease would be sent a second time.
    """
    held = Call.objects.filter(state=State.HELD, hold=Call.Hold.BUSY).exclude(purpose=Call.Purpose.ACCESS)
    for seller in sorted(sellers):
        oldest = held.filter(seller_id=seller).order_by("due_at", "pk").values_list("pk", flat=True)
        taken = oldest.select_for_update(skip_locked=True, of=("self",))[: places[seller]]
        held.filter(pk__in=list(taken)).update(state=State.WAITING, hold=Call.Hold.NONE)


_TALLIED = {
    "activity": "text", "verdict": "text", "attempts": "bigint", "seconds": "double precision", "under_100ms": "bigint",
    "under_1s": "bigint", "under_5s": "bigint",
}  # fmt: skip


def _tally(batch: Sequence[Ended], owner: str, now: datetime) -> rows.Statement:
    """Adds the batch to the counts of this hour."""
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    for ended in batch:
        if ended.call.purpose != Call.Purpose.ORDER:
            continue  # charts tell how orders go
        seconds = ended.exchange.milliseconds / 1000 if ended.exchange else 0.0
        at = ended.call.activity, verdict_of(ended.result)[0]
        row = sums.get(at) or sums.setdefault(at, dict.fromkeys(_TALLIED, 0) | {"activity": at[0], "verdict": at[1]})
        row["attempts"] += 1
        row["seconds"] += seconds
        for name, limit in (("under_100ms", 0.1), ("under_1s", 1), ("under_5s", 5)):
            row[name] += seconds < limit
    counts = [name for name in _TALLIED if name not in {"activity", "verdict"}]
    added = ", ".join(f"{name} = production_tally.{name} + excluded.{name}" for name in counts)
    names = ", ".join(_TALLIED)
    text = (
        f"INSERT INTO production_tally (hour, worker, {names})"
        f" SELECT %s{_AS_TIME[connection.vendor]}, %s, {names} FROM {rows.recordset(_TALLIED)}"
        f" WHERE TRUE ON CONFLICT (hour, worker, activity, verdict) DO UPDATE SET {added}"
    )
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return text, [moment(hour), owner, rows.as_json(sums[at] for at in sorted(sums))]
