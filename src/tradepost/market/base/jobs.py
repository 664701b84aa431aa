"""Timers: jobs of a kind that run later. The key makes scheduling idempotent."""

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
from .work import OLDEST_FIRST, DatabaseUnavailable, State, peek, wake

log = structlog.get_logger(__name__)

type Task = Callable[[Mapping[str, Any], datetime], datetime | None]
"""Called with a job's payload and now. Returns when to run again, or None if the job is finished."""
BATCH = 256
"""Maximum number of jobs that a batched task receives at once."""


class BatchedTask:
    """A task for many jobs at once. Called as a plain task, it receives one."""

    __qualname__: str

    def __init__(self, run: Callable[[Sequence[Mapping[str, Any]], datetime], Sequence[datetime | None]]) -> None:
        self.many = run
        update_wrapper(self, run)

    def __call__(self, payload: Mapping[str, Any], now: datetime) -> datetime | None:
        [next_time] = self.many([payload], now)
        return next_time


def batched(run: Callable[[Sequence[Mapping[str, Any]], datetime], Sequence[datetime | None]]) -> BatchedTask:
    """Declare a task that queries the database once for a batch of jobs. It returns for each when to run again.

    If it fails, each job is run again alone."""
    return BatchedTask(run)


class Timer(Struct, frozen=True):
    """A job to schedule: when it is due, and its payload."""

    key: str
    due_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


_COLUMNS = {
    "kind": "text", "key": "text", "due_at": "timestamptz", "payload": "jsonb", "state": "smallint",
    "lease_owner": "text", "attempts": "int", "error": "text",
}  # fmt: skip
_NEW = {"state": State.WAITING.value, "lease_owner": "", "attempts": 0, "error": ""}


def schedule(kind: str, key: str, *, due_at: datetime, payload: dict[str, Any] | None = None) -> None:
    """Schedule a job (kind, key) unless it exists; an existing one keeps its due time."""
    schedule_all(kind, [Timer(key, due_at, payload or {})])


def schedule_all(kind: str, timers: Sequence[Timer], *, before: Sequence[rows.Statement] = ()) -> None:
    """Schedule many jobs of a kind in one statement. ``before``: statements sent to the database in the same
    message."""
    insertions = [rows.insertion("base_job", _COLUMNS, _new({kind: timers}), unique="kind, key")] if timers else []
    if not (insertions or before):
        return
    results = rows.run_together(*before, *insertions)
    # Notifying workers makes transactions wait for each other's commits, so do it only if a job was inserted.
    if insertions and results[-1]:
        wake()


def _new(timers: Mapping[str, Sequence[Timer]]) -> Iterator[dict[str, Any]]:
    for kind, timers_of_kind in timers.items():
        for timer in timers_of_kind:
            due_at = rows.moment(timer.due_at)
            yield _NEW | {"kind": kind, "key": timer.key, "due_at": due_at, "payload": timer.payload}


def reschedule(kind: str, key: str, *, due_at: datetime) -> int:
    """Move an existing job to another time. Return how many rows changed (0 or 1)."""
    return Job.objects.filter(kind=kind, key=key, state=State.WAITING).update(due_at=due_at)


def cancel(kind: str, key: str) -> None:
    cancel_all([kind], [key])


def cancel_all(kinds: Sequence[str], keys: Sequence[str]) -> None:
    """Delete the jobs of these kinds with these keys."""
    Job.objects.filter(kind__in=kinds, key__in=keys).delete()


def set_all(timers: Mapping[str, Sequence[Timer]], *, keys: Sequence[str]) -> None:
    """Replace the jobs of these keys: insert ``timers`` by kind, and delete other jobs of these kinds. One message to
    the database."""
    kinds, rows_to_insert = list(timers), list(_new(timers))
    statements: list[rows.Statement] = [
        (
            f"DELETE FROM base_job WHERE kind IN ({rows.placeholders(kinds)}) AND key IN ({rows.placeholders(keys)})",  # noqa: S608
            [*kinds, *keys],
        )
    ]
    if rows_to_insert:
        statements.append(rows.insertion("base_job", _COLUMNS, rows_to_insert, unique="kind, key"))
    rows.run_together(*statements)
    if rows_to_insert:
        wake()


