"""Work for later: a timer row of a kind, with a key that makes scheduling it twice the same as once."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import update_wrapper
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F
from msgspec import Struct, field

from . import rows
from .models import Job
from .work import OLDEST_FIRST, DatabaseAway, State, peek, wake

log = structlog.get_logger(__name__)

type Task = Callable[[Mapping[str, Any], datetime], datetime | None]
"""Given a job's payload and now; returns when to run again, or None when it is finished."""
BATCH = 256
"""Jobs of a kind that a batched task gets at once, at most."""


class BatchedTask:
    """A task of many jobs at once; called like any other, it gets one."""

    __qualname__: str

    def __init__(self, run: Callable[[Sequence[Mapping[str, Any]], datetime], Sequence[datetime | None]]) -> None:
        self.many = run
        update_wrapper(self, run)

    def __call__(self, payload: Mapping[str, Any], now: datetime) -> datetime | None:
        [again] = self.many([payload], now)
        return again


def batched(run: Callable[[Sequence[Mapping[str, Any]], datetime], Sequence[datetime | None]]) -> BatchedTask:
    """Declare a task that asks the database once for a batch of jobs instead of once for each; it answers for each when it
    is to run again. When it fails, each job comes again, alone."""
    return BatchedTask(run)


class Timer(Struct, frozen=True):
    """A job to be: when, and with what."""

    key: str
    due_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


_COLUMNS = {
    "kind": "text", "key": "text", "due_at": "timestamptz", "payload": "jsonb", "state": "smallint",
    "lease_owner": "text", "attempts": "int", "error": "text",
}  # fmt: skip
_NEW = {"state": State.WAITING.value, "lease_owner": "", "attempts": 0, "error": ""}


def schedule(kind: str, key: str, *, due_at: datetime, payload: dict[str, Any] | None = None) -> None:
    """Make sure that a job (kind, key) exists; an existing one keeps its time."""
    schedule_all(kind, [Timer(key, due_at, payload or {})])


def schedule_all(kind: str, timers: Sequence[Timer], *, before: Sequence[rows.Statement] = ()) -> None:
    """The same for many jobs of a kind, in one statement; ``before`` goes to the database in the same message."""
    new = [rows.insertion("base_job", _COLUMNS, _new({kind: timers}), unique="kind, key")] if timers else []
    if not (new or before):
        return
    found = rows.run_together(*before, *new)
    # To wake workers makes every transaction that does wait for the others' commits: not for what stands there already.
    if new and found[-1]:
        wake()


def _new(timers: Mapping[str, Sequence[Timer]]) -> Iterator[dict[str, Any]]:
    for kind, ours in timers.items():
        for timer in ours:
            due_at = rows.moment(timer.due_at)
            yield _NEW | {"kind": kind, "key": timer.key, "due_at": due_at, "payload": timer.payload}


def reschedule(kind: str, key: str, *, due_at: datetime) -> int:
    """Bring an existing job to another time. Returns how many rows changed (0 or 1)."""
    return Job.objects.filter(kind=kind, key=key, state=State.WAITING).update(due_at=due_at)


def cancel(kind: str, key: str) -> None:
    cancel_all([kind], [key])


def cancel_all(kinds: Sequence[str], keys: Sequence[str]) -> None:
    """None of these kinds has a job with one of these keys any more."""
    Job.objects.filter(kind__in=kinds, key__in=keys).delete()


def set_all(timers: Mapping[str, Sequence[Timer]], *, keys: Sequence[str]) -> None:
    """By kind, all that these keys shall have: what else they had of these kinds is cancelled. One message to the database."""
    kinds, new = list(timers), list(_new(timers))
    statements: list[rows.Statement] = [
        (
            f"DELETE FROM base_job WHERE kind IN ({rows.places(kinds)}) AND key IN ({rows.places(keys)})",  # noqa: S608
            [*kinds, *keys],
        )
    ]
    if new:
        statements.append(rows.insertion("base_job", _COLUMNS, new, unique="kind, key"))
    rows.run_together(*statements)
    if new:
        wake()


