"""Call down, publish up: a context writes what happened beside its own rows; whoever cares reacts later.

Who reacts is not known here: the worker passes the table from ``wiring.py``. A reaction runs in a transaction, at
least once: it must be idempotent. One that is ``@batched`` takes many events at once.

What this release cannot read, because a later one wrote it, stays: it is tried again with growing waits, as what failed.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import update_wrapper
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction

from . import rows
from .events import Reactions, UnknownEvent, declared, name_of, subjects
from .models import Event
from .stored import StoredMismatch, UnknownVersion, dump
from .work import DatabaseAway, State, by_index, peek, wake

log = structlog.get_logger(__name__)

UNREADABLE = (UnknownEvent, UnknownVersion, StoredMismatch)
"""Why a row is not an event to this release."""


class Batched[E]:
    """A reaction to many events of one class at once; called like any other, it gets one."""

    __qualname__: str

    def __init__(self, react: Callable[[Sequence[E], datetime], None]) -> None:
        self.many = react
        update_wrapper(self, react)

    def __call__(self, event: E, now: datetime) -> None:
        self.many([event], now)


def batched[E](react: Callable[[Sequence[E], datetime], None]) -> Batched[E]:
    """Declare a reaction that asks the database once for a batch instead of once for each event.

    It gets the events in the order in which they happened. When it fails, each comes again, alone.
    """
    return Batched(react)


class Row(NamedTuple):
    """What is looked at of a stored event."""

    pk: int
    name: str
    facts: Mapping[str, Any]
    left: Sequence[str]
    """The reactions that failed before; empty for a new event."""
    attempts: int
    created_at: datetime | str
    """As the driver gave it."""


class Taken(NamedTuple):
    """An event that was read from its row."""

    event: object
    left: tuple[str, ...]


def publish(event: object, *, now: datetime) -> None:
    """Record that something happened. Must run in the transaction that makes it true."""
    publish_all([event], now=now)
    wake()


def publish_all(events: Sequence[object], *, now: datetime) -> None:
    """The same for many events, in one statement and in their order. Does not wake the workers: see ``work.wake``."""
    if not events:
        return
    at = rows.moment(now)
    rows.run(
        'INSERT INTO base_event (state, due_at, lease_owner, attempts, name, facts, created_at, error, "left")'
        " SELECT 0, %s, '', 0, name, facts, %s, '', '[]'"
        f" FROM {rows.recordset({'name': 'text', 'facts': 'jsonb'})}",
        [at, at, rows.as_json({"name": declared(type(event)).name, "facts": dump(event)} for event in events)],
    )


def dispatch(reactions: Reactions, *, now: datetime, limit: int = 256) -> int:
    """React to a batch of due events. Returns how many were taken.

    The batch is one transaction that holds its rows: reactions and deletions commit together, and a worker that dies
    leaves nothing behind. If that fails, each event gets a transaction of its own, so that a poisoned event delays
    nobody and a notice that cannot be written does not stop a delivery. Only what failed is tried again, with growing
    waits, and shown in the console; so is what cannot be read.
    """
    if not peek(Event, now=now):
        return 0
    taken: list[Row] = []
    try:
        with transaction.atomic():
            taken = _take(now, limit)
            _react(reactions, _read(reactions, taken, now), now)
    except DatabaseAway:
        raise  # not the event's fault: the worker reconnects and takes the batch again
    except Exception:  # noqa: BLE001  # a reaction may fail in any way; the queue must survive it
        for row in taken:
            with transaction.atomic():
                _alone(reactions, row.pk, now)
    return len(taken)


def _read(reactions: Reactions, taken: Sequence[Row], now: datetime) -> list[Taken]:
    """The events of these rows; rows that cannot be read are put back, to be due later."""
    events, unreadable = [], []
    for row in taken:
        try:
            events.append(Taken(reactions.load(row.name, row.facts), tuple(row.left)))
        except UNREADABLE as error:
            log.warning("event cannot be read", event_id=row.pk, name=row.name, error=str(error))
            due_at = now + _wait(row.attempts)
            kept = row._asdict() | {"created_at": rows.aware(row.created_at), "attempts": row.attempts + 1}
            unreadable.append(Event(**kept, due_at=due_at, error=str(error)))
    if unreadable:
        Event.objects.bulk_create(unreadable)
    return events


def _react(reactions: Reactions, events: Sequence[Taken], now: datetime) -> None:
    for group in _grouped(events):
        happened = [taken.event for taken in group]
        for reaction in reactions.of(type(happened[0]), group[0].left):
            if isinstance(reaction, Batched):
                reaction.many(happened, now)
            else:
                for event in happened:
                    reaction(event, now)


def _grouped(events: Sequence[Taken]) -> list[list[Taken]]:
    """Events of one class go together, but none overtakes one of another class about the same thing: a call, an order."""
    groups: list[tuple[tuple[type, tuple[str, ...]], list[Taken], set[tuple[str, object]]]] = []
    for taken in events:
        about = subjects(taken.event)
        alike = (type(taken.event), taken.left)
        for known, group, others in reversed(groups):
            if known == alike:
                group.append(taken)
                others.update(about)
                break
            if not about.isdisjoint(others):
                groups.append((alike, [taken], about))
                break
        else:
            groups.append((alike, [taken], about))
    return [group for _, group, _ in groups]


_OLDEST = "SELECT id FROM base_event WHERE state = 0 AND due_at <= %s ORDER BY due_at, id LIMIT %s"
_CHOSEN = {
    # As an array, so that the planner chooses once instead of joining with a subquery that locks.
    "postgresql": f"= ANY(ARRAY({_OLDEST} FOR UPDATE SKIP LOCKED))",
    "sqlite": f"IN ({_OLDEST})",
}


_COLUMNS = 'id, name, facts, "left", attempts, created_at'


def _take(now: datetime, limit: int) -> list[Row]:
    """Delete the oldest due events and give them; they are back if the transaction is rolled back."""
    chosen: rows.Statement = (
        f"DELETE FROM base_event WHERE id {_CHOSEN[connection.vendor]} RETURNING {_COLUMNS}",
        [rows.moment(now), limit],
    )
    [taken] = by_index(chosen, to_the_end=False)
    return sorted(
        (
            Row(pk, name, rows.value(facts), rows.value(left), attempts, created_at)
            for pk, name, facts, left, attempts, created_at in taken
        ),
        key=lambda row: row.pk,
    )


def _alone(reactions: Reactions, event_id: int, now: datetime) -> None:
    row = Event.objects.select_for_update(skip_locked=True).filter(pk=event_id, state=State.WAITING).first()
    if row is None:
        return  # another worker has it
    try:
        left, error = _failing(reactions, row, now)
    except UNREADABLE as unreadable:
        left, error = row.left, str(unreadable)
    if error:
        Event.objects.filter(pk=row.pk).update(
            due_at=now + _wait(row.attempts), error=error, left=left, attempts=row.attempts + 1
        )
    else:
        Event.objects.filter(pk=row.pk).delete()


def _failing(reactions: Reactions, row: Event, now: datetime) -> tuple[list[str], str]:
    """Run what is left for an event. Gives the names of the reactions that failed, and the words of the last failure."""
    event = reactions.load(row.name, row.facts)
    left, error = [], ""
    for reaction in reactions.of(type(event), row.left):
        try:
            with transaction.atomic():
                reaction(event, now)
        except DatabaseAway:
            raise
        except Exception:
            log.exception("reaction failed", reaction=name_of(reaction), event_id=row.pk, facts=row.facts)
            left.append(name_of(reaction))
            error = traceback.format_exc(limit=-6)[-4000:]
    return left, error


def _wait(attempts: int) -> timedelta:
    doubled: int = 2 ** min(attempts, 12)
    return min(timedelta(seconds=2) * doubled, timedelta(hours=1))
