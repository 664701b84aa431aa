"""The outbox: a context stores its events with its own rows, and reactions in other contexts run later.

Who reacts is not known here: the worker passes the table from ``wiring/``. A reaction runs in a transaction, at
least once: it must be idempotent. One that is ``@batched`` takes many events at once.

What this release cannot read, because a later one wrote it, stays: it is tried again with growing waits, as what failed.
"""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import update_wrapper
from typing import Any, NamedTuple, TypeGuard

import structlog
from django.db import connection, transaction

from . import rows
from .events import Reactions, UnknownEvent, declaration_of, name_of, subjects
from .models import Event
from .stored import StoredMismatch, UnknownVersion, dump
from .work import DatabaseUnavailable, State, by_index, peek, wake

log = structlog.get_logger(__name__)

UNREADABLE = (UnknownEvent, UnknownVersion, StoredMismatch)
"""Errors for a row that this release cannot read as an event."""


class Batched[E]:
    """A reaction to many events of one class at once. Called as a plain reaction, it receives one."""

    __qualname__: str

    def __init__(self, react: Callable[[Sequence[E], datetime], None], *, last: bool = False) -> None:
        self.many, self.last = react, last
        update_wrapper(self, react)

    def __call__(self, event: E, now: datetime) -> None:
        self.many([event], now)


def batched[E](react: Callable[[Sequence[E], datetime], None]) -> Batched[E]:
    """Declare a reaction that queries the database once for a batch of events.

    It receives the events in the order in which they happened. If it fails, each is processed again alone."""
    return Batched(react)


def batched_last[E](react: Callable[[Sequence[E], datetime], None]) -> Batched[E]:
    """Declare a batched reaction that updates rows shared by all transactions, such as a daily count.

    It runs at the end of a batch. Its locks are then held only until the commit, and no other lock is taken after
    them."""
    return Batched(react, last=True)


class EventRow(NamedTuple):
    """The columns of a stored event that are read."""

    pk: int
    name: str
    facts: Mapping[str, Any]
    left: Sequence[str]
    """The reactions that failed before; empty for a new event."""
    attempts: int
    created_at: datetime | str
    """As the driver returns it."""


class LoadedEvent(NamedTuple):
    """An event loaded from its row."""

    event: object
    left: tuple[str, ...]


def publish(event: object, *, now: datetime) -> None:
    """Record an event. Call it in the transaction that makes the event true."""
    publish_all([event], now=now)
    wake()


def publish_all(events: Sequence[object], *, now: datetime) -> None:
    """Record many events in order, in one statement. Does not notify the workers: see ``work.wake``."""
    if not events:
        return
    moment = rows.moment(now)
    rows.run(
        'INSERT INTO base_event (state, due_at, lease_owner, attempts, name, facts, created_at, error, "left")'
        " SELECT 0, %s, '', 0, name, facts, %s, '', '[]'"
        f" FROM {rows.recordset({'name': 'text', 'facts': 'jsonb'})}",
        [
            moment,
            moment,
            rows.as_json({"name": declaration_of(type(event)).name, "facts": dump(event)} for event in events),
        ],
    )


def dispatch(reactions: Reactions, *, now: datetime, limit: int = 256) -> int:
    """Run the reactions to a batch of due events. Return how many events were taken.

    The batch is one transaction that locks its rows: reactions and deletions commit together, and a worker that dies
    leaves no partial results. If the batch fails, each event gets its own transaction, and each reaction a savepoint.
    So a failing event delays no others, and a notice that cannot be written does not stop a delivery. Only failed
    reactions are retried, with growing delays, and the console shows them, as well as unreadable events."""
    if not peek(Event, now=now):
        return 0
    taken: list[EventRow] = []
    try:
        with transaction.atomic():
            taken = _take(now, limit)
            _react(reactions, _read(reactions, taken, now), now)
    except DatabaseUnavailable:
        raise  # not the event's fault: the worker reconnects and takes the batch again
    except Exception:  # noqa: BLE001  # a reaction may fail in any way; the queue must survive it
        for row in taken:
            with transaction.atomic():
                _run_alone(reactions, row.pk, now)
    return len(taken)


def _read(reactions: Reactions, rows_taken: Sequence[EventRow], now: datetime) -> list[LoadedEvent]:
    """Load the events of these rows. Unreadable rows are stored again, due later."""
    events, unreadable = [], []
    for row in rows_taken:
        try:
            events.append(LoadedEvent(reactions.load(row.name, row.facts), tuple(row.left)))
        except UNREADABLE as error:
            log.warning("event cannot be read", event_id=row.pk, name=row.name, error=str(error))
            due_at = now + _wait(row.attempts)
            values = row._asdict() | {"created_at": rows.aware(row.created_at), "attempts": row.attempts + 1}
            unreadable.append(Event(**values, due_at=due_at, error=str(error)))
    if unreadable:
        Event.objects.bulk_create(unreadable)
    return events


