"""Cases are made again by a leased job through the real engine, against the kit's own server; what fails names itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.check.kit_seller import KEY, any_seller
from tests.factories import make_address, make_seller
from tests.market.working import working
from tests.waiting import until
from tradepost.kit.serve import running
from tradepost.market import wiring
from tradepost.market.base import clock, leased_jobs, outbox
from tradepost.market.base.events import Reactions, on
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound_policy import PUBLIC
from tradepost.market.base.work import State
from tradepost.market.debugging import find_out, replay
from tradepost.market.debugging.asked import form_of, shown_values
from tradepost.market.debugging.debug import debug
from tradepost.market.debugging.events import ReplayEnded
from tradepost.market.debugging.missing import missing
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.debugging.required import sold_by
from tradepost.market.identity import keys
from tradepost.market.production.models import Address, Call

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def served(place: Path) -> Iterator[Address]:
    """An address at which the kit's own server answers, while a worker works."""
    with running(any_seller(place, "saas_v2")) as url, working():
        yield make_address(make_seller(signing_key=KEY, now=clock.now()), url=url, now=clock.now())


def saved(address: Address, *activities: str) -> list[DebugCase]:
    """Each debugged and saved, as a person does it."""
    for activity in activities:
        form, now = form_of(address, activity), clock.now()
        run = debug(form, shown_values(form, now=now), by="zhang", now=now, most=4)
        until(lambda run=run: DebugRun.objects.get(pk=run.pk).ended_at is not None, what=activity)  # type: ignore[misc]
        assert DebugRun.objects.get(pk=run.pk).passed, activity
    return list(DebugCase.objects.filter(address=address).order_by("pk"))


def done(job: LeasedJob) -> LeasedJob:
    until(lambda: LeasedJob.objects.get(pk=job.pk).state == State.ENDED, within=60, what="the job ends")
    return LeasedJob.objects.get(pk=job.pk)


def test_every_case_is_debugged_against_the_kit_and_replayed_and_one_that_fails_names_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[ReplayEnded] = []

    def tell(event: ReplayEnded, now: object) -> None:
        told.append(event)

    entries = [one for one in wiring.REACTIONS.entries if one.event is not ReplayEnded]
    monkeypatch.setattr(wiring, "REACTIONS", Reactions([*entries, on(ReplayEnded, tell)]))
    sold = sold_by(["PERIOD", "ONE_TIME"])
    with served(tmp_path) as address:
        names = [one.activity for one in missing(address, sold)]
        cases = saved(address, *names)
        assert missing(address, sold) == ()
        job = done(replay.start(cases, about="submission:1", by="zhang", now=clock.now()))
        until(lambda: len(told) == 1, what="whoever asked is told")
        assert (told[0].about, told[0].passed, told[0].failed, job.done, job.total) == ("submission:1", True, (), 5, 5)
        assert [one.passed for one in replay.results(job)] == [True] * 5
        # The server holds another key from now on: each case says so, and blocks.
        keys.rotate_signing_key(address.seller, "base", now=clock.now(), secret="a key that the server does not have")
        job = done(replay.start(cases[:2], about="submission:1", by="zhang", now=clock.now()))
        until(lambda: len(told) == 2, what="whoever asked is told")
    assert (told[1].passed, [one.activity for one in told[1].failed]) == (False, ["newInstance", "queryInstance"])
    assert {one.diagnosis for one in told[1].failed} == {"wrong_key"}
    assert len(missing(address, sold)) == 5
    assert {call.purpose for call in Call.objects.all()} == {"debug"}


def test_a_replay_without_a_key_or_a_form_says_so_and_calls_nobody() -> None:
    address = make_address(make_seller(now=clock.now()), now=clock.now())
    case = DebugCase.objects.create(
        seller=address.seller, address=address, activity="queryInstance", kind="Query", command={}, values={},
        url=address.url, key_id="x", saved_at=clock.now(), saved_by="zhang", tried_at=clock.now(),
    )  # fmt: skip
    job = replay.start([case], about="a", by="zhang", now=clock.now())
    assert leased_jobs.run_due(wiring.LEASED_TASKS, now=clock.now, wall=clock.wall, owner="w") == 1
    job.refresh_from_db()
    assert (job.outcome, [one.diagnosis for one in replay.results(job)]) == ("done", ["debug.values"])
    assert not Call.objects.exists()
    assert outbox.dispatch(wiring.REACTIONS, now=clock.now()) == 1


@pytest.mark.slow
def test_find_out_why_runs_the_whole_tester_through_the_guard_with_progress(tmp_path: Path) -> None:
    with served(tmp_path) as address:
        job = find_out.start(address, by="zhang", now=clock.now())
        assert find_out.start(address, by="li", now=clock.now()).pk == job.pk, "one at a time"
        until(lambda: LeasedJob.objects.get(pk=job.pk).done > 3, within=30, what="progress is shown")
        assert find_out.BETWEEN in LeasedJob.objects.get(pk=job.pk).words
        job = done(job)
    assert job.outcome == "done", job.error
    assert job.result is not None
    assert job.result["counts"]["failed"] == 0, job.result["headline"]
    assert job.result["counts"]["passed"] > 100
    assert KEY not in str(job.result)


def test_the_tester_in_a_market_calls_no_address_inside(tmp_path: Path) -> None:
    address = make_address(make_seller(now=clock.now()), url="http://127.0.0.1:9/produce", now=clock.now())
    job = find_out.start(address, by="zhang", now=clock.now())
    tasks = {find_out.KIND: find_out.task(outbound=lambda: PUBLIC)}
    leased_jobs.run_due(tasks, now=clock.now, wall=clock.wall, owner="w")
    job.refresh_from_db()
    assert job.outcome == "failed"
    assert "TRADEPOST_NETWORKS" in job.error