def run_due(tasks: Mapping[str, Task], *, now: datetime, limit: int = 50) -> int:
    """Run due jobs of these kinds. Each runs in a transaction that locks its row, or the rows of its batch.

    Return how many ran; a batch counts as one."""
    ran_count = 0
    # Check first whether a job of any kind is due: a cheap query, run often, and usually false.
    while ran_count < limit and peek(Job, now=now) and _is_due(list(tasks), now):
        jobs: list[Job] = []
        try:
            with transaction.atomic():
                jobs += _take(tasks, now)
                if not jobs:
                    break  # another worker has locked them
                _run(tasks[jobs[0].kind], jobs, now)
        except DatabaseUnavailable:
            raise
        except Exception:  # a task may fail in any way; the others must run
            if len(jobs) != 1:
                _run_alone(tasks, jobs, now)
            else:
                log.exception("job failed", kind=jobs[0].kind, job=jobs[0].key)
                _failed(jobs[0], now)
        ran_count += 1
    return ran_count


def _is_due(kinds: Sequence[str], now: datetime) -> bool:
    """Like ``peek``, for these kinds only: mails have their own loops."""
    statement = (
        f"SELECT 1 FROM base_job WHERE state = {State.WAITING.value} AND due_at <= %s"  # noqa: S608
        f" AND {rows.unindexed('kind')} IN ({rows.placeholders(kinds)}) {OLDEST_FIRST} LIMIT 1"
    )
    return bool(rows.run(statement, [rows.moment(now), *kinds]))


def _take(tasks: Mapping[str, Task], now: datetime) -> list[Job]:
    """Lock the oldest due job, and the other due jobs of its kind if its task takes a batch."""
    jobs = _lock(list(tasks), now, limit=1)
    if jobs and isinstance(tasks[jobs[0].kind], BatchedTask):
        jobs += _lock([jobs[0].kind], now, limit=BATCH - 1, but=jobs[0].pk)
    return jobs


_READ = ("id", "kind", "key", "payload", "attempts")


def _lock(kinds: Sequence[str], now: datetime, *, limit: int, but: int = 0) -> list[Job]:
    """Like ``work.lock_due``, but a raw statement: it runs for every timer, and compiling it in Django is slow."""
    skip_locked = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    statement = (
        f"SELECT {', '.join(_READ)} FROM base_job WHERE state = {State.WAITING.value} AND due_at <= %s"  # noqa: S608
        f" AND {rows.unindexed('kind')} IN ({rows.placeholders(kinds)}) AND id <> %s {OLDEST_FIRST} LIMIT %s{skip_locked}"
    )
    return [
        Job(id=pk, kind=kind, key=key, payload=rows.value(payload), attempts=attempts)
        for pk, kind, key, payload, attempts in rows.run(statement, [rows.moment(now), *kinds, but, limit])
    ]


def _run(task: Task, jobs: Sequence[Job], now: datetime) -> None:
    payloads = [job.payload for job in jobs]
    next_times = task.many(payloads, now) if isinstance(task, BatchedTask) else [task(payloads[0], now)]
    finished_keys = [job.pk for job, next_time in zip(jobs, next_times, strict=True) if next_time is None]
    if finished_keys:
        text, parameters = rows.among("id", finished_keys)
        rows.run(f"DELETE FROM base_job WHERE {text}", parameters)  # noqa: S608
    rows.update(
        "base_job",
        {"due_at": "timestamptz", "error": "text", "attempts": "int"},
        [
            {"id": job.pk, "due_at": rows.moment(next_time), "error": "", "attempts": 0}
            for job, next_time in zip(jobs, next_times, strict=True)
            if next_time is not None
        ],
    )


def _run_alone(tasks: Mapping[str, Task], jobs: Sequence[Job], now: datetime) -> None:
    """Run the jobs of a failed batch alone, so that one failing job no longer delays the others."""
    for job in jobs:
        try:
            with transaction.atomic():
                due_jobs = Job.objects.select_for_update(skip_locked=True).filter(
                    pk=job.pk, state=State.WAITING, due_at__lte=now
                )
                if (locked_job := due_jobs.first()) is not None:
                    _run(tasks[locked_job.kind], [locked_job], now)
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("job failed", kind=job.kind, job=job.key)
            _failed(job, now)


def _failed(job: Job, now: datetime) -> None:
    delay = min(timedelta(seconds=5) * 2 ** min(job.attempts, 10), timedelta(hours=1))
    Job.objects.filter(pk=job.pk, state=State.WAITING).update(
        due_at=now + delay, error=traceback.format_exc(limit=-6)[-4000:], attempts=F("attempts") + 1
    )
