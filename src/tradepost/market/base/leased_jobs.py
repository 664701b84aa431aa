"""Jobs that wait for somebody else's server, outside of orders: a tester's run, a replay, a look-up of a domain.

A timer (``jobs``) runs in the transaction that holds its row, so it must never wait for a stranger. A leased job is claimed
in one short transaction, works outside of any, and ends in another that also does what its end causes. A worker that dies
leaves a lease; when it runs out the job is tried again, a bounded number of times. Work may therefore run twice, its end
never. Pages show how far it is (``LeasedJob.done`` of ``total``, ``words``), may ask to stop it, and find its result.
"""

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
from .work import DatabaseAway, State

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
"""How long a job stays with a worker that says nothing more, in real time."""
BEAT = timedelta(seconds=5)
"""How often a living worker says that it still works on its jobs."""
SHOWN_EVERY = 0.3
"""Seconds between two writes of a job's progress: nobody reads faster."""
LONGEST_ERROR = 4000

_STOPPED = "the worker that did this stopped, time and again"

RETENTION = Rule(
    name="leased jobs",
    model=LeasedJob,
    when="created_at",
    setting="keep_leased_jobs_days",
    needed=~Q(state=State.ENDED),
)


class Interrupted(Exception):  # it is no error
    """The work is to end now: somebody cancelled it, its lease is another's, or the worker stops."""


class NotNow(Exception):  # it is no error of ours
    """The other server does not do it now: the attempt failed, with these words, and another is made later."""


class Running:
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
        """Tell how far the work is. Raises ``Interrupted`` when it is to end: call it between any two steps.

        ``words``: what is done now, as a message id for gettext (``gettext_noop``) or a word of the wire.
        """
        self.go_on()
        at, *shown = self._shown
        if [done, total, words] == shown or (done < total and time.monotonic() - at < SHOWN_EVERY):
            return
        ours = self.row().update(done=done, total=total, words=words[:200])
        self._shown = (time.monotonic(), done, total, words)
        if not ours:
            self._gone.set()
        elif LeasedJob.objects.filter(pk=self.pk, cancel=True).exists():
            self._cancelled.set()
        self.go_on()

    def go_on(self) -> None:
        """Raises ``Interrupted`` when the work is to end; asks no database."""
        if self._gone.is_set() or self._stopping.is_set() or self._cancelled.is_set():
            raise Interrupted

    def row(self) -> Any:
        """The job's row, found only while this attempt holds it."""
        return LeasedJob.objects.filter(pk=self.pk, state=State.LEASED, lease_owner=self._owner, attempts=self.attempt)

    def stop(self) -> None:
        """The worker stops: the job is given back."""
        self._stopping.set()


def _nothing(job: LeasedJob, now: datetime) -> None:
    """The end of a job that causes nothing."""


class LeasedTask(Struct, frozen=True, kw_only=True):
    """What a kind of job does.

    ``work`` runs outside of any transaction and gives the result, values of JSON. It may run again after a worker died. A
    ``Refused`` that it raises ends the job with those words; any other error is tried again.
    ``ended`` runs once, in the transaction that ends the job: with its ``outcome``, and with its ``result`` or ``error``.
    """

    work: Callable[[Running], Mapping[str, Any]]
    ended: Callable[[LeasedJob, datetime], None] = _nothing
    attempts: int = 3
    again: timedelta = timedelta(seconds=5)
    """Wait after the first failure, doubling."""
    longest: timedelta = timedelta(minutes=30)
    """Real time after which an attempt is taken for lost."""
    at_once: int | None = None
    """How many of the kind one worker process does at a time; None for as many as there is room for."""


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
    """The open job (kind, key): the one that is there already, else a new one. Commits with the caller's rows."""
    new = LeasedJob(
        kind=kind, key=key, seller_id=seller_id, payload=dict(payload), due_at=due_at or now, created_at=now
    )
    while True:
        LeasedJob.objects.bulk_create([new], ignore_conflicts=True)
        found = LeasedJob.objects.filter(kind=kind, key=key).exclude(state=State.ENDED).first()
        if found is not None:  # the one that was in the way may have ended meanwhile
            work.wake()
            return found


def newest(kind: str, key: str) -> LeasedJob | None:
    """The job (kind, key) that is open, or else the last one."""
    return LeasedJob.objects.filter(kind=kind, key=key).order_by("-pk").first()


def cancel(pk: int, *, now: datetime, by: str = "") -> None:
    """Ask that a job end: at its next step, or, when it waits, as soon as a worker looks. ``by``: the operator who did, for
    the log."""
    with transaction.atomic():
        job = LeasedJob.objects.select_for_update().filter(pk=pk).exclude(state=State.ENDED).first()
        if job is None:
            return
        LeasedJob.objects.filter(pk=pk).update(cancel=True, due_at=now)
        if by:
            log.info("leased job cancelled by hand", kind=job.kind, job=pk, operator=by)
        work.wake()


def claim(tasks: LeasedTasks, *, now: datetime, wall: datetime, owner: str, limit: int) -> list[LeasedJob]:
    """Lease due jobs of these kinds, the oldest first, but one of a kind and a seller at a time: who begins a hundred
    runs waits for each of them, and nobody else does. Commits before anything is done."""
    under_way = LeasedJob.objects.filter(
        state=State.LEASED, kind=OuterRef("kind"), seller_id=OuterRef("seller_id"), lease_until__gt=wall
    )
    only = Q(kind__in=list(tasks)) & ~Q(Exists(under_way))
    claimed: list[LeasedJob] = []
    while len(claimed) < limit and work.peek(LeasedJob, now=now) and work.peek(LeasedJob, now=now, only=only):
        with transaction.atomic():
            jobs = work.claim(LeasedJob, now=now, wall=wall, limit=1, owner=owner, duration=LEASE, only=only)
        if not jobs:  # another worker took it
            break
        claimed += jobs
    for job in claimed:
        job.state, job.lease_owner, job.attempts = State.LEASED, owner, job.attempts + 1
    return claimed


