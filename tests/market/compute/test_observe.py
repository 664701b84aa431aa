"""Observation of servers when the cloud is unavailable, knows none of them, or does not finish."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.factories import make_buyer
from tests.factories.images import MEMORY, go_to, make_image, make_server, rest
from tests.factories.people import NOW
from tradepost.market.base import leased_jobs, market_identity
from tradepost.market.base.config import Config
from tradepost.market.base.models import LeasedJob
from tradepost.market.compute import observe, orphans, tasks
from tradepost.market.compute.contract import Action, CloudError, Fault, ObservedServer, State
from tradepost.market.compute.models import OrphanServer, SandboxServer, Server, Span, Task
from tradepost.market.images import servers
from tradepost.market.images.operator_queries import unknown_servers
from tradepost.market.work_queue.contract import Clock
from tradepost.market.work_queue.sources.images import UnknownServers

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def two_servers() -> list[Server]:
    buyer, product = make_buyer(balance="50", now=NOW), make_image(now=NOW)
    return [make_server(buyer, product, name=name, now=NOW) for name in ("web-1", "web-2")]


def look(now: datetime = NOW) -> LeasedJob:
    leased_jobs.start(observe.KIND, "memory", payload={"cloud": "memory"}, now=now)
    go_to(now + timedelta(minutes=1), now)
    return LeasedJob.objects.filter(kind=observe.KIND).latest("pk")


def look_until_confirmed() -> None:
    """Observe twice, with more than ten minutes between."""
    for now in (NOW, NOW + observe.CONFIRMED_AFTER + timedelta(minutes=2)):
        assert look(now).outcome == "done"


def state(server: Server) -> tuple[str, int | None]:
    row = Server.objects.get(pk=server.pk)
    return row.status, row.service_id


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("explicit", [False, True])
def test_wrong_region_ends_no_service(monkeypatch: pytest.MonkeyPatch, count: int, explicit: bool) -> None:
    """A wrong region, project or account in the cloud file, however often it is observed, also for a single server."""
    servers = two_servers()[:count]
    Server.objects.exclude(pk__in=[server.pk for server in servers]).update(status="released")
    assert look().outcome == "done"
    before = [state(server) for server in servers]
    gone = {server.provider_id: ObservedServer(server_id=server.provider_id, state=State.GONE) for server in servers}
    monkeypatch.setattr(MEMORY, "observe", lambda _ids: gone if explicit else {})
    monkeypatch.setattr(MEMORY, "is_gone", lambda _id: True)
    monkeypatch.setattr(MEMORY, "place", lambda: "another region")
    for minutes in (0, 15, 30):
        observe.observe_server(servers[0], now=NOW + timedelta(minutes=minutes))
        look(NOW + timedelta(minutes=minutes))
        assert [state(server) for server in servers] == before
    unknown = list(unknown_servers())
    assert [server.pk for server in unknown] == [server.pk for server in servers]
    assert [(server.place, server.unknown_in) for server in unknown] == [("sandbox", "another region")] * count
    [*entries] = UnknownServers().entries(unknown, Clock(now=NOW, settings=Config(), zone=UTC))
    assert [entry.url for entry in entries] == [f"/console/servers/{server.pk}/" for server in servers]
    monkeypatch.undo()
    assert look(NOW + timedelta(minutes=45)).outcome == "done"
    assert not unknown_servers().exists(), "the corrected file clears the warning"
    assert [state(server) for server in servers] == before


def test_server_without_a_known_place_is_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of an earlier release that was never observed since."""
    server = two_servers()[0]
    Server.objects.update(place="")
    monkeypatch.setattr(MEMORY, "observe", lambda _ids: {})
    monkeypatch.setattr(MEMORY, "is_gone", lambda _id: True)
    before = state(server)
    look_until_confirmed()
    assert state(server) == before
    assert unknown_servers().count() == 2


def test_list_that_lacks_a_server_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an answer, or an empty one: asked about the server alone, the cloud does not say that it is gone."""
    servers = two_servers()
    look()
    before = [state(server) for server in servers]
    monkeypatch.setattr(MEMORY, "observe", lambda _ids: {})
    look_until_confirmed()
    assert [state(server) for server in servers] == before
    assert unknown_servers().count() == 2


def test_missing_server_is_released_after_the_second_answer_from_the_time_of_the_first() -> None:
    first, second = two_servers()
    look()
    SandboxServer.objects.filter(token=first.provider_id).update(deleted=True)
    for minutes in (2, 6):
        look(NOW + timedelta(minutes=minutes))
        assert [Server.objects.get(pk=server.pk).status for server in (first, second)] == ["running", "running"]
    missing_since = Server.objects.get(pk=first.pk).missing_since
    assert missing_since is not None
    look(NOW + timedelta(minutes=14))
    assert [Server.objects.get(pk=server.pk).status for server in (first, second)] == ["released", "running"]
    assert Span.objects.filter(server=first).latest("pk").to_at == missing_since
    assert not unknown_servers().exists()


def test_server_that_is_found_again_starts_from_the_beginning() -> None:
    server = two_servers()[0]
    for minutes, deleted, status in (
        (0, True, "running"),
        (12, False, "running"),
        (24, True, "running"),
        (36, True, "released"),
    ):
        SandboxServer.objects.filter(token=server.provider_id).update(deleted=deleted)
        look(NOW + timedelta(minutes=minutes))
        assert Server.objects.get(pk=server.pk).status == status, minutes


@pytest.mark.parametrize("action", [Action.STOP, Action.RELEASE])
def test_task_in_another_place_calls_nothing(monkeypatch: pytest.MonkeyPatch, action: Action) -> None:
    """A release in a wrong region finds no server, which would be recorded as released while it runs on."""
    server = two_servers()[0]
    assert Server.objects.get(pk=server.pk).place == "sandbox", "stored by the creation"
    monkeypatch.setattr(MEMORY, "place", lambda: "another region")
    tasks.request(server.pk, action, now=NOW)
    rest(NOW)
    task = Task.objects.get(action=action)
    assert "created in sandbox" in task.error
    assert Server.objects.get(pk=server.pk).status == "running"
    assert not SandboxServer.objects.get(token=server.provider_id).deleted


def test_orphan_of_another_place_is_neither_settled_nor_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    market_identity.ensure_identity(sandbox=True, now=NOW)
    SandboxServer.objects.create(token="a stranger", name="x", size="s1", image="ubuntu-24.04")
    run_orphans(NOW)
    orphan = OrphanServer.objects.get()
    assert (orphan.status, orphan.place) == ("found", "sandbox")
    monkeypatch.setattr(MEMORY, "place", lambda: "another region")
    monkeypatch.setattr(MEMORY, "owned", lambda _market: [])
    for now in (NOW + HOUR, NOW + 25 * HOUR):
        run_orphans(now)
    assert OrphanServer.objects.get().ended_at is None
    assert not SandboxServer.objects.get(token="a stranger").deleted


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
    look_until_confirmed()
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


class FastTime:
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
    clock = FastTime()
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
