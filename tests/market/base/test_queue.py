"""Events and timers: at least once, failures are isolated, and work of dead workers returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW
from tradepost.market.base import jobs, outbox, work
from tradepost.market.base.events import Reactions, event, on
from tradepost.market.base.models import Event, Job
from tradepost.market.base.work import State

SECOND = timedelta(seconds=1)


@event("happened", about=("n",))
@dataclass(frozen=True, slots=True, kw_only=True)
class FirstEvent:
    n: int


@event("else", about=("n",))
@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent:
    n: int


def first_events(*numbers: int) -> list[FirstEvent]:
    return [FirstEvent(n=n) for n in numbers]


class RecordingReactions:
    """Reactions that record events; ``broken`` fails until it is repaired."""

    def __init__(self) -> None:
        self.good: list[int] = []
        self.bad: list[int] = []
        self.broken = True
        self.reactions = Reactions([on(FirstEvent, self.fragile, self.sound)])

    def sound(self, event: FirstEvent, now: datetime) -> None:
        self.good.append(event.n)

    def fragile(self, event: FirstEvent, now: datetime) -> None:
        if self.broken and event.n == 1:
            raise RuntimeError("this reaction has a fault")
        self.bad.append(event.n)

    def dispatch(self, now: datetime) -> int:
        return outbox.dispatch(self.reactions, now=now)


@pytest.mark.django_db
def test_failing_reaction_is_retried_alone_after_the_others_ran() -> None:
    recorder = RecordingReactions()
    for n in range(3):
        outbox.publish(FirstEvent(n=n), now=NOW)
    assert recorder.dispatch(NOW) == 3
    assert sorted(set(recorder.good)) == [0, 1, 2]
    remaining_event = Event.objects.get()
    assert (remaining_event.facts, remaining_event.state) == ({"v": 1, "n": 1}, State.WAITING)
    assert "this reaction has a fault" in remaining_event.error
    assert NOW < remaining_event.due_at <= NOW + timedelta(minutes=1)
    recorder.broken, recorder.good = False, []
    assert recorder.dispatch(NOW) == 0, "not before its retry time"
    assert recorder.dispatch(remaining_event.due_at) == 1
    assert (recorder.good, 1 in recorder.bad) == ([], True), "only the failed reaction runs again"
    assert not Event.objects.exists()


class Batches:
    """A reaction for many events and one for single events; the first fails if 2 is among its events."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.names: list[str] = []
        self.broken = False
        batch, single = outbox.batched(self.many), self.one
        self.reactions = Reactions([on(FirstEvent, batch, single), on(OtherEvent, single)])

    def many(self, events: Sequence[FirstEvent], now: datetime) -> None:
        if self.broken and any(event.n == 2 for event in events):
            raise RuntimeError("not with 2")
        self.batches.append([event.n for event in events])

    def one(self, event: FirstEvent | OtherEvent, now: datetime) -> None:
        self.names.append(f"{event.n}")


@pytest.mark.django_db
def test_events_of_one_name_are_batched_and_keep_their_order() -> None:
    recorder = Batches()
    outbox.publish_all(first_events(1, 2), now=NOW)
    outbox.publish(OtherEvent(n=3), now=NOW)
    outbox.publish_all(first_events(4, 3, 5), now=NOW)
    assert outbox.dispatch(recorder.reactions, now=NOW) == 6
    assert (recorder.batches, recorder.names) == ([[1, 2, 4], [3, 5]], ["1", "2", "4", "3", "3", "5"])
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_failed_batch_is_repeated_one_by_one() -> None:
    recorder = Batches()
    recorder.broken = True
    outbox.publish_all(first_events(1, 2, 3), now=NOW)
    assert outbox.dispatch(recorder.reactions, now=NOW) == 3
    assert (recorder.batches, recorder.names) == ([[1], [3]], ["1", "2", "3"])
    remaining_event = Event.objects.get()
    assert (remaining_event.facts, remaining_event.left) == ({"v": 1, "n": 2}, [f"{__name__}.Batches.many"])
    recorder.broken = False
    assert outbox.dispatch(recorder.reactions, now=remaining_event.due_at) == 1
    assert (recorder.batches[2:], recorder.names[3:]) == ([[2]], []), "only the reaction that failed runs again"


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_transaction_notifies_workers_once_even_after_a_savepoint_rollback() -> None:
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        with suppress(ZeroDivisionError), transaction.atomic():
            work.wake()
            raise ZeroDivisionError
        assert notified(queries) == 1
        work.wake()
        work.wake()
        assert notified(queries) == 2, "the savepoint rolled the first notification back"
    with CaptureQueriesContext(connection) as queries:
        work.wake()
        work.wake()
    assert notified(queries) == 2, "outside of transactions each is sent"


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_existing_job_notifies_nobody() -> None:
    """A transaction that notifies waits at its end for all others that notify."""
    for told_times in (1, 0):
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            jobs.schedule("waits", "once", due_at=NOW)
        assert notified(queries) == told_times


