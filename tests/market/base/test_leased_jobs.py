"""Leased jobs: one at a time per kind and key, repeated when a worker dies, ended once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q

from tests.factories import NOW
from tests.market.working import working
from tests.waiting import until
from tradepost.market import wiring
from tradepost.market.base import leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.values import replace
from tradepost.market.base.work import State, expire_leases

KIND = "test.look"
SECOND = timedelta(seconds=1)
OUTCOME = LeasedJob.Outcome


class Work:
    """Records runs and ends; ``step`` is the work."""

    def __init__(self, step: Callable[[RunningJob], Mapping[str, Any]] | None = None, **settings: Any) -> None:
        self.ran: list[int] = []
        self.ends: list[tuple[str, Any]] = []
        self.step = step or (lambda running: {"found": running.payload["n"]})
        self.tasks = {KIND: LeasedTask(work=self.work, ended=self.ended, **settings)}

    def work(self, running: RunningJob) -> Mapping[str, Any]:
        self.ran.append(running.attempt)
        return self.step(running)

    def ended(self, job: LeasedJob, now: datetime) -> None:
        assert connection.in_atomic_block, "within the transaction that ends the job"
        self.ends.append((job.outcome, job.result))

    def run(self, now: datetime = NOW) -> int:
        return leased_jobs.run_due(self.tasks, now=lambda: now, wall=lambda: NOW, owner="w")

    def claim(self, owner: str = "w", wall: datetime = NOW) -> RunningJob:
        [job] = leased_jobs.claim(self.tasks, now=NOW, wall=wall, owner=owner, limit=5)
        return RunningJob(job)

    def do(self, running: RunningJob) -> None:
        leased_jobs.work_on(running, self.tasks[KIND], now=lambda: NOW)


def start(key: str = "a", n: int = 1) -> LeasedJob:
    return leased_jobs.start(KIND, key, payload={"n": n}, now=NOW, seller_id=7)


@pytest.mark.django_db
def test_one_job_per_kind_and_key_is_open_and_its_result_stays() -> None:
    work, first = Work(), start()
    assert start(n=2).pk == first.pk, "started twice, stored once"
    assert start("b").pk != first.pk
    assert work.run() == 2
    first.refresh_from_db()
    assert (first.state, first.outcome, first.result, first.ended_at) == (State.ENDED, OUTCOME.DONE, {"found": 1}, NOW)
    assert work.ends == [("done", {"found": 1}), ("done", {"found": 1})]
    second = start(n=3)
    assert second.pk != first.pk
    assert leased_jobs.newest(KIND, "a") == second


@pytest.mark.django_db
def test_dead_worker_loses_its_lease_and_its_late_result_is_ignored() -> None:
    work, job = Work(), start()
    dead = work.claim("dead")
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + 29 * SECOND) == 0, "the worker may still be alive"
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + 30 * SECOND) == 1
    alive = work.claim("alive")
    work.do(dead)
    job.refresh_from_db()
    assert (job.state, job.lease_owner, work.ends) == (State.LEASED, "alive", []), (
        "the end of the dead worker is ignored"
    )
    work.do(alive)
    job.refresh_from_db()
    assert (job.outcome, work.ends, job.attempts) == (OUTCOME.DONE, [("done", {"found": 1})], 2)


@pytest.mark.django_db
def test_job_fails_once_after_repeated_deaths_of_workers() -> None:
    work, job = Work(attempts=2), start()
    for seconds in (30, 60):
        work.claim("dead", wall=NOW + (seconds - 30) * SECOND)
        leased_jobs.recover(work.tasks, now=NOW, wall=NOW + seconds * SECOND)
    job.refresh_from_db()
    assert (job.outcome, work.ends) == (OUTCOME.FAILED, [("failed", None)])
    assert "stopped" in job.error
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + timedelta(hours=1)) == 0


@pytest.mark.django_db
def test_living_worker_keeps_its_lease_within_the_time_limit() -> None:
    work, job = Work(), start()
    running = work.claim()
    leased_jobs.renew_leases(work.tasks, [running], wall=NOW + 20 * SECOND)
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + 40 * SECOND) == 0
    endless = {KIND: replace(work.tasks[KIND], longest=timedelta())}
    leased_jobs.renew_leases(endless, [running], wall=NOW + 45 * SECOND)
    with pytest.raises(leased_jobs.Interrupted):
        running.go_on()
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + 60 * SECOND) == 1
    job.refresh_from_db()
    assert job.state == State.WAITING


@pytest.mark.django_db
def test_one_job_per_kind_and_seller_runs_at_a_time() -> None:
    """So one seller's many jobs do not delay others."""
    work = Work()
    for key in ("a", "b", "c"):
        start(key)
    leased_jobs.start(KIND, "of-another", payload={"n": 1}, now=NOW, seller_id=8)
    leased_jobs.start(KIND, "of-nobody-1", payload={"n": 1}, now=NOW)
    leased_jobs.start(KIND, "of-nobody-2", payload={"n": 1}, now=NOW)
    jobs = leased_jobs.claim(work.tasks, now=NOW, wall=NOW, owner="w", limit=10)
    assert [job.key for job in jobs] == ["a", "of-another", "of-nobody-1", "of-nobody-2"]
    work.do(RunningJob(jobs[0]))
    assert [job.key for job in leased_jobs.claim(work.tasks, now=NOW, wall=NOW, owner="w", limit=10)] == ["b"]


