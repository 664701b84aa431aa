"""Looks at servers when the cloud cannot be asked, knows none of them, or does not finish."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import make_buyer
from tests.factories.images import MEMORY, go_to, make_image, make_server, rest
from tests.factories.people import NOW
from tradepost.market.base import leased_jobs, market_identity
from tradepost.market.base.models import LeasedJob
from tradepost.market.compute import observe, orphans, tasks
from tradepost.market.compute.contract import Action, CloudError, Fault, Seen, State
from tradepost.market.compute.models import OrphanServer, SandboxServer, Server, Task
from tradepost.market.images import servers

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def two_servers() -> list[Server]:
    buyer, product = make_buyer(balance="50", now=NOW), make_image(now=NOW)
    return [make_server(buyer, product, name=name, now=NOW) for name in ("web-1", "web-2")]


def look() -> LeasedJob:
    leased_jobs.start(observe.KIND, "memory", payload={"cloud": "memory"}, now=NOW)
    go_to(NOW + timedelta(minutes=1), NOW)
    return LeasedJob.objects.filter(kind=observe.KIND).latest("pk")


def test_a_cloud_that_knows_none_of_several_servers_releases_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it answers with a wrong region or project in the cloud file. The servers exist."""
    made = two_servers()
    monkeypatch.setattr(MEMORY, "observe", lambda _ids: {})
    job = look()
    assert (job.outcome, "none of 2 servers" in job.error, "region, project" in job.error) == ("failed", True, True)
    assert [Server.objects.get(pk=one.pk).status for one in made] == ["running", "running"]
    assert [Server.objects.get(pk=one.pk).service_id for one in made] == [one.service_id for one in made]


def test_one_server_of_several_that_is_gone_is_released() -> None:
    first, second = two_servers()
    SandboxServer.objects.filter(token=first.provider_id).update(deleted=True)
    assert look().outcome == "done"
    assert [Server.objects.get(pk=one.pk).status for one in (first, second)] == ["released", "running"]


@pytest.mark.parametrize("error", [CloudError("the cloud is away", fault=Fault.UNREACHABLE), LookupError("no cloud")])
def test_an_outage_of_the_cloud_is_no_error_of_the_market(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    two_servers()

    def away(_ids: Collection[str]) -> Mapping[str, Seen]:
        raise error

    monkeypatch.setattr(MEMORY, "observe", away)
    job = look()
    assert (job.outcome, job.error) == ("failed", str(error)), "no traceback"


def test_a_server_of_which_nobody_asked_the_release_is_deleted_by_an_operator_alone() -> None:
    """The row is released since the cloud did not list it for a while; its disk holds the buyer's data."""
    market_identity.remember(sandbox=True, now=NOW)
    buyer, product = make_buyer(balance="50", now=NOW), make_image(now=NOW)
    lost, ended = (make_server(buyer, product, name=name, now=NOW) for name in ("lost", "ended"))
    SandboxServer.objects.filter(token=lost.provider_id).update(deleted=True)
    assert look().outcome == "done"
    servers.release(buyer, ended.pk, agreed=True, now=NOW)
    rest(NOW)
    SandboxServer.objects.update(deleted=False)
    for now in (NOW, NOW + 25 * HOUR, NOW + 60 * HOUR):
        run_orphans(now)
    by_name = {one.provider_id: one for one in OrphanServer.objects.all()}
    assert by_name[ended.provider_id].status == "released"
    assert by_name[lost.provider_id].status == "found"
    assert not SandboxServer.objects.get(token=lost.provider_id).deleted
    orphans.release(by_name[lost.provider_id].pk, actor="op", now=now)
    run_orphans(now)
    assert SandboxServer.objects.get(token=lost.provider_id).deleted


def run_orphans(now: Any) -> None:
    orphans.start("memory", now=now)
    task = orphans.task(lambda _name: MEMORY, grace=lambda: 24 * HOUR, now=lambda: now)
    leased_jobs.run_due({orphans.KIND: task}, now=lambda: now, wall=lambda: now, owner="a worker of tests")


class Clock:
    """Replaces ``time`` of a module: a pause passes at once."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        assert self.at < 7200, "it waits without end"


@pytest.mark.parametrize("state", [State.CHANGING, State.UNFINISHED])
def test_a_server_that_does_not_stop_changing_is_given_up_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    clock = Clock()
    server = two_servers()[0]
    monkeypatch.setattr(tasks, "time", clock)
    monkeypatch.setattr(MEMORY, "stop", lambda name, *, token: Seen(server_id=name, state=state))
    monkeypatch.setattr(MEMORY, "observe", lambda ids: {one: Seen(server_id=one, state=State.CHANGING) for one in ids})
    tasks.request(server.pk, Action.STOP, now=NOW)
    rest(NOW)
    task = Task.objects.get(action="stop")
    assert (task.status, task.tries) == ("gave_up", 1)
    assert task.error == "stop: the server is still changing after 25 minutes"
    assert timedelta(seconds=clock.at) == tasks.LONGEST_CHANGE
    assert tasks.LONGEST_CHANGE < tasks.LONGEST, "an attempt that is taken for lost stores no reason"
