"""Observation of servers when the cloud is unavailable, knows none of them, or does not finish."""

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
from tradepost.market.compute.contract import Action, CloudError, Fault, ObservedServer, State
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


def test_cloud_that_knows_no_server_releases_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong region or project in the cloud file has this effect, while the servers exist."""
    made_servers = two_servers()
    monkeypatch.setattr(MEMORY, "observe", lambda _ids: {})
    job = look()
    assert (job.outcome, "none of 2 servers" in job.error, "region, project" in job.error) == ("failed", True, True)
    assert [Server.objects.get(pk=server.pk).status for server in made_servers] == ["running", "running"]
    assert [Server.objects.get(pk=server.pk).service_id for server in made_servers] == [
        server.service_id for server in made_servers
    ]


def test_single_missing_server_is_released() -> None:
    first, second = two_servers()
    SandboxServer.objects.filter(token=first.provider_id).update(deleted=True)
    assert look().outcome == "done"
    assert [Server.objects.get(pk=server.pk).status for server in (first, second)] == ["released", "running"]


@pytest.mark.parametrize("error", [CloudError("the cloud is away", fault=Fault.UNREACHABLE), LookupError("no cloud")])
def test_outage_of_the_cloud_is_not_an_error_of_the_market(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    two_servers()

    def away(_ids: Collection[str]) -> Mapping[str, ObservedServer]:
        raise error

    monkeypatch.setattr(MEMORY, "observe", away)
    job = look()
    assert (job.outcome, job.error) == ("failed", str(error)), "no traceback"


def test_unrequested_release_is_deleted_only_by_an_operator() -> None:
    """The row is released because the cloud did not list the server for a while; its disk holds the buyer's data."""
    market_identity.ensure_identity(sandbox=True, now=NOW)
    buyer, product = make_buyer(balance="50", now=NOW), make_image(now=NOW)
    lost_server, ended_server = (make_server(buyer, product, name=name, now=NOW) for name in ("lost", "ended"))
    SandboxServer.objects.filter(token=lost_server.provider_id).update(deleted=True)
    assert look().outcome == "done"
    servers.release(buyer, ended_server.pk, agreed=True, now=NOW)
    rest(NOW)
    SandboxServer.objects.update(deleted=False)
    for now in (NOW, NOW + 25 * HOUR, NOW + 60 * HOUR):
        run_orphans(now)
    by_name = {orphan_server.provider_id: orphan_server for orphan_server in OrphanServer.objects.all()}
    assert by_name[ended_server.provider_id].status == "released"
    assert by_name[lost_server.provider_id].status == "found"
    assert not SandboxServer.objects.get(token=lost_server.provider_id).deleted
    orphans.release(by_name[lost_server.provider_id].pk, actor="op", now=now)
    run_orphans(now)
    assert SandboxServer.objects.get(token=lost_server.provider_id).deleted


def run_orphans(now: Any) -> None:
    orphans.start("memory", now=now)
    task = orphans.task(lambda _name: MEMORY, grace=lambda: 24 * HOUR, now=lambda: now)
    leased_jobs.run_due({orphans.KIND: task}, now=lambda: now, wall=lambda: now, owner="a worker of tests")


class Clock:
    """Replaces ``time`` in a module: pauses pass at once."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        assert self.at < 7200, "it waits for ever"


@pytest.mark.parametrize("state", [State.CHANGING, State.UNFINISHED])
def test_server_that_keeps_changing_is_given_up_with_its_reason(monkeypatch: pytest.MonkeyPatch, state: State) -> None:
    clock = Clock()
    server = two_servers()[0]
    monkeypatch.setattr(tasks, "time", clock)
    monkeypatch.setattr(MEMORY, "stop", lambda name, *, token: ObservedServer(server_id=name, state=state))
    monkeypatch.setattr(
        MEMORY, "observe", lambda ids: {key: ObservedServer(server_id=key, state=State.CHANGING) for key in ids}
    )
    tasks.request(server.pk, Action.STOP, now=NOW)
    rest(NOW)
    task = Task.objects.get(action="stop")
    assert (task.status, task.tries) == ("gave_up", 1)
    assert task.error == "stop: the server is still changing after 25 minutes"
    assert timedelta(seconds=clock.at) == tasks.CHANGE_TIMEOUT
    assert tasks.CHANGE_TIMEOUT < tasks.TIMEOUT, "a lost attempt stores no reason"
