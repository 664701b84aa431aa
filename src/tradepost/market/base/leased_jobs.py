"""Jobs that wait for another party's server, outside of orders: a tester's run, a replay, a look-up of a domain.

A timer (``jobs``) runs in the transaction that locks its row, so it must never wait for another server. A leased job
is claimed in one short transaction, works outside of any, and ends in another, which also applies its effects. If a
worker dies, the lease runs out and the job is retried, a limited number of times. The work may therefore run twice,
but the end only once.

Pages show the progress (``LeasedJob.done`` of ``total``, ``words``), can cancel the job, and show its result."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from msgspec import Struct

from . import work
from .errors import Refused
from .models import LeasedJob
from .retention import Rule
from .work import DatabaseUnavailable, State

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
"""Real time after which the lease of a silent worker runs out."""
HEARTBEAT = timedelta(seconds=5)
"""Interval at which a worker renews its leases."""
PROGRESS_INTERVAL = 0.3
"""Seconds between two writes of a job's progress."""
MAX_ERROR_LENGTH = 4000

_STOPPED = "the worker that did this stopped, time and again"

RETENTION = Rule(
    name="leased jobs",
    model=LeasedJob,
    when="created_at",
    setting="keep_leased_jobs_days",
    needed=~Q(state=State.ENDED),
)


class Interrupted(Exception):  # control flow, not an error
    """The work must stop: it was cancelled, its lease was lost, or the worker stops."""


class RetryLater(Exception):  # not an error of the market
    """The other server cannot do it now: the attempt failed with this message, and is retried later."""


class RunningJob:
    """A job as its work sees it."""

    def __init__(self, job: LeasedJob) -> None:
        self.pk = job.pk
        self.kind = job.kind
        self.key = job.key
        self.seller_id = job.seller_id
        self.payload: Mapping[str, Any] = job.payload
        self.attempt = job.attempts
        """Counted from 1."""
        self._owner = job.lease_owner
        self._cancelled = threading.Event()
        self._gone = threading.Event()
        self._stopping = threading.Event()
        self._shown = (0.0, -1, -1, "")
        self.since = time.monotonic()

    def progress(self, done: int, total: int, words: str = "") -> None:
        """Store the progress. Raises ``Interrupted`` if the work must stop: call it between any two steps.

        ``words``: the current step, as a message id for gettext (``gettext_noop``) or a word of the protocol."""
        self.go_on()
        shown_at, *last_progress = self._shown
        if [done, total, words] == last_progress or (done < total and time.monotonic() - shown_at < PROGRESS_INTERVAL):
            return
        updated_count = self.row().update(done=done, total=total, words=words[:200])
        self._shown = (time.monotonic(), done, total, words)
        if not updated_count:
            self._gone.set()
        elif LeasedJob.objects.filter(pk=self.pk, cancel=True).exists():
            self._cancelled.set()
        self.go_on()

    def go_on(self) -> None:
        """Raise ``Interrupted`` if the work must stop. Does not query the database."""
        if self._gone.is_set() or self._stopping.is_set() or self._cancelled.is_set():
            raise Interrupted

    def row(self) -> Any:
        """Return the job's row, which matches only while this attempt holds the lease."""
        return LeasedJob.objects.filter(pk=self.pk, state=State.LEASED, lease_owner=self._owner, attempts=self.attempt)

    def stop(self) -> None:
        """Stop the work because the worker stops: the job becomes due again."""
        self._stopping.set()


def _no_effects(job: LeasedJob, now: datetime) -> None:
    """The end of a job without effects."""


class LeasedTask(Struct, frozen=True, kw_only=True):
    """What a kind of job does.

    ``work`` runs outside of a transaction and returns the result as JSON values. It may run again after a worker
    died. If it raises ``Refused``, the job ends with that message; any other error is retried.

    ``ended`` runs once, in the transaction that ends the job, which has its ``outcome`` and its ``result`` or
    ``error``."""

    work: Callable[[RunningJob], Mapping[str, Any]]
    ended: Callable[[LeasedJob, datetime], None] = _no_effects
    attempts: int = 3
    again: timedelta = timedelta(seconds=5)
    """Delay after the first failure; doubles each time."""
    longest: timedelta = timedelta(minutes=30)
    """Real time after which an attempt counts as lost."""
    at_once: int | None = None
    """How many jobs of the kind one worker process runs at a time; None for no limit of this kind."""