def run_due(tasks: Mapping[str, Task], *, now: datetime, limit: int = 50) -> int:
    """Run due jobs of these kinds, each in a transaction that holds its row: of its own, or of the batch of a task that takes
    one. Returns how many ran; a batch counts as one."""
    ran = 0
    # First for a job of any kind: the cheap question, asked many times a second, and mostly answered with no.
    while ran < limit and peek(Job, now=now) and _is_due(list(tasks), now):
        taken: list[Job] = []
        try:
            with transaction.atomic():
                taken += _take(tasks, now)
                if not taken:
                    break  # another worker has them
                _run(tasks[taken[0].kind], taken, now)
        except DatabaseAway:
            raise
        except Exception:  # a task may fail in any way; the others must run
            if len(taken) != 1:
                _run_alone(tasks, taken, now)
            else:
                log.exception("job failed", kind=taken[0].kind, job=taken[0].key)
                _failed(taken[0], now)
        ran += 1
    return ran


def _is_due(kinds: Sequence[str], now: datetime) -> bool:
    """As ``peek`` says, of these kinds: mails have loops of their own."""
    statement = (
        f"SELECT 1 FROM base_job WHERE state = {State.WAITING.value} AND due_at <= %s"  # noqa: S608
        f" AND {rows.unindexed('kind')} IN ({rows.places(kinds)}) {OLDEST_FIRST} LIMIT 1"
    )
    return bool(rows.run(statement, [rows.moment(now), *kinds]))


def _take(tasks: Mapping[str, Task], now: datetime) -> list[Job]:
    """The oldest due job, with the due ones of its kind where its task takes a batch; locked."""
    taken = _lock(list(tasks), now, limit=1)
    if taken and isinstance(tasks[taken[0].kind], BatchedTask):
        taken += _lock([taken[0].kind], now, limit=BATCH - 1, but=taken[0].pk)
    return taken


_READ = ("id", "kind", "key", "payload", "attempts")


def _lock(kinds: Sequence[str], now: datetime, *, limit: int, but: int = 0) -> list[Job]:
    """As ``work.lock_due``, whose statement Django puts together anew each time: it is asked for every timer."""
    skip_locked = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    statement = (
        f"SELECT {', '.join(_READ)} FROM base_job WHERE state = {State.WAITING.value} AND due_at <= %s"  # noqa: S608
        f" AND {rows.unindexed('kind')} IN ({rows.places(kinds)}) AND id <> %s {OLDEST_FIRST} LIMIT %s{skip_locked}"
    )
    return [
        Job(id=pk, kind=kind, key=key, payload=rows.value(payload), attempts=attempts)
        for pk, kind, key, payload, attempts in rows.run(statement, [rows.moment(now), *kinds, but, limit])
    ]


def _run(task: Task, jobs: Sequence[Job], now: datetime) -> None:
    payloads = [job.payload for job in jobs]
    answers = task.many(payloads, now) if isinstance(task, BatchedTask) else [task(payloads[0], now)]
    finished = [job.pk for job, again in zip(jobs, answers, strict=True) if again is None]
    if finished:
        text, given = rows.among("id", finished)
        rows.run(f"DELETE FROM base_job WHERE {text}", given)  # noqa: S608
    rows.update(
        "base_job",
        {"due_at": "timestamptz", "error": "text", "attempts": "int"},
        [
            {"id": job.pk, "due_at": rows.moment(again), "error": "", "attempts": 0}
            for job, again in zip(jobs, answers, strict=True)
            if again is not None
        ],
    )


def _run_alone(tasks: Mapping[str, Task], jobs: Sequence[Job], now: datetime) -> None:
    """A batch failed: one of it delays the others no longer."""
    for job in jobs:
        try:
            with transaction.atomic():
                due = Job.objects.select_for_update(skip_locked=True).filter(
                    pk=job.pk, state=State.WAITING, due_at__lte=now
                )
                if (mine := due.first()) is not None:
                    _run(tasks[mine.kind], [mine], now)
        except DatabaseAway:
            raise
        except Exception:
            log.exception("job failed", kind=job.kind, job=job.key)
            _failed(job, now)


def _failed(job: Job, now: datetime) -> None:
    wait = min(timedelta(seconds=5) * 2 ** min(job.attempts, 10), timedelta(hours=1))
    Job.objects.filter(pk=job.pk, state=State.WAITING).update(
        due_at=now + wait, error=traceback.format_exc(limit=-6)[-4000:], attempts=F("attempts") + 1
    )
