"""A sandbox's clock moves from one due moment to the next on the way to its target, once all earlier work is finished (0011).

Nobody polls for that: each step says which loops of a worker have something to do, and the next one is taken when they are
done. A year of many services has hundreds of thousands of moments, so that a look at all queues is one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base import clock, rows
from tradepost.market.base.models import Event, Job, LeasedJob
from tradepost.market.base.work import OLDEST_FIRST, State

from .models import Call

_CALLS, _EVENTS, _JOBS, _LEASED_JOBS = (
    model._meta.db_table  # noqa: SLF001
    for model in (Call, Event, Job, LeasedJob)
)
_QUEUES = (_CALLS, _EVENTS, _JOBS, _LEASED_JOBS)
_FOR_A_PLACE = (Call.Hold.BUSY.value, Call.Hold.PROBES.value)
_NEVER = "9999-12-31 00:00:00+00"
REACT, CLAIM, LEASED, MAIL, ELSEWHERE = "react", "claim", "leased", "mail", "elsewhere"
"""The loops of a worker, by their names in the engine."""
ALL = frozenset({REACT, CLAIM, LEASED, MAIL, ELSEWHERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """Kinds of jobs. ``reacting``: those that the loop of the reactions runs; ``passed_over``: those among them at which the
    clock need not stop. All others are messages to people: ``mail`` those that go by mail."""

    reacting: Collection[str]
    passed_over: Collection[str] = ()
    mail: str = ""


@dataclass(frozen=True, slots=True)
class Look:
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


def look(now: datetime, timers: Timers) -> Look:
    """One statement. Of messages it says who has to send the oldest."""
    at, kinds, passing = rows.moment(now), list(timers.reacting), list(timers.passed_over) or [""]
    parameters = [at, at, at, *kinds, at, *kinds, *[at] * (2 + len(_QUEUES)), *passing, at, *passing, at, *passing]
    [found] = rows.run(_statement(kinds, passing), parameters)
    calls, events, jobs, message, leased_jobs, under_way, held, *moments, passing_at = found
    due = {name for name, is_due in ((CLAIM, calls), (REACT, events or jobs), (LEASED, leased_jobs)) if is_due}
    next_moments = [rows.aware(one) if one is not None else None for one in moments]
    next_at = min((one for one in next_moments if one is not None), default=None)
    loops = (CLAIM, CLAIM, REACT, LEASED, REACT)
    return Look(
        due=frozenset(due | {MAIL if message == timers.mail else ELSEWHERE} if message else due),
        under_way=bool(under_way),
        held=bool(held),
        next_at=next_at,
        next_for=frozenset(
            loop for loop, one in zip(loops, next_moments, strict=True) if one is not None and one == next_at
        ),
        passing_at=rows.aware(passing_at) if passing_at is not None else None,
    )


def _statement(kinds: Sequence[str], passed_over: Sequence[str]) -> str:
    places, passing = rows.places(kinds), rows.places(passed_over)
    waits = f"state = {State.WAITING:d} AND due_at"
    leased = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE state = {State.LEASED:d}" for table in _QUEUES)  # noqa: S608
    held = f"FROM {_CALLS} WHERE state = {State.HELD:d}"

    # Nothing but timers of these kinds lies before the next of another kind: what is read ends there, also where there are none.
    other = f"SELECT min(due_at) FROM {_JOBS} WHERE {waits} > %s AND kind NOT IN ({passing})"  # noqa: S608

    def due(table: str, more: str = "") -> str:  # of EXISTS the planner leaves the order out
        return f"(SELECT 1 FROM {table} WHERE {waits} <= %s{more} {OLDEST_FIRST} LIMIT 1) IS NOT NULL"  # noqa: S608

    return (  # names of our own tables and states
        f"SELECT {due(_CALLS)}, {due(_EVENTS)}, {due(_JOBS, f' AND kind IN ({places})')},"  # noqa: S608
        f" (SELECT kind FROM {_JOBS} WHERE {waits} <= %s AND kind NOT IN ({places}) {OLDEST_FIRST} LIMIT 1), {due(_LEASED_JOBS)},"
        f" EXISTS ({leased} UNION ALL SELECT 1 {held} AND hold IN {_FOR_A_PLACE}),"
        f" EXISTS (SELECT 1 {held}),"
        f" (SELECT min(due_at) FROM {_CALLS} WHERE {waits} > %s), (SELECT min(due_at) {held} AND due_at > %s),"
        f" (SELECT min(due_at) FROM {_EVENTS} WHERE {waits} > %s), (SELECT min(due_at) FROM {_LEASED_JOBS} WHERE {waits} > %s),"
        f" ({other}),"
        f" (SELECT min(due_at) FROM {_JOBS} WHERE {waits} > %s AND kind IN ({passing})"
        f" AND due_at < coalesce(({other}), '{_NEVER}'))"
    )


def step(timers: Timers, *, idle: Callable[[], bool], sweep: Callable[[datetime], object]) -> frozenset[str] | None:
    """Move a sandbox's clock to the next due moment, once all earlier work is finished. ``sweep`` lets held calls through.

    Gives the loops that have something to do; None when the clock is not on its way. Steps, not one leap: renewals, retries
    and expiries then happen in their order. Timers that may be passed over are run together, before the next other moment
    comes (decision 0050).
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
    if seen.passing_at is not None and seen.passing_at < end:
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
