"""Call down, publish up: a context writes what happened beside its own rows; whoever cares reacts later.

Who reacts is not known here: the worker passes the table from ``wiring.py``. A reaction runs in a transaction, at
least once: it must be idempotent. One that is ``@batched`` takes the facts of many events at once.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import update_wrapper
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from django.db.models import F

from . import rows
from .models import Event
from .work import AS_BEFORE, IN_ORDER, DatabaseAway, State, peek, wake

log = structlog.get_logger(__name__)

type Facts = Mapping[str, Any]
type Reaction = Callable[[Facts, datetime], None]
"""Given an event's facts (plain JSON values) and now."""


class Batched:
    """A reaction to many events of one name at once; called like any other, it gets one."""

    __qualname__: str

    def __init__(self, react: Callable[[Sequence[Facts], datetime], None]) -> None:
        self.many = react
        update_wrapper(self, react)

    def __call__(self, facts: Facts, now: datetime) -> None:
        self.many([facts], now)


def batched(react: Callable[[Sequence[Facts], datetime], None]) -> Batched:
    """Declare a reaction that asks the database once for a batch instead of once for each event.

    It gets the facts in the order in which they happened. When it fails, each event comes again, alone.
    """
    return Batched(react)


def name_of(reaction: Reaction) -> str:
    return f"{reaction.__module__}.{reaction.__qualname__}"


class Taken(NamedTuple):
    """What is looked at of an event."""

    pk: int
    name: str
    facts: Facts
    left: Sequence[str]
    """The reactions that failed before; empty for a new event."""


@dataclass(frozen=True, slots=True)
class Reactions:
    table: Mapping[str, Sequence[Reaction]]

    def of(self, name: str, left: Sequence[str]) -> list[Reaction]:
        """What is to run for an event: all that listen, or those that are left."""
        return [r for r in self.table.get(name, ()) if not left or name_of(r) in left]


def publish(name: str, *, now: datetime, **facts: Any) -> None:
    """Record that something happened. Must run in the transaction that makes it true."""
    Event.objects.create(name=name, facts=facts, due_at=now, created_at=now)
    wake()


def publish_many(name: str, facts: Sequence[Facts], *, now: datetime) -> None:
    """The same for many events of a name, in one statement."""
    at = rows.moment(now)
    rows.run(
        'INSERT INTO base_event (state, due_at, lease_owner, attempts, name, facts, created_at, error, "left")'
        f" SELECT 0, %s, '', 0, %s, facts, %s, '', '[]' FROM {rows.recordset({'facts': 'jsonb'})}",
        [at, name, at, rows.as_json({"facts": f} for f in facts)],
    )


def dispatch(reactions: Reactions, *, now: datetime, limit: int = 256) -> int:
    """React to a batch of due events. Returns how many were taken.

    The batch is one transaction that holds its rows: reactions and deletions commit together, and a worker that dies
    leaves nothing behind. If that fails, each event gets a transaction of its own, so that a poisoned event delays
    nobody and a notice that cannot be written does not stop a delivery. Only what failed is tried again, with growing
    waits, and shown in the console.
    """
    if not peek(Event, now=now):
        return 0
    events: list[Taken] = []
    try:
        with transaction.atomic():
            events = _take(now, limit)
            _react(reactions, events, now)
    except DatabaseAway:
        raise  # not the event's fault: the worker reconnects and takes the batch again
    except Exception:  # noqa: BLE001  # a reaction may fail in any way; the queue must survive it
        for event in events:
            with transaction.atomic():
                _alone(reactions, event.pk, now)
    return len(events)


def _react(reactions: Reactions, events: Sequence[Taken], now: datetime) -> None:
    for group in _grouped(events):
        for reaction in reactions.of(group[0].name, group[0].left):
            if isinstance(reaction, Batched):
                reaction.many([event.facts for event in group], now)
            else:
                for event in group:
                    reaction(event.facts, now)


def _grouped(events: Sequence[Taken]) -> list[list[Taken]]:
    """Events of one name go together, but none overtakes one of another name about the same thing: a call, an order."""
    groups: list[tuple[str, list[Taken], set[tuple[str, object]]]] = []
    for event in events:
        about: set[tuple[str, object]] = {
            (name, value) for name, value in event.facts.items() if isinstance(value, int | str)
        }
        name = f"{event.name} {event.left}"
        for known, group, subjects in reversed(groups):
            if known == name:
                group.append(event)
                subjects.update(about)
                break
            if not about.isdisjoint(subjects):
                groups.append((name, [event], about))
                break
        else:
            groups.append((name, [event], about))
    return [group for _, group, _ in groups]


_OLDEST = "SELECT id FROM base_event WHERE state = 0 AND due_at <= %s ORDER BY due_at, id LIMIT %s"
_CHOSEN = {
    # As an array, so that the planner chooses once instead of joining with a subquery that locks.
    "postgresql": f"= ANY(ARRAY({_OLDEST} FOR UPDATE SKIP LOCKED))",
    "sqlite": f"IN ({_OLDEST})",
}


def _take(now: datetime, limit: int) -> list[Taken]:
    """Delete the oldest due events and give them; they are back if the transaction is rolled back."""
    chosen: rows.Statement = (
        f'DELETE FROM base_event WHERE id {_CHOSEN[connection.vendor]} RETURNING id, name, facts, "left"',
        [rows.moment(now), limit],
    )
    if connection.vendor == "postgresql":
        _, taken, _ = rows.run_together(IN_ORDER, chosen, AS_BEFORE)
    else:
        taken = rows.run(*chosen)
    return sorted(Taken(pk, name, rows.value(facts), rows.value(left)) for pk, name, facts, left in taken)


def _alone(reactions: Reactions, event_id: int, now: datetime) -> None:
    event = Event.objects.select_for_update(skip_locked=True).filter(pk=event_id, state=State.WAITING).first()
    if event is None:
        return  # another worker has it
    left, error = [], ""
    for reaction in reactions.of(event.name, event.left):
        try:
            with transaction.atomic():
                reaction(event.facts, now)
        except DatabaseAway:
            raise
        except Exception:
            log.exception("reaction failed", reaction=name_of(reaction), event_id=event.pk, facts=event.facts)
            left.append(name_of(reaction))
            error = traceback.format_exc(limit=-6)[-4000:]
    if not left:
        Event.objects.filter(pk=event.pk).delete()
        return
    wait = min(timedelta(seconds=2) * 2 ** min(event.attempts, 12), timedelta(hours=1))
    Event.objects.filter(pk=event.pk).update(due_at=now + wait, error=error, left=left, attempts=F("attempts") + 1)
