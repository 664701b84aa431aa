"""*Debug all* (issue 27, item 7): every activity without a valid case, one by one, in the background (saas-v2 §5.1,
§5.3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation import gettext

from tests.factories import make_address, make_seller
from tests.market.debugging.answering import answer
from tests.market.debugging.replaying import finished_job, save_cases, served
from tradepost.market import wiring
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.debugging import debug_all, replay
from tradepost.market.debugging.asked import form_of, initial_values
from tradepost.market.debugging.debug_all import Progress
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.debugging.seller_queries import CaseRow
from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey
from tradepost.market.production.models import Address, Call
from tradepost.protocols.commands import Done

pytestmark = pytest.mark.django_db(transaction=True)


def outcomes(address: Address) -> dict[str, str]:
    job = debug_all.newest(address)
    assert job is not None
    return {result.row.case.activity: result.progress.value for result in debug_all.results(job, address)}


def run_job() -> int:
    return leased_jobs.run_due(wiring.LEASED_TASKS, now=clock.now, wall=clock.wall, owner="w")


def start(address: Address, by: str = "zhang") -> LeasedJob:
    return debug_all.start(address, by=by, now=clock.now())


def test_missing_and_stale_cases_are_debugged_in_order_and_saved(tmp_path: Path) -> None:
    with served(tmp_path) as address:
        [saved_case] = save_cases(address, "newInstance")
        job = start(address)
        assert start(address, by="li").pk == job.pk, "one at a time"
        job = finished_job(job)
        called_activities = list(Call.objects.filter(purpose="debug").order_by("pk").values_list("activity", flat=True))
        assert called_activities[0] == "newInstance"
        assert called_activities[-1] == "releaseInstance", "the deletion of the instance comes last"
        assert sorted(set(called_activities)) == sorted(called_activities), "each once, except those already saved"
        assert set(outcomes(address).values()) == {"passed"}
        assert (job.outcome, job.done, job.total) == ("done", len(called_activities) - 1, len(called_activities) - 1)
        assert not debug_all.outdated_cases(address)
        with pytest.raises(Refused, match=r"debug\.nothing_to_do"):
            start(address)
        # From here on the server has another key: every case is stale and fails at once.
        keys.rotate_signing_key(address.seller, "base", now=clock.now(), secret="a key that the server does not have")
        job = finished_job(start(address))
        assert set(outcomes(address).values()) == {"failed"}
        mistakes = {result.mistake for result in debug_all.results(job, address)}
        assert mistakes == {"wrong_key"}
    saved_case.refresh_from_db()
    assert not saved_case.passed


def test_activity_without_valid_values_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    address = make_address(make_seller(signing_key="k" * 32, now=clock.now()), now=clock.now())
    monkeypatch.setattr(debug_all, "wait_for", lambda run, running: answer(run, now=clock.now()))
    original = initial_values

    def without_instance(form: CaseRow, *, now: object) -> dict[str, str]:
        values = original(form, now=now)  # type: ignore[arg-type]
        return values | {"instanceId": ""} if form.case.activity == "refreshInstance" else values

    monkeypatch.setattr(debug_all, "initial_values", without_instance)
    start(address)
    assert set(outcomes(address).values()) == {"waiting"}
    assert run_job() == 1
    progress_of_activities = outcomes(address)
    assert progress_of_activities.pop("refreshInstance") == "refused"
    assert set(progress_of_activities.values()) == {"passed"}
    assert not Call.objects.filter(activity="refreshInstance").exists()


def test_stopping_between_activities_keeps_saved_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    address = make_address(make_seller(signing_key="k" * 32, now=clock.now()), now=clock.now())
    job = start(address)

    def stop_after_the_first(run: DebugRun, running: leased_jobs.RunningJob) -> None:
        answer(run, now=clock.now())
        leased_jobs.cancel(job.pk, now=clock.now())
        running._shown = (0.0, -1, -1, "")  # the next step checks at once whether to stop

    monkeypatch.setattr(debug_all, "wait_for", stop_after_the_first)
    assert run_job() == 1
    job.refresh_from_db()
    assert job.outcome == "cancelled"
    progress_of_activities = list(outcomes(address).values())
    assert progress_of_activities == ["passed", *["left"] * (len(progress_of_activities) - 1)]
    assert DebugCase.objects.get().activity == "newInstance"


def test_activities_that_need_parameters_stay_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = make_address(make_seller(signing_key="k" * 32, now=clock.now()), now=clock.now())
    original, job = initial_values, start(address)
    first, *_others = job.payload["cases"]
    states_seen: list[str] = []

    def without_values(form: CaseRow, *, now: object) -> dict[str, str]:
        values = original(form, now=now)  # type: ignore[arg-type]
        return dict.fromkeys(values, "") if form.case.activity == first[0] else values

    def stop(run: DebugRun, running: leased_jobs.RunningJob) -> None:
        states_seen.append(outcomes(address)[first[0]])
        answer(run, now=clock.now())
        leased_jobs.cancel(job.pk, now=clock.now())
        running._shown = (0.0, -1, -1, "")

    monkeypatch.setattr(debug_all, "initial_values", without_values)
    monkeypatch.setattr(debug_all, "wait_for", stop)
    assert run_job() == 1
    job.refresh_from_db()
    assert (job.outcome, states_seen) == ("cancelled", ["refused"])
    assert outcomes(address)[first[0]] == "refused"


def test_missing_key_ends_the_job_with_its_reason() -> None:
    address = make_address(make_seller(signing_key="k" * 32, now=clock.now()), now=clock.now())
    job = start(address)
    SigningKey.objects.filter(seller=address.seller).update(valid_until=clock.now())
    run_job()
    job.refresh_from_db()
    assert job.outcome == "failed"
    with translation.override("zh-hans"):
        assert gettext(job.error) != job.error, "shown in each reader's language"
    assert set(outcomes(address).values()) == {"left"}
    assert not Call.objects.exists()


def test_new_instance_replaces_the_saved_one_in_a_second_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """saas-v2 §5.1: values must exist in the seller's system."""
    address = make_address(make_seller(signing_key="k" * 32, now=clock.now()), now=clock.now())
    instance = "i-1"

    def answered(run: DebugRun, _running: object) -> None:
        creates = run.activity == "newInstance"
        answer(run, Done(instance_id=instance) if creates else None, now=clock.now())

    monkeypatch.setattr(debug_all, "wait_for", answered)
    start(address)
    run_job()
    instance = "i-2"
    DebugCase.objects.update(passed=False)
    start(address)
    run_job()
    instance_ids = (
        DebugRun.objects.filter(activity="queryInstance").order_by("pk").values_list("values__instanceId", flat=True)
    )
    assert list(instance_ids) == ["i-1", "i-2"]
    form, last = form_of(address, "queryInstance"), DebugRun.objects.filter(activity="queryInstance").latest("pk")
    DebugRun.objects.filter(pk=last.pk).update(values={"instanceId": "i-typed"})
    last.refresh_from_db()
    assert initial_values(form, now=clock.now(), last=last)["instanceId"] == "i-typed", "filled in after the creation"