type LeasedTasks = Mapping[str, LeasedTask]


def start(
    kind: str,
    key: str,
    *,
    payload: Mapping[str, Any],
    now: datetime,
    seller_id: int | None = None,
    due_at: datetime | None = None,
) -> LeasedJob:
    """Return the open job (kind, key), or create one. Commits with the caller's rows."""
    candidate = LeasedJob(
        kind=kind, key=key, seller_id=seller_id, payload=dict(payload), due_at=due_at or now, created_at=now
    )
    while True:
        LeasedJob.objects.bulk_create([candidate], ignore_conflicts=True)
        job = LeasedJob.objects.filter(kind=kind, key=key).exclude(state=State.ENDED).first()
        if job is not None:  # it is None if the existing job ended meanwhile
            work.wake()
            return job


def newest(kind: str, key: str) -> LeasedJob | None:
    """Return the open job (kind, key), or else the last one."""
    return LeasedJob.objects.filter(kind=kind, key=key).order_by("-pk").first()


def cancel(pk: int, *, now: datetime, by: str = "") -> None:
    """Cancel a job: it ends at its next step, or, if it waits, as soon as a worker claims it. ``by``: the operator,
    for the log."""
    with transaction.atomic():
        job = LeasedJob.objects.select_for_update().filter(pk=pk).exclude(state=State.ENDED).first()
        if job is None:
            return
        LeasedJob.objects.filter(pk=pk).update(cancel=True, due_at=now)
        if by:
            log.info("leased job cancelled by hand", kind=job.kind, job=pk, operator=by)
        work.wake()


def claim(tasks: LeasedTasks, *, now: datetime, wall: datetime, owner: str, limit: int) -> list[LeasedJob]:
    """Lease due jobs of these kinds, the oldest first, with at most one running job per kind and seller.

    A seller who starts a hundred runs waits for each of them without delaying others. Commits before any work
    starts."""
    under_way = LeasedJob.objects.filter(
        state=State.LEASED, kind=OuterRef("kind"), seller_id=OuterRef("seller_id"), lease_until__gt=wall
    )
    condition = Q(kind__in=list(tasks)) & ~Q(Exists(under_way))
    claimed_jobs: list[LeasedJob] = []
    while len(claimed_jobs) < limit and work.peek(LeasedJob, now=now) and work.peek(LeasedJob, now=now, only=condition):
        with transaction.atomic():
            jobs = work.claim(LeasedJob, now=now, wall=wall, limit=1, owner=owner, duration=LEASE, only=condition)
        if not jobs:  # another worker claimed it
            break
        claimed_jobs += jobs
    for job in claimed_jobs:
        job.state, job.lease_owner, job.attempts = State.LEASED, owner, job.attempts + 1
    return claimed_jobs


def renew_leases(tasks: LeasedTasks, running: Collection[RunningJob], *, wall: datetime) -> None:
    """Renew the leases, except of work that takes too long, and signal work that must stop."""
    for job in running:
        is_in_time = time.monotonic() - job.since < tasks[job.kind].longest.total_seconds()
        if not (is_in_time and job.row().update(lease_until=wall + LEASE)):
            job._gone.set()  # noqa: SLF001
    for pk in LeasedJob.objects.filter(pk__in=[job.pk for job in running], cancel=True).values_list("pk", flat=True):
        next(job for job in running if job.pk == pk)._cancelled.set()  # noqa: SLF001


def work_on(running: RunningJob, task: LeasedTask, *, now: Callable[[], datetime]) -> None:
    """Run one attempt and store its outcome. ``now``: returns market time when the attempt ends."""
    try:
        running.progress(0, 0)
        result = task.work(running)
    except Interrupted:
        _interrupted(running, task, now())
    except Refused as refused:
        _end(running, task, LeasedJob.Outcome.FAILED, now(), error=str(refused.message))
    except RetryLater as refusal:
        log.warning("leased job not done", kind=running.kind, job=running.pk, why=str(refusal)[:300])
        _failed(running, task, now(), str(refusal)[:MAX_ERROR_LENGTH])
    except DatabaseUnavailable:
        raise
    except Exception:  # work may fail in any way; the worker must continue
        log.exception("leased job failed", kind=running.kind, job=running.pk)
        _failed(running, task, now(), traceback.format_exc(limit=-6)[-MAX_ERROR_LENGTH:])
    else:
        _end(running, task, LeasedJob.Outcome.DONE, now(), result=dict(result))


