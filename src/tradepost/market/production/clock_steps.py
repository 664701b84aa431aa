"""Move a sandbox clock from one due moment to the next until its target, when all earlier work is done (0011).

Each step returns the worker loops with work, instead of polling. A year of many services has hundreds of thousands of
moments, so one statement reads all queues.
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
"""Tables with leases; an event is deleted by the worker that handles it."""
_CAPACITY_HOLDS = (Call.Hold.BUSY.value, Call.Hold.PROBES.value)
REACT, CLAIM, LEASED, MAIL, ELSEWHERE = "react", "claim", "leased", "mail", "elsewhere"
"""Loops of a worker, by their names in the engine."""
ALL_LOOPS = frozenset({REACT, CLAIM, LEASED, MAIL, ELSEWHERE})


class Timers(Struct, frozen=True, kw_only=True):
    """Kinds of jobs. ``reacting``: run by the reaction loop; ``passed_over``: those at which the clock need not stop.
    All others are messages to people; ``mail``: those sent by mail."""

    reacting: Collection[str]
    passed_over: Collection[str] = ()
    mail: str = ""


class QueueState(Struct, frozen=True):
    """State of the queues at a moment."""

    due: frozenset[str]
    """Loops with work now."""
    under_way: bool
    """Whether work is in progress, or a call waits for a place."""
    held: bool
    """Whether calls are held, which may have to be released."""
    next_at: datetime | None
    """Next moment at which anything is due."""
    next_for: frozenset[str]
    """Loops with work at that moment, if known."""
    passing_at: datetime | None = None
    """Next moment of a timer that may be passed over, if it is before the next other one."""
    run_there: bool = False
    """Whether the next moment has only timers of other kinds; running them runs the passed-over ones first."""


def read_queues(now: datetime, timers: Timers) -> QueueState:
    """Read the oldest row of each queue in one statement, and a second one if needed. For messages, it names the loop
    of the oldest one, unless a timer is due before."""
    calls, events, leased_jobs, job, kind, under_way, has_held = _oldest_due_times()
    due_queues = {
        loop for loop, at in ((CLAIM, calls), (REACT, events), (LEASED, leased_jobs)) if at is not None and at <= now
    }
    if job is not None and job <= now:
        due_queues |= {REACT} if kind in timers.reacting else _of_messages(now, timers)
    waits_for_place, held_until = _held_calls(now) if has_held else (False, None)
    passing_at = None
    if job is not None and job > now and kind in timers.passed_over:
        passing_at = job
        job, kind = _next_blocking_timer(now, timers)
    moments = [(loop, at) for loop, at in (
        (CLAIM, calls), (CLAIM, held_until), (REACT, events), (LEASED, leased_jobs), (REACT, job),
    ) if at is not None and at > now]  # fmt: skip
    next_at = min((at for _, at in moments), default=None)
    next_for = frozenset(loop for loop, at in moments if at == next_at)
    return QueueState(
        due=frozenset(due_queues),
        under_way=under_way or waits_for_place,
        held=has_held,
        next_at=next_at,
        next_for=next_for,
        passing_at=passing_at if passing_at is not None and (job is None or passing_at < job) else None,
        run_there=next_for == {REACT} and next_at == job and kind in timers.reacting,
    )


_WAITS = f"state = {State.WAITING:d}"
_HELD_CALLS = f"FROM {_CALLS} WHERE state = {State.HELD:d}"


def _statement() -> str:
    """Return the statement. Few short subqueries: a single statement with all conditions took 3 ms of 5 to plan, fifty
    times per day."""
    oldest_sql = [f"(SELECT due_at FROM {table} WHERE {_WAITS} {OLDEST_FIRST} LIMIT 1)" for table in _OLDEST]  # noqa: S608
    kind = f"(SELECT kind FROM {_JOBS} WHERE {_WAITS} {OLDEST_FIRST} LIMIT 1)"  # noqa: S608
    leased_sql = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE state = {State.LEASED:d}" for table in _LEASED)  # noqa: S608
    return f"SELECT {', '.join(oldest_sql)}, {kind}, EXISTS ({leased_sql}), EXISTS (SELECT 1 {_HELD_CALLS})"


_OLDEST = (_CALLS, _EVENTS, _LEASED_JOBS, _JOBS)
_QUEUES_QUERY = _statement()


def _oldest_due_times() -> tuple[
    datetime | None, datetime | None, datetime | None, datetime | None, str | None, bool, bool
]:
    [(*moments, kind, under_way, has_held)] = rows.run(_QUEUES_QUERY, [])
    calls, events, leased_jobs, job = (rows.aware(moment) if moment is not None else None for moment in moments)
    return calls, events, leased_jobs, job, kind, bool(under_way), bool(has_held)


def _of_messages(now: datetime, timers: Timers) -> set[str]:
    """Return the loops for the oldest due message and for timers due after it. If no message is due any more, it was
    just sent, and its effects must be read."""
    at, kinds = rows.moment(now), list(timers.reacting)
    placeholders, due = rows.placeholders(kinds), f"FROM {_JOBS} WHERE {_WAITS} AND due_at <= %s"
    text = (
        f"SELECT (SELECT 1 {due} AND {rows.unindexed('kind')} IN ({placeholders}) {OLDEST_FIRST} LIMIT 1),"
        f" (SELECT kind {due} AND kind NOT IN ({placeholders}) {OLDEST_FIRST} LIMIT 1)"
    )
    [(reacting, message)] = rows.run(text, [at, *kinds, at, *kinds])
    loop = MAIL if message == timers.mail else ELSEWHERE
    return ({REACT} if reacting or not message else set()) | ({loop} if message else set())


def _held_calls(now: datetime) -> tuple[bool, datetime | None]:
    """Return whether calls wait for a place, and when the next held call is due."""
    text = f"SELECT EXISTS (SELECT 1 {_HELD_CALLS} AND hold IN {_CAPACITY_HOLDS}), (SELECT min(due_at) {_HELD_CALLS} AND due_at > %s)"
    [(waits_for_place, until)] = rows.run(text, [rows.moment(now)])
    return bool(waits_for_place), rows.aware(until) if until is not None else None


def _next_blocking_timer(now: datetime, timers: Timers) -> tuple[datetime | None, str]:
    """Return the time and kind of the next timer or message that may not be passed over."""
    kinds = list(timers.passed_over)
    text = (
        f"SELECT due_at, kind FROM {_JOBS} WHERE {_WAITS} AND due_at > %s AND kind NOT IN ({rows.placeholders(kinds)})"  # noqa: S608
        f" {OLDEST_FIRST} LIMIT 1"
    )
    for due_at, kind in rows.run(text, [rows.moment(now), *kinds]):
        return rows.aware(due_at), kind
    return None, ""


def step(timers: Timers, *, idle: Callable[[], bool], sweep: Callable[[datetime], object]) -> frozenset[str] | None:
    """Move a sandbox clock to the next due moment, when all earlier work is done. ``sweep`` releases held calls.

    Return the loops with work; None if the clock is not moving. Single steps keep renewals, retries and expiries in
    order. Timers that may be passed over run together before the next other moment (decision 0050).
    """
    moving = clock.heading()
    if moving is None:
        return None
    now, target = moving
    queues = read_queues(now, timers)
    if queues.held:
        sweep(now)
        queues = read_queues(now, timers)
    if queues.due or queues.under_way or not idle():
        return queues.due
    end = target if queues.next_at is None else min(queues.next_at, target)
    run_there = queues.run_there and end == queues.next_at
    if queues.passing_at is not None and queues.passing_at < end and not run_there:
        last_moment = _last_timer_before(timers.passed_over, end)
        if last_moment is not None:  # otherwise another step moved there and they have run
            clock.jump(last_moment)
        return frozenset({REACT})
    if queues.next_at is None or queues.next_at > target:
        clock.jump(target)
        return ALL_LOOPS
    clock.jump(queues.next_at)
    return queues.next_for


def _last_timer_before(kinds: Collection[str], end: datetime) -> datetime | None:
    """Return the last moment before ``end`` of these timers; None without one."""
    text = f"SELECT max(due_at) FROM {_JOBS} WHERE state = {State.WAITING:d} AND due_at < %s AND kind IN ({rows.placeholders(list(kinds))})"  # noqa: S608
    [(last,)] = rows.run(text, [rows.moment(end), *kinds])
    return rows.aware(last) if last is not None else None
