"""Saved cases are repeated by a leased job through the real engine against the kit's server; failures are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.kit_seller import KEY
from tests.factories import make_address, make_seller
from tests.market.debugging.replaying import finished_job, save_cases, served
from tests.waiting import until
from tradepost.market import wiring
from tradepost.market.base import clock, leased_jobs, outbox
from tradepost.market.base.events import Reactions, on
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound_policy import PUBLIC
from tradepost.market.debugging import find_out, replay
from tradepost.market.debugging.events import ReplayEnded
from tradepost.market.debugging.missing import lacking_cases
from tradepost.market.debugging.models import DebugCase
from tradepost.market.debugging.required import product_with_modes
from tradepost.market.identity import keys
from tradepost.market.production.models import Call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.slow
def test_every_case_is_saved_and_replayed_and_a_failing_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended_events: list[ReplayEnded] = []

    def tell(event: ReplayEnded, now: object) -> None:
        ended_events.append(event)

    entries = [entry for entry in wiring.REACTIONS.entries if entry.event is not ReplayEnded]
    monkeypatch.setattr(wiring.engine, "REACTIONS", Reactions([*entries, on(ReplayEnded, tell)]))
    sold = product_with_modes(["PERIOD", "ONE_TIME"])
    with served(tmp_path) as address:
        names = [case.activity for case in lacking_cases(address, sold)]
        cases = save_cases(address, *names)
        assert lacking_cases(address, sold) == ()
        job = finished_job(replay.start(cases, about="submission:1", by="zhang", now=clock.now()))
        until(lambda: len(ended_events) == 1, what="whoever asked is told")
        assert (ended_events[0].about, ended_events[0].passed, ended_events[0].failed, job.done, job.total) == (
            "submission:1",
            True,
            (),
            5,
            5,
        )
        assert [result.passed for result in replay.results(job)] == [True] * 5
        # From here on the server has another key: each case reports it and blocks.
        keys.rotate_signing_key(address.seller, "base", now=clock.now(), secret="a key that the server does not have")
        job = finished_job(replay.start(cases[:2], about="submission:1", by="zhang", now=clock.now()))
        until(lambda: len(ended_events) == 2, what="whoever asked is told")
    assert (ended_events[1].passed, [failure.activity for failure in ended_events[1].failed]) == (
        False,
        ["newInstance", "queryInstance"],
    )
    assert {failure.diagnosis for failure in ended_events[1].failed} == {"wrong_key"}
    assert len(lacking_cases(address, sold)) == 5
    assert {call.purpose for call in Call.objects.all()} == {"debug"}


def test_replay_without_a_key_or_values_reports_it_without_a_call() -> None:
    address = make_address(make_seller(now=clock.now()), now=clock.now())
    case = DebugCase.objects.create(
        seller=address.seller, address=address, activity="queryInstance", kind="Query", command={}, values={},
        url=address.url, key_id="x", saved_at=clock.now(), saved_by="zhang", tried_at=clock.now(),
    )  # fmt: skip
    job = replay.start([case], about="a", by="zhang", now=clock.now())
    assert leased_jobs.run_due(wiring.LEASED_TASKS, now=clock.now, wall=clock.wall, owner="w") == 1
    job.refresh_from_db()
    assert (job.outcome, [result.diagnosis for result in replay.results(job)]) == ("done", ["debug.values"])
    assert not Call.objects.exists()
    assert outbox.dispatch(wiring.REACTIONS, now=clock.now()) == 1


@pytest.mark.slow
def test_full_tester_runs_with_progress_within_the_outbound_policy(tmp_path: Path) -> None:
    with served(tmp_path) as address:
        job = find_out.start(address, by="zhang", now=clock.now())
        assert find_out.start(address, by="li", now=clock.now()).pk == job.pk, "one at a time"
        until(lambda: LeasedJob.objects.get(pk=job.pk).done > 3, within=30, what="progress is shown")
        assert find_out.SEPARATOR in LeasedJob.objects.get(pk=job.pk).words
        job = finished_job(job)
    assert job.outcome == "done", job.error
    assert job.result is not None
    assert job.result["counts"]["failed"] == 0, job.result["headline"]
    assert job.result["counts"]["passed"] > 100
    assert KEY not in str(job.result)


def test_tester_in_a_market_calls_no_internal_address(tmp_path: Path) -> None:
    address = make_address(make_seller(now=clock.now()), url="http://127.0.0.1:9/produce", now=clock.now())
    job = find_out.start(address, by="zhang", now=clock.now())
    tasks = {find_out.KIND: find_out.task(outbound=lambda: PUBLIC)}
    leased_jobs.run_due(tasks, now=clock.now, wall=clock.wall, owner="w")
    job.refresh_from_db()
    assert job.outcome == "failed"
    assert "TRADEPOST_NETWORKS" in job.error