def notified(queries: CaptureQueriesContext) -> int:
    return sum(query["sql"].startswith("NOTIFY") for query in queries.captured_queries)


@pytest.mark.django_db
def test_event_without_reactions_is_deleted() -> None:
    outbox.publish(OtherEvent(n=1), now=NOW)
    assert outbox.dispatch(Reactions([on(OtherEvent)]), now=NOW) == 1
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_event_of_a_rolled_back_transaction_is_gone() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.publish(FirstEvent(n=1), now=NOW)
        raise ZeroDivisionError
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_repeated_scheduling_is_one_job_and_a_task_may_repeat_itself() -> None:
    ran: list[datetime] = []

    def twice(payload: Mapping[str, Any], now: datetime) -> datetime | None:
        ran.append(now)
        return now + SECOND if len(ran) == 1 else None

    for _ in range(2):
        jobs.schedule("k", "one", due_at=NOW)
    assert Job.objects.count() == 1
    tasks = {"k": twice}
    assert jobs.run_due(tasks, now=NOW - SECOND) == 0
    assert jobs.run_due(tasks, now=NOW) == 1
    assert jobs.run_due(tasks, now=NOW + SECOND) == 1
    assert (ran, Job.objects.count()) == ([NOW, NOW + SECOND], 0)


@pytest.mark.django_db
def test_failed_task_keeps_its_row_with_the_error() -> None:
    def broken(payload: Mapping[str, Any], now: datetime) -> None:
        outbox.publish(FirstEvent(n=1), now=now)
        raise RuntimeError("no")

    jobs.schedule("k", "one", due_at=NOW)
    jobs.run_due({"k": broken}, now=NOW)
    job = Job.objects.get()
    assert (job.state, job.due_at > NOW, "RuntimeError: no" in job.error) == (State.WAITING, True, True)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_unknown_kinds_of_jobs_are_left_alone() -> None:
    jobs.schedule("somebody-elses", "one", due_at=NOW)
    assert jobs.run_due({"k": lambda p, n: None}, now=NOW) == 0
    assert Job.objects.get().state == State.WAITING


@pytest.mark.django_db
def test_work_of_a_dead_worker_returns_when_its_lease_ends() -> None:
    outbox.publish(FirstEvent(n=1), now=NOW)
    with transaction.atomic():
        assert len(work.claim(Event, now=NOW, wall=NOW, limit=9, owner="dead", duration=10 * SECOND)) == 1
        assert work.claim(Event, now=NOW, wall=NOW, limit=9, owner="other", duration=SECOND) == []
    with transaction.atomic():
        assert work.recover(Event, wall=NOW + 9 * SECOND) == 0
        assert work.recover(Event, wall=NOW + 10 * SECOND) == 1
    row = Event.objects.get()
    assert (row.state, row.attempts, row.lease_owner) == (State.WAITING, 1, "")


@pytest.mark.django_db
def test_batch_is_the_oldest_due_work() -> None:
    for n in (3, 1, 2):
        outbox.publish(FirstEvent(n=n), now=NOW + n * SECOND)
    with transaction.atomic():
        rows = work.claim(Event, now=NOW + 2 * SECOND, wall=NOW, limit=9, owner="w", duration=SECOND)
    assert [row.facts["n"] for row in rows] == [1, 2]