def test_another_worker_continues_after_a_death(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work may be repeated but a test call may not: activities already debugged are skipped."""
    address = make_address(make_seller(signing_key="k" * 32, now=clock.now()), now=clock.now())

    def die(run: DebugRun, running: object) -> None:
        answer(run, now=clock.now())
        raise RuntimeError("the worker dies")

    monkeypatch.setattr(debug_all, "wait_for", die)
    job = start(address)
    run_job()
    assert DebugRun.objects.count() == 1
    monkeypatch.setattr(debug_all, "wait_for", lambda run, running: run.ended_at or answer(run, now=clock.now()))
    LeasedJob.objects.filter(pk=job.pk).update(due_at=clock.now())
    run_job()
    job.refresh_from_db()
    assert (job.outcome, job.attempts) == ("done", 2)
    assert set(outcomes(address).values()) == {"passed"}
    activities = list(DebugRun.objects.values_list("activity", flat=True))
    assert len(activities) == len(set(activities)) == job.total


def test_deleted_address_ends_the_job_and_one_without_a_key_does_not_start() -> None:
    address = make_address(make_seller(signing_key="k" * 32, now=clock.now()), now=clock.now())
    job = start(address)
    Address.objects.filter(pk=address.pk).update(removed_at=clock.now())
    run_job()
    job.refresh_from_db()
    assert (job.outcome, bool(job.error)) == ("failed", True)
    without = make_address(make_seller(now=clock.now()), now=clock.now())
    SigningKey.objects.filter(seller=without.seller).update(valid_until=clock.now())
    with pytest.raises(Refused, match=r"debug\.no_key"):
        start(without)
    assert not Call.objects.exists()
    assert LeasedJob.objects.exclude(kind=replay.KIND).count() == 1


def test_every_state_has_its_label() -> None:
    from tradepost.market.web.status import look

    assert len({str(look("debug all", state).label) for state in Progress}) == len(Progress)
