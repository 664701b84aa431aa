"""Jobs that wait for others' servers: one at a time of a kind and key, tried again when a worker dies, ended once."""

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
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.values import replace
from tradepost.market.base.work import State, expire_leases

KIND = "test.look"
SECOND = timedelta(seconds=1)
OUTCOME = LeasedJob.Outcome


class Work:
    """Notes what ran and what ended; ``step`` is what the work does."""

    def __init__(self, step: Callable[[Running], Mapping[str, Any]] | None = None, **settings: Any) -> None:
        self.ran: list[int] = []
        self.ends: list[tuple[str, Any]] = []
        self.step = step or (lambda running: {"found": running.payload["n"]})
        self.tasks = {KIND: LeasedTask(work=self.work, ended=self.ended, **settings)}

    def work(self, running: Running) -> Mapping[str, Any]:
        self.ran.append(running.attempt)
        return self.step(running)

    def ended(self, job: LeasedJob, now: datetime) -> None:
        assert connection.in_atomic_block, "in the transaction that ends it"
        self.ends.append((job.outcome, job.result))

    def run(self, now: datetime = NOW) -> int:
        return leased_jobs.run_due(self.tasks, now=lambda: now, wall=lambda: NOW, owner="w")

    def claim(self, owner: str = "w", wall: datetime = NOW) -> Running:
        [job] = leased_jobs.claim(self.tasks, now=NOW, wall=wall, owner=owner, limit=5)
        return Running(job)

    def do(self, running: Running) -> None:
        leased_jobs.work_on(running, self.tasks[KIND], now=lambda: NOW)


def start(key: str = "a", n: int = 1) -> LeasedJob:
    return leased_jobs.start(KIND, key, payload={"n": n}, now=NOW, seller_id=7)


@pytest.mark.django_db
def test_one_of_a_kind_and_key_is_open_at_a_time_and_its_result_stays() -> None:
    work, first = Work(), start()
    assert start(n=2).pk == first.pk, "asked twice is asked once"
    assert start("b").pk != first.pk
    assert work.run() == 2
    first.refresh_from_db()
    assert (first.state, first.outcome, first.result, first.ended_at) == (State.ENDED, OUTCOME.DONE, {"found": 1}, NOW)
    assert work.ends == [("done", {"found": 1}), ("done", {"found": 1})]
    again = start(n=3)
    assert again.pk != first.pk
    assert leased_jobs.newest(KIND, "a") == again


@pytest.mark.django_db
def test_a_worker_that_dies_loses_its_lease_and_what_it_says_later_moves_nothing() -> None:
    work, job = Work(), start()
    dead = work.claim("dead")
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + 29 * SECOND) == 0, "it may yet live"
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + 30 * SECOND) == 1
    alive = work.claim("alive")
    work.do(dead)
    job.refresh_from_db()
    assert (job.state, job.lease_owner, work.ends) == (State.LEASED, "alive", []), (
        "the dead worker's end does not count"
    )
    work.do(alive)
    job.refresh_from_db()
    assert (job.outcome, work.ends, job.attempts) == (OUTCOME.DONE, [("done", {"found": 1})], 2)


@pytest.mark.django_db
def test_a_job_whose_workers_die_time_and_again_fails_and_says_so_once() -> None:
    work, job = Work(attempts=2), start()
    for seconds in (30, 60):
        work.claim("dead", wall=NOW + (seconds - 30) * SECOND)
        leased_jobs.recover(work.tasks, now=NOW, wall=NOW + seconds * SECOND)
    job.refresh_from_db()
    assert (job.outcome, work.ends) == (OUTCOME.FAILED, [("failed", None)])
    assert "stopped" in job.error
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + timedelta(hours=1)) == 0


@pytest.mark.django_db
def test_a_living_worker_keeps_its_lease_unless_the_work_takes_too_long() -> None:
    work, job = Work(), start()
    running = work.claim()
    leased_jobs.beat(work.tasks, [running], wall=NOW + 20 * SECOND)
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + 40 * SECOND) == 0
    endless = {KIND: replace(work.tasks[KIND], longest=timedelta())}
    leased_jobs.beat(endless, [running], wall=NOW + 45 * SECOND)
    with pytest.raises(leased_jobs.Interrupted):
        running.go_on()
    assert leased_jobs.recover(work.tasks, now=NOW, wall=NOW + 60 * SECOND) == 1
    job.refresh_from_db()
    assert job.state == State.WAITING


