"""Events and timers: at least once, one failure stops nobody else, dead workers' work comes back."""

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
class Happened:
    n: int


@event("else", about=("n",))
@dataclass(frozen=True, slots=True, kw_only=True)
class Else:
    n: int


def happened(*numbers: int) -> list[Happened]:
    return [Happened(n=n) for n in numbers]


class Seen:
    """Reactions that note what came; ``broken`` fails until it is mended."""

    def __init__(self) -> None:
        self.good: list[int] = []
        self.bad: list[int] = []
        self.broken = True
        self.reactions = Reactions([on(Happened, self.fragile, self.sound)])

    def sound(self, event: Happened, now: datetime) -> None:
        self.good.append(event.n)

    def fragile(self, event: Happened, now: datetime) -> None:
        if self.broken and event.n == 1:
            raise RuntimeError("this reaction has a fault")
        self.bad.append(event.n)

    def dispatch(self, now: datetime) -> int:
        return outbox.dispatch(self.reactions, now=now)


@pytest.mark.django_db
def test_a_failing_reaction_is_tried_again_alone_while_all_others_ran() -> None:
    seen = Seen()
    for n in range(3):
        outbox.publish(Happened(n=n), now=NOW)
    assert seen.dispatch(NOW) == 3
    assert sorted(set(seen.good)) == [0, 1, 2]
    left = Event.objects.get()
    assert (left.facts, left.state) == ({"v": 1, "n": 1}, State.WAITING)
    assert "this reaction has a fault" in left.error
    assert NOW < left.due_at <= NOW + timedelta(minutes=1)
    seen.broken, seen.good = False, []
    assert seen.dispatch(NOW) == 0, "not before its time"
    assert seen.dispatch(left.due_at) == 1
    assert (seen.good, 1 in seen.bad) == ([], True), "only what failed runs again"
    assert not Event.objects.exists()


class Batches:
    """A reaction to many events and one to each; the first fails whenever 2 is among what it gets."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.names: list[str] = []
        self.broken = False
        batch, single = outbox.batched(self.many), self.one
        self.reactions = Reactions([on(Happened, batch, single), on(Else, single)])

    def many(self, events: Sequence[Happened], now: datetime) -> None:
        if self.broken and any(event.n == 2 for event in events):
            raise RuntimeError("not with 2")
        self.batches.append([event.n for event in events])

    def one(self, event: Happened | Else, now: datetime) -> None:
        self.names.append(f"{event.n}")


@pytest.mark.django_db
def test_events_of_one_name_go_together_and_none_overtakes_one_about_the_same_thing() -> None:
    seen = Batches()
    outbox.publish_all(happened(1, 2), now=NOW)
    outbox.publish(Else(n=3), now=NOW)
    outbox.publish_all(happened(4, 3, 5), now=NOW)
    assert outbox.dispatch(seen.reactions, now=NOW) == 6
    assert (seen.batches, seen.names) == ([[1, 2, 4], [3, 5]], ["1", "2", "4", "3", "3", "5"])
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_batch_that_fails_comes_again_one_by_one_and_only_what_fails_is_left() -> None:
    seen = Batches()
    seen.broken = True
    outbox.publish_all(happened(1, 2, 3), now=NOW)
    assert outbox.dispatch(seen.reactions, now=NOW) == 3
    assert (seen.batches, seen.names) == ([[1], [3]], ["1", "2", "3"])
    left = Event.objects.get()
    assert (left.facts, left.left) == ({"v": 1, "n": 2}, [f"{__name__}.Batches.many"])
    seen.broken = False
    assert outbox.dispatch(seen.reactions, now=left.due_at) == 1
    assert (seen.batches[2:], seen.names[3:]) == ([[2]], []), "only the reaction that failed runs again"


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_transaction_wakes_workers_once_also_after_a_part_of_it_was_rolled_back() -> None:
    with CaptureQueriesContext(connection) as told, transaction.atomic():
        with suppress(ZeroDivisionError), transaction.atomic():
            work.wake()
            raise ZeroDivisionError
        assert notified(told) == 1
        work.wake()
        work.wake()
        assert notified(told) == 2, "the first notification went with the savepoint"
    with CaptureQueriesContext(connection) as told:
        work.wake()
        work.wake()
    assert notified(told) == 2, "outside of transactions nothing is kept back"


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_job_that_is_there_already_wakes_nobody() -> None:
    """A transaction that notifies waits at its end for all others that do."""
    for told_times in (1, 0):
        with CaptureQueriesContext(connection) as told, transaction.atomic():
            jobs.schedule("waits", "once", due_at=NOW)
        assert notified(told) == told_times


def notified(queries: CaptureQueriesContext) -> int:
    return sum(query["sql"].startswith("NOTIFY") for query in queries.captured_queries)


@pytest.mark.django_db
def test_an_event_that_nobody_reacts_to_is_gone() -> None:
    outbox.publish(Else(n=1), now=NOW)
    assert outbox.dispatch(Reactions([on(Else)]), now=NOW) == 1
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_of_a_rolled_back_transaction_never_happened() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.publish(Happened(n=1), now=NOW)
        raise ZeroDivisionError
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_scheduling_twice_is_once_and_a_task_may_ask_to_run_again() -> None:
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
def test_a_task_that_fails_keeps_its_row_with_the_error_and_changes_nothing() -> None:
    def broken(payload: Mapping[str, Any], now: datetime) -> None:
        outbox.publish(Happened(n=1), now=now)
        raise RuntimeError("no")

    jobs.schedule("k", "one", due_at=NOW)
    jobs.run_due({"k": broken}, now=NOW)
    job = Job.objects.get()
    assert (job.state, job.due_at > NOW, "RuntimeError: no" in job.error) == (State.WAITING, True, True)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_jobs_of_kinds_that_this_worker_does_not_run_are_left_alone() -> None:
    jobs.schedule("somebody-elses", "one", due_at=NOW)
    assert jobs.run_due({"k": lambda p, n: None}, now=NOW) == 0
    assert Job.objects.get().state == State.WAITING


@pytest.mark.django_db
def test_work_of_a_dead_worker_comes_back_when_its_lease_ends_and_not_before() -> None:
    outbox.publish(Happened(n=1), now=NOW)
    with transaction.atomic():
        assert len(work.claim(Event, now=NOW, wall=NOW, limit=9, owner="dead", duration=10 * SECOND)) == 1
        assert work.claim(Event, now=NOW, wall=NOW, limit=9, owner="other", duration=SECOND) == []
    with transaction.atomic():
        assert work.recover(Event, wall=NOW + 9 * SECOND) == 0
        assert work.recover(Event, wall=NOW + 10 * SECOND) == 1
    row = Event.objects.get()
    assert (row.state, row.attempts, row.lease_owner) == (State.WAITING, 1, "")


@pytest.mark.django_db
def test_a_batch_is_the_oldest_due_work() -> None:
    for n in (3, 1, 2):
        outbox.publish(Happened(n=n), now=NOW + n * SECOND)
    with transaction.atomic():
        rows = work.claim(Event, now=NOW + 2 * SECOND, wall=NOW, limit=9, owner="w", duration=SECOND)
    assert [row.facts["n"] for row in rows] == [1, 2]