def beat(tasks: LeasedTasks, running: Collection[Running], *, wall: datetime) -> None:
    """Keep these leases, but for work that takes too long, and tell the work that is to end."""
    for one in running:
        in_time = time.monotonic() - one.since < tasks[one.kind].longest.total_seconds()
        if not (in_time and one.row().update(lease_until=wall + LEASE)):
            one._gone.set()  # noqa: SLF001
    for pk in LeasedJob.objects.filter(pk__in=[one.pk for one in running], cancel=True).values_list("pk", flat=True):
        next(one for one in running if one.pk == pk)._cancelled.set()  # noqa: SLF001


def work_on(running: Running, task: LeasedTask, *, now: Callable[[], datetime]) -> None:
    """One attempt, from the lease to what became of it. ``now``: market time at the moment it ends."""
    try:
        running.progress(0, 0)
        result = task.work(running)
    except Interrupted:
        _interrupted(running, task, now())
    except Refused as refused:
        _end(running, task, LeasedJob.Outcome.FAILED, now(), error=str(refused.message))
    except NotNow as why:
        log.warning("leased job not done", kind=running.kind, job=running.pk, why=str(why)[:300])
        _failed(running, task, now(), str(why)[:LONGEST_ERROR])
    except DatabaseAway:
        raise
    except Exception:  # work may fail in any way; the worker must go on
        log.exception("leased job failed", kind=running.kind, job=running.pk)
        _failed(running, task, now(), traceback.format_exc(limit=-6)[-LONGEST_ERROR:])
    else:
        _end(running, task, LeasedJob.Outcome.DONE, now(), result=dict(result))


def _interrupted(running: Running, task: LeasedTask, now: datetime) -> None:
    if running._cancelled.is_set():  # noqa: SLF001
        _end(running, task, LeasedJob.Outcome.CANCELLED, now)
    elif running._stopping.is_set():  # noqa: SLF001
        running.row().update(state=State.WAITING, lease_until=None, lease_owner="", attempts=F("attempts") - 1)


def _failed(running: Running, task: LeasedTask, now: datetime, error: str) -> None:
    if running.attempt >= task.attempts:
        _end(running, task, LeasedJob.Outcome.FAILED, now, error=error)
        return
    wait = task.again * 2 ** min(running.attempt - 1, 10)
    running.row().update(state=State.WAITING, lease_until=None, lease_owner="", due_at=now + wait, error=error)


def _end(running: Running, task: LeasedTask, outcome: str, now: datetime, **columns: Any) -> None:
    """End the job while it is ours. What its end causes may fail: then the whole attempt did, and the last one ends alone."""
    try:
        with transaction.atomic():
            if _ended(running.row(), outcome, now, columns):
                task.ended(LeasedJob.objects.get(pk=running.pk), now)
    except DatabaseAway:
        raise
    except Exception:
        log.exception("the end of a leased job failed", kind=running.kind, job=running.pk)
        error = traceback.format_exc(limit=-6)[-LONGEST_ERROR:]
        if running.attempt < task.attempts and outcome == LeasedJob.Outcome.DONE:
            _failed(running, task, now, error)
        else:
            _ended(running.row(), LeasedJob.Outcome.FAILED, now, {"error": error})


def _ended(rows: Any, outcome: str, now: datetime, columns: Mapping[str, Any]) -> int:
    changed: int = rows.update(
        state=State.ENDED, outcome=outcome, ended_at=now, lease_until=None, lease_owner="", **columns
    )
    return changed


def recover(tasks: LeasedTasks, *, now: datetime, wall: datetime) -> int:
    """What dead workers held is tried again; what was tried often enough, or is to stop, ends. Returns how many."""
    if not LeasedJob.objects.filter(state=State.LEASED, lease_until__lte=wall).exists():
        return 0
    with transaction.atomic():
        lost = work.abandoned(LeasedJob, wall=wall, limit=100)
        for job in lost:
            mine = LeasedJob.objects.filter(pk=job.pk)
            task = tasks.get(job.kind)
            if task is None or (not job.cancel and job.attempts < task.attempts):
                mine.update(state=State.WAITING, lease_until=None, lease_owner="", due_at=now)
                continue
            outcome = LeasedJob.Outcome.CANCELLED if job.cancel else LeasedJob.Outcome.FAILED
            _ended(mine, outcome, now, {} if job.cancel else {"error": job.error or _STOPPED})
            _tell(task, job.pk, now)
        return len(lost)


def _tell(task: LeasedTask, pk: int, now: datetime) -> None:
    try:
        with transaction.atomic():
            task.ended(LeasedJob.objects.get(pk=pk), now)
    except DatabaseAway:
        raise
    except Exception:
        log.exception("the end of a leased job failed", job=pk)


def run_due(tasks: LeasedTasks, *, now: Callable[[], datetime], wall: Callable[[], datetime], owner: str) -> int:
    """Work off what is due in this thread, one after the other: for a program without a worker. Returns how many."""
    ran = 0
    while claimed := claim(tasks, now=now(), wall=wall(), owner=owner, limit=1):
        for job in claimed:
            work_on(Running(job), tasks[job.kind], now=now)
            ran += 1
    return ran