@pytest.mark.django_db
def test_one_of_a_kind_and_a_seller_is_under_way_at_a_time_so_that_others_need_not_wait_for_a_hundred() -> None:
    work = Work()
    for key in ("a", "b", "c"):
        start(key)
    leased_jobs.start(KIND, "of-another", payload={"n": 1}, now=NOW, seller_id=8)
    leased_jobs.start(KIND, "of-nobody-1", payload={"n": 1}, now=NOW)
    leased_jobs.start(KIND, "of-nobody-2", payload={"n": 1}, now=NOW)
    jobs = leased_jobs.claim(work.tasks, now=NOW, wall=NOW, owner="w", limit=10)
    assert [job.key for job in jobs] == ["a", "of-another", "of-nobody-1", "of-nobody-2"]
    work.do(Running(jobs[0]))
    assert [job.key for job in leased_jobs.claim(work.tasks, now=NOW, wall=NOW, owner="w", limit=10)] == ["b"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_begins_no_more_of_a_kind_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, under_way = threading.Event(), []

    def waits(running: Running) -> Mapping[str, Any]:
        under_way.append(running.key)
        assert may_end.wait(15)
        return {}

    work = Work(waits, at_once=2)
    other = LeasedTask(work=lambda running: {})
    monkeypatch.setattr(wiring, "LEASED_TASKS", {**work.tasks, "test.other": other})
    for key in ("a", "b", "c"):
        leased_jobs.start(KIND, key, payload={}, now=NOW)
    last = leased_jobs.start("test.other", "d", payload={}, now=NOW)
    with working():
        until(lambda: LeasedJob.objects.get(pk=last.pk).state == State.ENDED, what="another kind goes past them")
        until(lambda: len(under_way) >= 2, what="two are under way")  # each in a thread, which may begin later
        assert sorted(under_way) == ["a", "b"]
        may_end.set()
        until(lambda: not LeasedJob.objects.exclude(state=State.ENDED).exists(), what="all end")
    assert sorted(under_way) == ["a", "b", "c"]


@pytest.mark.django_db
def test_an_error_is_tried_again_later_and_a_refusal_is_the_end() -> None:
    def fails(running: Running) -> Mapping[str, Any]:
        raise RuntimeError("the server hung up")

    work, job = Work(fails, attempts=2, again=5 * SECOND), start()
    assert work.run() == 1
    job.refresh_from_db()
    assert (job.state, job.due_at, "hung up" in job.error) == (State.WAITING, NOW + 5 * SECOND, True)
    assert work.run(NOW + 4 * SECOND) == 0, "not before its time"
    assert work.run(NOW + 5 * SECOND) == 1
    assert work.ends == [("failed", None)]

    def refuses(running: Running) -> Mapping[str, Any]:
        raise Refused("x.y", "This domain is somebody else's.")

    work, job = Work(refuses), start("b")
    work.run()
    job.refresh_from_db()
    assert (job.outcome, job.error, work.ran) == (OUTCOME.FAILED, "This domain is somebody else's.", [1])


@pytest.mark.django_db
def test_what_its_end_causes_commits_with_it_or_not_at_all() -> None:
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
def test_progress_is_seen_and_a_job_that_is_cancelled_ends_at_its_next_step() -> None:
    seen: list[tuple[int, int, str]] = []

    def steps(running: Running) -> Mapping[str, Any]:
        running.progress(3, 3, "newInstance")
        seen.extend(LeasedJob.objects.values_list("done", "total", "words"))
        leased_jobs.cancel(running.pk, now=NOW)
        running.progress(4, 4, "queryInstance")
        raise AssertionError("it went on")

    work, job = Work(steps), start()
    work.run()
    assert seen == [(3, 3, "newInstance")]
    job.refresh_from_db()
    assert (job.outcome, work.ends) == (OUTCOME.CANCELLED, [("cancelled", None)])

    waits = leased_jobs.start(KIND, "b", payload={"n": 1}, now=NOW, due_at=NOW + timedelta(hours=1))
    leased_jobs.cancel(waits.pk, now=NOW)
    work.run()
    waits.refresh_from_db()
    assert (waits.outcome, work.ran) == (OUTCOME.CANCELLED, [1]), "it never began"
    leased_jobs.cancel(waits.pk, now=NOW)
    assert LeasedJob.objects.filter(~Q(state=State.ENDED)).count() == 0


@pytest.mark.django_db(transaction=True)
def test_workers_work_outside_of_a_transaction_and_give_back_what_they_do_not_finish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started, may_end, outside = threading.Event(), threading.Event(), []

    def waits(running: Running) -> Mapping[str, Any]:
        outside.append(not connection.in_atomic_block)
        started.set()
        for n in range(10_000):
            running.progress(n, 10_000, "waiting")
            if may_end.wait(0.02):
                return {"found": running.attempt}
        raise AssertionError("nobody let it end")

    work = Work(waits)
    monkeypatch.setattr(wiring, "LEASED_TASKS", work.tasks)
    job = leased_jobs.start(KIND, "a", payload={"n": 1}, now=NOW)
    with working(name="first"):
        assert started.wait(15)
        assert LeasedJob.objects.get().lease_owner == "first"
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 0), "a worker that stops gives it back"
    may_end.set()
    started.clear()
    with working(name="second"):
        until(lambda: LeasedJob.objects.get().state == State.ENDED, what="the other worker ends it")
    job.refresh_from_db()
    assert (job.outcome, job.result, outside) == (OUTCOME.DONE, {"found": 1}, [True, True])


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_held_is_done_by_another_at_once_when_it_is_known_to_be_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = Work()
    monkeypatch.setattr(wiring, "LEASED_TASKS", work.tasks)
    job = leased_jobs.start(KIND, "a", payload={"n": 5}, now=NOW)
    leased_jobs.claim(work.tasks, now=NOW, wall=datetime.now(NOW.tzinfo), owner="killed", limit=1)
    expire_leases(LeasedJob, ["killed"], wall=datetime.now(NOW.tzinfo))
    with working(name="other"):
        until(lambda: LeasedJob.objects.get().state == State.ENDED, what="the other worker ends it")
    job.refresh_from_db()
    assert (job.result, job.attempts) == ({"found": 5}, 2)
