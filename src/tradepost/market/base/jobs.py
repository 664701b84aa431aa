"""Work for later: a timer row of a kind, with a key that makes scheduling it twice the same as once."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from .models import Job
from .work import DatabaseAway, State, claim, peek, wake

log = structlog.get_logger(__name__)

type Task = Callable[[Mapping[str, Any], datetime], datetime | None]
"""Given a job's payload and now; returns when to run again, or None when it is finished."""


def schedule(kind: str, key: str, *, due_at: datetime, payload: dict[str, Any] | None = None) -> None:
    """Make sure that a job (kind, key) exists; an existing one keeps its time."""
    Job.objects.get_or_create(kind=kind, key=key, defaults={"due_at": due_at, "payload": payload or {}})
    wake()


def reschedule(kind: str, key: str, *, due_at: datetime) -> int:
    """Bring an existing job to another time. Returns how many rows changed (0 or 1)."""
    return Job.objects.filter(kind=kind, key=key, state=State.WAITING).update(due_at=due_at)


def cancel(kind: str, key: str) -> None:
    Job.objects.filter(kind=kind, key=key).delete()


def run_due(tasks: Mapping[str, Task], *, now: datetime, wall: datetime, owner: str, limit: int = 50) -> int:
    """Claim due jobs of these kinds and run each in a transaction of its own. Returns how many ran."""
    only = Q(kind__in=list(tasks))
    if not peek(Job, now=now, only=only):
        return 0
    with transaction.atomic():
        jobs = claim(Job, now=now, wall=wall, limit=limit, owner=owner, duration=timedelta(minutes=5), only=only)
    for job in jobs:
        _run(tasks, job, now)
    return len(jobs)


def _run(tasks: Mapping[str, Task], job: Job, now: datetime) -> None:
    try:
        with transaction.atomic():
            again = tasks[job.kind](job.payload, now)
            if again is None:
                Job.objects.filter(pk=job.pk).delete()
            else:
                Job.objects.filter(pk=job.pk).update(state=State.WAITING, due_at=again, lease_until=None, error="")
    except DatabaseAway:
        raise
    except Exception:
        log.exception("job failed", kind=job.kind, job=job.key)
        wait = min(timedelta(seconds=5) * 2 ** min(job.attempts, 10), timedelta(hours=1))
        Job.objects.filter(pk=job.pk).update(
            state=State.WAITING, due_at=now + wait, lease_until=None, error=traceback.format_exc(limit=-6)[-4000:]
        )
