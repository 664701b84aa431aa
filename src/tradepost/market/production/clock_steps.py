"""A sandbox's clock moves from one due moment to the next on the way to its target, once all earlier work is finished (0011).

Nobody polls for that: each step says which loops of a worker have something to do, and the next one is taken when they are
done. A year of many services has hundreds of thousands of moments, so that a look at all queues is one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from msgspec import Struct

from tradepost.market.base import clock, rows
from tradepost.market.base.models import Event, Job, LeasedJob
from tradepost.market.base.work import OLDEST_FIRST, State

from .models import Call

_CALLS, _EVENTS, _JOBS, _LEASED_JOBS = (
    model._meta.db_table  # noqa: SLF001
    for model in (Call, Event, Job, LeasedJob)
)
_LEASED = (_CALLS, _JOBS, _LEASED_JOBS)
"""Whose rows somebody may hold; an event is taken out by whoever reacts to it."""
_FOR_A_PLACE = (Call.Hold.BUSY.value, Call.Hold.PROBES.value)
REACT, CLAIM, LEASED, MAIL, ELSEWHERE = "react", "claim", "leased", "mail", "elsewhere"
"""The loops of a worker, by their names in the engine."""
ALL = frozenset({REACT, CLAIM, LEASED, MAIL, ELSEWHERE})


class Timers(Struct, frozen=True, kw_only=True):
    """Kinds of jobs. ``reacting``: those that the loop of the reactions runs; ``passed_over``: those among them at which the
    clock need not stop. All others are messages to people: ``mail`` those that go by mail."""

    reacting: Collection[str]
    passed_over: Collection[str] = ()
    mail: str = ""


class Look(Struct, frozen=True):
    """What the queues hold at a moment."""

    due: frozenset[str]
    """The loops that have something to do now."""
    under_way: bool
    """Somebody works on something, or a call waits for a place."""
    held: bool
    """Calls are held, so that some of them may have to be let through."""
    next_at: datetime | None
    """The next moment at which anything is due."""
    next_for: frozenset[str]
    """The loops that have something to do then, as far as that can be told."""
    passing_at: datetime | None = None
    """The next moment of a timer that may be passed over, where one lies before the next of another kind."""
    run_there: bool = False
    """At the next moment a timer of another kind is due, and nothing else: who runs it runs first those that were passed over."""


def look(now: datetime, timers: Timers) -> Look:
    """One statement about the oldest of each queue, by which nearly everything is told; where more has to be known a second
    one. Of messages it says who has to send the oldest, once no timer is due before it."""
    calls, events, leased_jobs, job, kind, under_way, held = _oldest()
    due = {
        loop for loop, at in ((CLAIM, calls), (REACT, events), (LEASED, leased_jobs)) if at is not None and at <= now
    }
    if job is not None and job <= now:
        due |= {REACT} if kind in timers.reacting else _of_messages(now, timers)
    places, held_until = _of_held(now) if held else (False, None)
    passing_at = None
    if job is not None and job > now and kind in timers.passed_over:
        passing_at = job
        job, kind = _next_other(now, timers)
    moments = [(loop, at) for loop, at in (
        (CLAIM, calls), (CLAIM, held_until), (REACT, events), (LEASED, leased_jobs), (REACT, job),
    ) if at is not None and at > now]  # fmt: skip
    next_at = min((at for _, at in moments), default=None)
    next_for = frozenset(loop for loop, at in moments if at == next_at)
    return Look(
        due=frozenset(due),
        under_way=under_way or places,
        held=held,
        next_at=next_at,
        next_for=next_for,
        passing_at=passing_at if passing_at is not None and (job is None or passing_at < job) else None,
        run_there=next_for == {REACT} and next_at == job and kind in timers.reacting,
    )


_WAITS = f"state = {State.WAITING:d}"
_HELD = f"FROM {_CALLS} WHERE state = {State.HELD:d}"


def _statement() -> str:
    """The planner has a few short ways to choose from: as one statement about all that is due or will be, each with its
    conditions, it took longer to plan than all that was done meanwhile (3 ms of 5, measured), fifty times a day."""
    oldest = [f"(SELECT due_at FROM {table} WHERE {_WAITS} {OLDEST_FIRST} LIMIT 1)" for table in _OLDEST]  # noqa: S608
    kind = f"(SELECT kind FROM {_JOBS} WHERE {_WAITS} {OLDEST_FIRST} LIMIT 1)"  # noqa: S608
    leased = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE state = {State.LEASED:d}" for table in _LEASED)  # noqa: S608
    return f"SELECT {', '.join(oldest)}, {kind}, EXISTS ({leased}), EXISTS (SELECT 1 {_HELD})"


_OLDEST = (_CALLS, _EVENTS, _LEASED_JOBS, _JOBS)
_LOOK = _statement()


def _oldest() -> tuple[datetime | None, datetime | None, datetime | None, datetime | None, str | None, bool, bool]:
    [(*moments, kind, under_way, held)] = rows.run(_LOOK, [])
    calls, events, leased_jobs, job = (rows.aware(one) if one is not None else None for one in moments)
    return calls, events, leased_jobs, job, kind, bool(under_way), bool(held)


def _of_messages(now: datetime, timers: Timers) -> set[str]:
    """The oldest that is due is a message: the loops that have to see to it, and to timers that are due after it. Where none is
    due any more, somebody sent it just now, and what follows from that was not looked at."""
    at, kinds = rows.moment(now), list(timers.reacting)
    places, due = rows.places(kinds), f"FROM {_JOBS} WHERE {_WAITS} AND due_at <= %s"
    text = (
        f"SELECT (SELECT 1 {due} AND {rows.unindexed('kind')} IN ({places}) {OLDEST_FIRST} LIMIT 1),"
        f" (SELECT kind {due} AND kind NOT IN ({places}) {OLDEST_FIRST} LIMIT 1)"
    )
    [(reacting, message)] = rows.run(text, [at, *kinds, at, *kinds])
    loop = MAIL if message == timers.mail else ELSEWHERE
    return ({REACT} if reacting or not message else set()) | ({loop} if message else set())


def _of_held(now: datetime) -> tuple[bool, datetime | None]:
    """Whether calls wait for a place, and when the next one is to be let through."""
    text = f"SELECT EXISTS (SELECT 1 {_HELD} AND hold IN {_FOR_A_PLACE}), (SELECT min(due_at) {_HELD} AND due_at > %s)"
    [(places, until)] = rows.run(text, [rows.moment(now)])
    return bool(places), rows.aware(until) if until is not None else None


def _next_other(now: datetime, timers: Timers) -> tuple[datetime | None, str]:
    """When the next timer or message is due that may not be passed over, and its kind."""
    passing = list(timers.passed_over)
    text = (
        f"SELECT due_at, kind FROM {_JOBS} WHERE {_WAITS} AND due_at > %s AND kind NOT IN ({rows.places(passing)})"  # noqa: S608
        f" {OLDEST_FIRST} LIMIT 1"
    )
    for due_at, kind in rows.run(text, [rows.moment(now), *passing]):
        return rows.aware(due_at), kind
    return None, ""


def step(timers: Timers, *, idle: Callable[[], bool], sweep: Callable[[datetime], object]) -> frozenset[str] | None:
    """Move a sandbox's clock to the next due moment, once all earlier work is finished. ``sweep`` lets held calls through.

    Gives the loops that have something to do; None when the clock is not on its way. Steps, not one leap: renewals, retries
    and expiries then happen in their order. Timers that may be passed over are run together, before what is due at the next
    other moment (decision 0050): where that is a timer, who runs it runs those that were due before it first.
    """
    moving = clock.heading()
    if moving is None:
        return None
    now, target = moving
    seen = look(now, timers)
    if seen.held:
        sweep(now)
        seen = look(now, timers)
    if seen.due or seen.under_way or not idle():
        return seen.due
    end = target if seen.next_at is None else min(seen.next_at, target)
    run_there = seen.run_there and end == seen.next_at
    if seen.passing_at is not None and seen.passing_at < end and not run_there:
        last = _last_of(timers.passed_over, end)
        if last is not None:  # else another step led there since, and they were run
            clock.jump(last)
        return frozenset({REACT})
    if seen.next_at is None or seen.next_at > target:
        clock.jump(target)
        return ALL
    clock.jump(seen.next_at)
    return seen.next_for


def _last_of(kinds: Collection[str], end: datetime) -> datetime | None:
    """The last moment before ``end`` at which one of these timers is due; None where there is none (any more)."""
    text = f"SELECT max(due_at) FROM {_JOBS} WHERE state = {State.WAITING:d} AND due_at < %s AND kind IN ({rows.places(list(kinds))})"  # noqa: S608
    [(last,)] = rows.run(text, [rows.moment(end), *kinds])
    return rows.aware(last) if last is not None else None