@pytest.mark.django_db(transaction=True)
def test_worker_runs_a_limited_number_per_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, under_way = threading.Event(), []

    def waits(running: RunningJob) -> Mapping[str, Any]:
        under_way.append(running.key)
        assert may_end.wait(15)
        return {}

    work = Work(waits, at_once=2)
    other = LeasedTask(work=lambda running: {})
    monkeypatch.setattr(wiring.engine, "LEASED_TASKS", {**work.tasks, "test.other": other})
    for key in ("a", "b", "c"):
        leased_jobs.start(KIND, key, payload={}, now=NOW)
    last = leased_jobs.start("test.other", "d", payload={}, now=NOW)
    with working():
        until(lambda: LeasedJob.objects.get(pk=last.pk).state == State.ENDED, what="another kind goes past them")
        until(lambda: len(under_way) >= 2, what="two are under way")  # each runs in a thread, which may start later
        assert sorted(under_way) == ["a", "b"]
        may_end.set()
        until(lambda: not LeasedJob.objects.exclude(state=State.ENDED).exists(), what="all end")
    assert sorted(under_way) == ["a", "b", "c"]


@pytest.mark.django_db
def test_error_is_retried_and_a_refusal_is_final() -> None:
    def fails(running: RunningJob) -> Mapping[str, Any]:
        raise RuntimeError("the server hung up")

    work, job = Work(fails, attempts=2, again=5 * SECOND), start()
    assert work.run() == 1
    job.refresh_from_db()
    assert (job.state, job.due_at, "hung up" in job.error) == (State.WAITING, NOW + 5 * SECOND, True)
    assert work.run(NOW + 4 * SECOND) == 0, "not before its time"
    assert work.run(NOW + 5 * SECOND) == 1
    assert work.ends == [("failed", None)]

    def refuses(running: RunningJob) -> Mapping[str, Any]:
        raise Refused("x.y", "This domain is somebody else's.")

    work, job = Work(refuses), start("b")
    work.run()
    job.refresh_from_db()
    assert (job.outcome, job.error, work.ran) == (OUTCOME.FAILED, "This domain is somebody else's.", [1])


@pytest.mark.django_db
def test_effects_of_the_end_commit_with_it() -> None:
    work, job = Work(attempts=2), start()

    def breaks(job: LeasedJob, now: datetime) -> None:
        LeasedJob.objects.filter(pk=job.pk).update(words="half done")
        if work.ran == [1]:
            raise RuntimeError("cannot be recorded")

    work.tasks = {KIND: replace(work.tasks[KIND], ended=breaks)}
    work.run()
    job.refresh_from_db()
    assert (job.state, job.words, "cannot be recorded" in job.error) == (State.WAITING, "", True)
    work.run(NOW + timedelta(minutes=1))
    job.refresh_from_db()
    assert (job.outcome, job.words) == (OUTCOME.DONE, "half done")


@pytest.mark.django_db
def test_progress_is_visible_and_cancellation_ends_at_the_next_step() -> None:
    progress_seen: list[tuple[int, int, str]] = []

    def steps(running: RunningJob) -> Mapping[str, Any]:
        running.progress(3, 3, "newInstance")
        progress_seen.extend(LeasedJob.objects.values_list("done", "total", "words"))
        leased_jobs.cancel(running.pk, now=NOW)
        running.progress(4, 4, "queryInstance")
        raise AssertionError("it went on")

    work, job = Work(steps), start()
    work.run()
    assert progress_seen == [(3, 3, "newInstance")]
    job.refresh_from_db()
    assert (job.outcome, work.ends) == (OUTCOME.CANCELLED, [("cancelled", None)])

    waits = leased_jobs.start(KIND, "b", payload={"n": 1}, now=NOW, due_at=NOW + timedelta(hours=1))
    leased_jobs.cancel(waits.pk, now=NOW)
    work.run()
    waits.refresh_from_db()
    assert (waits.outcome, work.ran) == (OUTCOME.CANCELLED, [1]), "it never started"
    leased_jobs.cancel(waits.pk, now=NOW)
    assert LeasedJob.objects.filter(~Q(state=State.ENDED)).count() == 0


@pytest.mark.django_db(transaction=True)
def test_workers_run_outside_of_transactions_and_release_unfinished_jobs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started, may_end, outside = threading.Event(), threading.Event(), []

    def waits(running: RunningJob) -> Mapping[str, Any]:
        outside.append(not connection.in_atomic_block)
        started.set()
        for n in range(10_000):
            running.progress(n, 10_000, "waiting")
            if may_end.wait(0.02):
                return {"found": running.attempt}
        raise AssertionError("nobody let it end")

    work = Work(waits)
    monkeypatch.setattr(wiring.engine, "LEASED_TASKS", work.tasks)
    job = leased_jobs.start(KIND, "a", payload={"n": 1}, now=NOW)
    with working(name="first"):
        assert started.wait(15)
        assert LeasedJob.objects.get().lease_owner == "first"
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 0), "a stopping worker releases the job"
    may_end.set()
    started.clear()
    with working(name="second"):
        until(lambda: LeasedJob.objects.get().state == State.ENDED, what="the other worker ends it")
    job.refresh_from_db()
    assert (job.outcome, job.result, outside) == (OUTCOME.DONE, {"found": 1}, [True, True])


@pytest.mark.django_db(transaction=True)
def test_job_of_a_known_dead_worker_is_taken_over_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = Work()
    monkeypatch.setattr(wiring.engine, "LEASED_TASKS", work.tasks)
    job = leased_jobs.start(KIND, "a", payload={"n": 5}, now=NOW)
    leased_jobs.claim(work.tasks, now=NOW, wall=datetime.now(NOW.tzinfo), owner="killed", limit=1)
    expire_leases(LeasedJob, ["killed"], wall=datetime.now(NOW.tzinfo))
    with working(name="other"):
        until(lambda: LeasedJob.objects.get().state == State.ENDED, what="the other worker ends it")
    job.refresh_from_db()
    assert (job.result, job.attempts) == ({"found": 5}, 2)