def _interrupted(running: RunningJob, task: LeasedTask, now: datetime) -> None:
    if running._cancelled.is_set():  # noqa: SLF001
        _end(running, task, LeasedJob.Outcome.CANCELLED, now)
    elif running._stopping.is_set():  # noqa: SLF001
        running.row().update(state=State.WAITING, lease_until=None, lease_owner="", attempts=F("attempts") - 1)


def _failed(running: RunningJob, task: LeasedTask, now: datetime, error: str) -> None:
    if running.attempt >= task.attempts:
        _end(running, task, LeasedJob.Outcome.FAILED, now, error=error)
        return
    delay = task.again * 2 ** min(running.attempt - 1, 10)
    running.row().update(state=State.WAITING, lease_until=None, lease_owner="", due_at=now + delay, error=error)


def _end(running: RunningJob, task: LeasedTask, outcome: str, now: datetime, **columns: Any) -> None:
    """End the job while this worker holds its lease. If the effects fail, the attempt fails; after the last attempt
    the job ends without them."""
    try:
        with transaction.atomic():
            if _ended(running.row(), outcome, now, columns):
                task.ended(LeasedJob.objects.get(pk=running.pk), now)
    except DatabaseUnavailable:
        raise
    except Exception:
        log.exception("the end of a leased job failed", kind=running.kind, job=running.pk)
        error = traceback.format_exc(limit=-6)[-MAX_ERROR_LENGTH:]
        if running.attempt < task.attempts and outcome == LeasedJob.Outcome.DONE:
            _failed(running, task, now, error)
        else:
            _ended(running.row(), LeasedJob.Outcome.FAILED, now, {"error": error})


def _ended(rows: Any, outcome: str, now: datetime, columns: Mapping[str, Any]) -> int:
    changed_count: int = rows.update(
        state=State.ENDED, outcome=outcome, ended_at=now, lease_until=None, lease_owner="", **columns
    )
    return changed_count


def recover(tasks: LeasedTasks, *, now: datetime, wall: datetime) -> int:
    """Retry jobs of dead workers; end those that were cancelled or have no attempts left. Return how many."""
    if not LeasedJob.objects.filter(state=State.LEASED, lease_until__lte=wall).exists():
        return 0
    with transaction.atomic():
        lost_jobs = work.abandoned(LeasedJob, wall=wall, limit=100)
        for job in lost_jobs:
            row = LeasedJob.objects.filter(pk=job.pk)
            task = tasks.get(job.kind)
            if task is None or (not job.cancel and job.attempts < task.attempts):
                row.update(state=State.WAITING, lease_until=None, lease_owner="", due_at=now)
                continue
            outcome = LeasedJob.Outcome.CANCELLED if job.cancel else LeasedJob.Outcome.FAILED
            _ended(row, outcome, now, {} if job.cancel else {"error": job.error or _STOPPED})
            _run_end(task, job.pk, now)
        return len(lost_jobs)


def _run_end(task: LeasedTask, pk: int, now: datetime) -> None:
    try:
        with transaction.atomic():
            task.ended(LeasedJob.objects.get(pk=pk), now)
    except DatabaseUnavailable:
        raise
    except Exception:
        log.exception("the end of a leased job failed", job=pk)


def run_due(tasks: LeasedTasks, *, now: Callable[[], datetime], wall: Callable[[], datetime], owner: str) -> int:
    """Run the due jobs in this thread, one after the other: for a program without a worker. Return how many."""
    ran_count = 0
    while claimed_jobs := claim(tasks, now=now(), wall=wall(), owner=owner, limit=1):
        for job in claimed_jobs:
            work_on(RunningJob(job), tasks[job.kind], now=now)
            ran_count += 1
    return ran_count
