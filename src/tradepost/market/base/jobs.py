"""Work for later: a timer row of a kind, with a key that makes scheduling it twice the same as once."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q

from . import rows
from .models import Job
from .work import DatabaseAway, State, lock_due, peek, wake

log = structlog.get_logger(__name__)

type Task = Callable[[Mapping[str, Any], datetime], datetime | None]
"""Given a job's payload and now; returns when to run again, or None when it is finished."""


@dataclass(frozen=True, slots=True)
class Timer:
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


def schedule_all(kind: str, timers: Sequence[Timer]) -> None:
    """The same for many jobs of a kind, in one statement."""
    if not timers:
        return
    rows.insert(
        "base_job",
        _COLUMNS,
        (
            _NEW | {"kind": kind, "key": timer.key, "due_at": rows.moment(timer.due_at), "payload": timer.payload}
            for timer in timers
        ),
        unique="kind, key",
    )
    wake()


def reschedule(kind: str, key: str, *, due_at: datetime) -> int:
    """Bring an existing job to another time. Returns how many rows changed (0 or 1)."""
    return Job.objects.filter(kind=kind, key=key, state=State.WAITING).update(due_at=due_at)


def cancel(kind: str, key: str) -> None:
    cancel_all([kind], [key])


def cancel_all(kinds: Sequence[str], keys: Sequence[str]) -> None:
    """None of these kinds has a job with one of these keys any more."""
    Job.objects.filter(kind__in=kinds, key__in=keys).delete()


def run_due(tasks: Mapping[str, Task], *, now: datetime, limit: int = 50) -> int:
    """Run due jobs of these kinds, each in a transaction of its own that holds its row. Returns how many ran."""
    only = Q(kind__in=list(tasks))
    ran = 0
    # First for a job of any kind: the cheap question, asked many times a second, and mostly answered with no.
    while ran < limit and peek(Job, now=now) and peek(Job, now=now, only=only):
        job: Job | None = None
        try:
            with transaction.atomic():
                job = next(iter(lock_due(Job, now=now, limit=1, only=only)), None)
                if job is None:
                    break  # another worker has them
                _run(tasks[job.kind], job, now)
        except DatabaseAway:
            raise
        except Exception:  # a task may fail in any way; the others must run
            log.exception("job failed", kind=job.kind if job else "", job=job.key if job else "")
            if job is not None:
                _failed(job, now)
        ran += 1
    return ran


def _run(task: Task, job: Job, now: datetime) -> None:
    again = task(job.payload, now)
    if again is None:
        Job.objects.filter(pk=job.pk).delete()
    else:
        Job.objects.filter(pk=job.pk).update(due_at=again, error="", attempts=0)


def _failed(job: Job, now: datetime) -> None:
    wait = min(timedelta(seconds=5) * 2 ** min(job.attempts, 10), timedelta(hours=1))
    Job.objects.filter(pk=job.pk, state=State.WAITING).update(
        due_at=now + wait, error=traceback.format_exc(limit=-6)[-4000:], attempts=F("attempts") + 1
    )