def _react(reactions: Reactions, events: Sequence[LoadedEvent], now: datetime) -> None:
    run_last: defaultdict[Batched[Any], list[object]] = defaultdict(list)
    for group in _grouped(events):
        group_events = [taken.event for taken in group]
        for reaction in reactions.of(type(group_events[0]), group[0].left):
            if _runs_last(reaction):
                run_last[reaction] += group_events
            elif isinstance(reaction, Batched):
                reaction.many(group_events, now)
            else:
                for event in group_events:
                    reaction(event, now)
    for reaction in sorted(run_last, key=name_of):  # the same order in every batch
        reaction.many(run_last[reaction], now)


def _runs_last(reaction: object) -> TypeGuard[Batched[Any]]:
    return isinstance(reaction, Batched) and reaction.last


def _grouped(events: Sequence[LoadedEvent]) -> list[list[LoadedEvent]]:
    """Group events of one class, but never move an event past one of another class with the same subject, such as a
    call or an order."""
    groups: list[tuple[tuple[type, tuple[str, ...]], list[LoadedEvent], set[tuple[str, object]]]] = []
    for taken in events:
        subject_set = subjects(taken.event)
        group_key = (type(taken.event), taken.left)
        for other_key, group, group_subjects in reversed(groups):
            if other_key == group_key:
                group.append(taken)
                group_subjects.update(subject_set)
                break
            if not subject_set.isdisjoint(group_subjects):
                groups.append((group_key, [taken], subject_set))
                break
        else:
            groups.append((group_key, [taken], subject_set))
    return [group for _, group, _ in groups]


_OLDEST = "SELECT id FROM base_event WHERE state = 0 AND due_at <= %s ORDER BY due_at, id LIMIT %s"
_CHOSEN = {
    # An array makes the planner choose the rows once, instead of joining with a locking subquery.
    "postgresql": f"= ANY(ARRAY({_OLDEST} FOR UPDATE SKIP LOCKED))",
    "sqlite": f"IN ({_OLDEST})",
}


_COLUMNS = 'id, name, facts, "left", attempts, created_at'


def _take(now: datetime, limit: int) -> list[EventRow]:
    """Delete the oldest due events and return them. A rollback restores them."""
    statement: rows.Statement = (
        f"DELETE FROM base_event WHERE id {_CHOSEN[connection.vendor]} RETURNING {_COLUMNS}",
        [rows.moment(now), limit],
    )
    [records] = by_index(statement, to_the_end=False)
    return sorted(
        (
            EventRow(pk, name, rows.value(facts), rows.value(remaining), attempts, created_at)
            for pk, name, facts, remaining, attempts, created_at in records
        ),
        key=lambda row: row.pk,
    )


def _run_alone(reactions: Reactions, event_id: int, now: datetime) -> None:
    row = Event.objects.select_for_update(skip_locked=True).filter(pk=event_id, state=State.WAITING).first()
    if row is None:
        return  # another worker has locked it
    try:
        remaining, error = _failing(reactions, row, now)
    except UNREADABLE as unreadable:
        remaining, error = row.left, str(unreadable)
    if error:
        Event.objects.filter(pk=row.pk).update(
            due_at=now + _wait(row.attempts), error=error, left=remaining, attempts=row.attempts + 1
        )
    else:
        Event.objects.filter(pk=row.pk).delete()


def _failing(reactions: Reactions, row: Event, now: datetime) -> tuple[list[str], str]:
    """Run the reactions left for an event. Return the names of those that failed, and the last error."""
    event = reactions.load(row.name, row.facts)
    failed_names, error = [], ""
    for reaction in sorted(reactions.of(type(event), row.left), key=_runs_last):
        try:
            with transaction.atomic():
                reaction(event, now)
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("reaction failed", reaction=name_of(reaction), event_id=row.pk, facts=row.facts)
            failed_names.append(name_of(reaction))
            error = traceback.format_exc(limit=-6)[-4000:]
    return failed_names, error


def _wait(attempts: int) -> timedelta:
    doubled_wait: int = 2 ** min(attempts, 12)
    return min(timedelta(seconds=2) * doubled_wait, timedelta(hours=1))
