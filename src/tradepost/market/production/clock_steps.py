"""A sandbox's clock moves from one due moment to the next on the way to its target, once all earlier work is finished (0011).

Nobody polls for that: each step says which loops of a worker have something to do, and the next one is taken when they are
done. A year of many services has hundreds of thousands of moments, so that a look at all queues is one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base import clock, rows
from tradepost.market.base.models import Event, Job, LeasedJob
from tradepost.market.base.work import State

from .models import Call

_CALLS, _EVENTS, _JOBS, _LEASED_JOBS = (
    model._meta.db_table  # noqa: SLF001
    for model in (Call, Event, Job, LeasedJob)
)
_QUEUES = (_CALLS, _EVENTS, _JOBS, _LEASED_JOBS)
_FOR_A_PLACE = (Call.Hold.BUSY.value, Call.Hold.PROBES.value)
REACT, CLAIM, LEASED, MAIL, ELSEWHERE = "react", "claim", "leased", "mail", "elsewhere"
"""The loops of a worker, by their names in the engine."""
POSTS = frozenset({MAIL, ELSEWHERE})
ALL = frozenset({REACT, CLAIM, LEASED, *POSTS})


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


def look(now: datetime, timers: Collection[str]) -> Look:
    """``timers``: the kinds of jobs that the loop of the reactions runs; mails and other messages are those of others."""
    at, kinds = rows.moment(now), list(timers)
    [found] = rows.run(_statement(len(kinds)), [at, at, at, *kinds, at, *kinds, *[at] * (2 + len(_QUEUES))])
    calls, events, jobs, posts, leased_jobs, under_way, held, *moments = found
    due = {name for name, is_due in ((CLAIM, calls), (REACT, events or jobs), (LEASED, leased_jobs)) if is_due}
    next_moments = [rows.aware(one) if one is not None else None for one in moments]
    next_at = min((one for one in next_moments if one is not None), default=None)
    loops = (CLAIM, CLAIM, REACT, REACT, LEASED)
    return Look(
        due=frozenset(due | POSTS if posts else due),
        under_way=bool(under_way),
        held=bool(held),
        next_at=next_at,
        next_for=frozenset(
            loop for loop, one in zip(loops, next_moments, strict=True) if one is not None and one == next_at
        ),
    )


def _statement(kinds: int) -> str:
    places = ", ".join(["%s"] * kinds)
    waits = f"state = {State.WAITING:d} AND due_at"
    leased = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE state = {State.LEASED:d}" for table in _QUEUES)  # noqa: S608
    held = f"FROM {_CALLS} WHERE state = {State.HELD:d}"
    return (  # names of our own tables and states
        f"SELECT EXISTS (SELECT 1 FROM {_CALLS} WHERE {waits} <= %s),"  # noqa: S608
        f" EXISTS (SELECT 1 FROM {_EVENTS} WHERE {waits} <= %s),"
        f" EXISTS (SELECT 1 FROM {_JOBS} WHERE {waits} <= %s AND kind IN ({places})),"
        f" EXISTS (SELECT 1 FROM {_JOBS} WHERE {waits} <= %s AND kind NOT IN ({places})),"
        f" EXISTS (SELECT 1 FROM {_LEASED_JOBS} WHERE {waits} <= %s),"
        f" EXISTS ({leased} UNION ALL SELECT 1 {held} AND hold IN {_FOR_A_PLACE}),"
        f" EXISTS (SELECT 1 {held}),"
        f" (SELECT min(due_at) FROM {_CALLS} WHERE {waits} > %s), (SELECT min(due_at) {held} AND due_at > %s),"
        f" (SELECT min(due_at) FROM {_EVENTS} WHERE {waits} > %s), (SELECT min(due_at) FROM {_JOBS} WHERE {waits} > %s),"
        f" (SELECT min(due_at) FROM {_LEASED_JOBS} WHERE {waits} > %s)"
    )


def step(
    *, timers: Collection[str], idle: Callable[[], bool], sweep: Callable[[datetime], object]
) -> frozenset[str] | None:
    """Move a sandbox's clock to the next due moment, once all earlier work is finished. ``sweep`` lets held calls through.

    Gives the loops that have something to do; None when the clock is not on its way. Steps, not one leap: renewals, retries
    and expiries then happen in their order.
    """
    target = clock.target()
    if target is None:
        return None
    now = clock.now()
    seen = look(now, timers)
    if seen.held:
        sweep(now)
        seen = look(now, timers)
    if seen.due or seen.under_way or not idle():
        return seen.due
    if seen.next_at is None or seen.next_at > target:
        clock.jump(target)
        return ALL
    clock.jump(seen.next_at)
    return seen.next_for
