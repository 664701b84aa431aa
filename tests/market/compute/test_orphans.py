"""Servers in the cloud without an order are found, and deleted after a grace period with an entry in the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_buyer, make_offer, make_operator
from tests.factories.images import FULL_CLOUD, RULES, go_to, make_image, make_server
from tests.factories.people import NOW
from tests.market.plans import plan
from tradepost.market.audit.models import Entry
from tradepost.market.base import leased_jobs, market_identity
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.compute import orphans
from tradepost.market.compute.contract import ObservedServer, OwnedServer, State
from tradepost.market.compute.models import OrphanServer, SandboxServer, Server, Task
from tradepost.market.compute.registry import cloud
from tradepost.market.images import servers
from tradepost.market.images.worker import orphan_grace
from tradepost.market.work_queue.contract import Clock
from tradepost.market.work_queue.sources.images import OrphanServers

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _market() -> None:
    market_identity.ensure_identity(sandbox=True, now=NOW)


def make_orphan(token: str = "server-987654321") -> SandboxServer:
    """A server that the cloud has and the market does not know."""
    return SandboxServer.objects.create(token=token, name="left behind", size="s1", image="x")


def run_jobs(now: datetime) -> None:
    """Run leased jobs at this moment of the market; a worker's own task reads the clock."""
    task = orphans.task(cloud, grace=orphan_grace, now=lambda: now)
    leased_jobs.run_due({orphans.KIND: task}, now=lambda: now, wall=lambda: now, owner="a worker of tests")


def find_orphans(now: datetime = NOW) -> None:
    orphans.start("memory", now=now)
    run_jobs(now)


def test_server_without_an_order_is_deleted_after_the_grace_period() -> None:
    grace = orphan_grace()
    assert grace == timedelta(hours=24)
    orphan_server = make_orphan()
    own_server = make_server(make_buyer(balance="50"), make_image())
    find_orphans()
    orphan = OrphanServer.objects.get()
    assert (orphan.provider_id, orphan.status, orphan.found_at) == (orphan_server.token, "found", NOW)
    find_orphans(NOW + grace - HOUR)
    orphan_server.refresh_from_db()
    assert (orphan_server.deleted, Entry.objects.exists()) == (False, False)
    find_orphans(NOW + grace)
    orphan_server.refresh_from_db()
    orphan.refresh_from_db()
    assert (orphan_server.deleted, orphan.status, orphan.ended_at) == (True, "released", NOW + grace)
    entry = Entry.objects.get()
    assert (entry.act, entry.actor_text, entry.object_id, entry.object_text) == (
        "orphan_release", "market", str(orphan.pk), orphan_server.token,
    )  # fmt: skip
    assert SandboxServer.objects.get(token=own_server.provider_id).deleted is False


def test_kept_server_stays_until_an_operator_deletes_it() -> None:
    orphan_server = make_orphan()
    find_orphans()
    pk = OrphanServer.objects.get().pk
    orphans.exempt_orphan(pk, actor="op", now=NOW)
    with pytest.raises(Refused, match=r"orphan\.decided"):
        orphans.exempt_orphan(pk, actor="op", now=NOW)
    find_orphans(NOW + timedelta(days=30))
    orphan_server.refresh_from_db()
    assert not orphan_server.deleted
    orphans.release(pk, actor="op", now=NOW)
    run_jobs(NOW + timedelta(days=30))
    orphan_server.refresh_from_db()
    assert (orphan_server.deleted, OrphanServer.objects.get().status) == (True, "released")
    with pytest.raises(Refused, match=r"orphan\.decided"):
        orphans.release(pk, actor="op", now=NOW)


def test_disappeared_server_is_settled_and_may_return() -> None:
    orphan_server = make_orphan()
    find_orphans()
    SandboxServer.objects.filter(pk=orphan_server.pk).update(deleted=True)
    find_orphans(NOW + HOUR)
    assert OrphanServer.objects.get().status == "settled"
    SandboxServer.objects.filter(pk=orphan_server.pk).update(deleted=False)
    find_orphans(NOW + 2 * HOUR)
    assert list(OrphanServer.objects.order_by("pk").values_list("status", flat=True)) == ["settled", "found"]


@pytest.mark.parametrize(
    ("row", "owned_id", "orphan"),
    [
        ({"status": "creating", "provider_id": ""}, "i-1", False),
        ({"status": "running", "provider_id": "i-1"}, "i-1", False),
        ({"status": "stopped", "provider_id": "i-1"}, "i-1", False),
        ({"status": "running", "provider_id": "i-1"}, "i-2", True),
        ({"status": "released", "provider_id": "i-1"}, "i-1", True),
        ({"status": "failed", "provider_id": ""}, "i-1", True),
    ],
)
def test_known_servers_are_not_orphans(row: dict[str, str], owned_id: str, orphan: bool) -> None:
    """``creating`` with a waiting task: the cloud created it, and the worker died before it stored the ID."""
    server = Server.objects.create(buyer=make_buyer(), name="w", size="s1", cloud="memory", created_at=NOW, **row)
    if row["status"] == "creating":
        Task.objects.create(server=server, action="create", created_at=NOW)
    orphans.record_unowned(
        "memory", [OwnedServer(server_id=owned_id, token=f"server-{server.pk}")], place="here", now=NOW
    )
    assert OrphanServer.objects.exists() is orphan


def test_server_under_deletion_is_not_an_orphan() -> None:
    """A given-up creation requests a release; until that ends the server is not reported."""
    server = Server.objects.create(buyer=make_buyer(), name="w", size="s1", cloud="x", created_at=NOW, status="failed")
    Task.objects.create(server=server, action="release", created_at=NOW)
    orphans.record_unowned("x", [OwnedServer(server_id="i-1", token=f"server-{server.pk}")], place="here", now=NOW)
    assert not OrphanServer.objects.exists()


def test_refused_deletion_stores_its_message() -> None:
    orphan_server = make_orphan()
    SandboxServer.objects.filter(pk=orphan_server.pk).update(fault="refuses")
    find_orphans()
    orphans.release(OrphanServer.objects.get().pk, actor="op", now=NOW)
    run_jobs(NOW)
    orphan = OrphanServer.objects.get()
    assert (orphan.status, "refuse" in orphan.error) == ("deleting", True)
    SandboxServer.objects.filter(pk=orphan_server.pk).update(fault="")
    find_orphans(NOW + HOUR)
    assert OrphanServer.objects.get().status == "released"


def test_open_orphans_are_found_by_an_index() -> None:
    assert "orphan_open" in plan(orphans.orphans().order_by("-pk")[:26])


def test_operator_keeps_and_deletes_on_the_page() -> None:
    orphan_server, operator = make_orphan(), make_operator()
    find_orphans()
    pk, page = OrphanServer.objects.get().pk, Client(headers={"accept-language": "en"})
    page.force_login(operator)
    page_text = page.get("/console/servers/orphans/").content.decode()
    assert orphan_server.token in page_text
    assert page.post(f"/console/servers/orphans/{pk}/keep/").status_code == 302
    assert OrphanServer.objects.get().status == "kept"
    assert page.post(f"/console/servers/orphans/{pk}/delete/").status_code == 302
    assert OrphanServer.objects.get().status == "deleting"
    assert set(Entry.objects.values_list("act", "outcome")) == {("orphan_keep", "done"), ("orphan_release", "done")}


def test_full_cloud_is_explained_to_buyer_and_operator() -> None:
    """§4.2: the order is refunded; the buyer reads the reason, the operator the cloud's message and advice."""
    buyer = make_buyer(balance="50", now=NOW)
    offer = make_offer(make_image(now=NOW), mode="ON_DEMAND")
    command = servers.CreateServer(product_id=offer.product_id, name="web-1", size="s1", agreed=True)
    order = servers.create_server(buyer, command, FULL_CLOUD, rules=RULES, now=NOW)
    go_to(NOW + timedelta(minutes=40), NOW)
    task = Task.objects.get(action="create")
    assert (task.status, task.fault) == ("gave_up", "capacity")
    page, console = Client(headers={"accept-language": "en"}), Client(headers={"accept-language": "en"})
    page.force_login(buyer)
    console.force_login(make_operator())
    assert "no free capacity" in page.get(f"/orders/{order.number}/").content.decode()
    page_text = console.get(f"/console/servers/{task.server_id}/").content.decode()
    assert "no room for a server" in page_text
    assert "offer another size" in page_text


def test_orphan_marked_during_a_deletion_is_deleted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The button says "now"; the next search is hours away."""
    first, second = make_orphan("server-987654321"), make_orphan("server-987654322")
    find_orphans()
    first_orphan, second_orphan = OrphanServer.objects.order_by("pk")
    adapter, release = cloud("memory"), cloud("memory").release

    def released(server_id: str, *, token: str) -> ObservedServer:
        if server_id == first.token:
            orphans.release(second_orphan.pk, actor="op", now=NOW)
        return release(server_id, token=token)

    monkeypatch.setattr(adapter, "release", released)
    orphans.release(first_orphan.pk, actor="op", now=NOW)
    run_jobs(NOW)
    assert list(OrphanServer.objects.values_list("status", flat=True)) == ["released", "released"]
    second.refresh_from_db()
    assert second.deleted


def test_release_of_several_steps_continues_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    orphan_server, adapter, release = make_orphan(), cloud("memory"), cloud("memory").release
    released_ids: list[str] = []

    def in_steps(server_id: str, *, token: str) -> ObservedServer:
        released_ids.append(server_id)
        return (
            ObservedServer(server_id=server_id, state=State.UNFINISHED)
            if len(released_ids) < 3
            else release(server_id, token=token)
        )

    monkeypatch.setattr(adapter, "release", in_steps)
    monkeypatch.setattr(orphans, "OBSERVE_INTERVAL", 0)
    find_orphans()
    orphans.release(OrphanServer.objects.get().pk, actor="op", now=NOW)
    run_jobs(NOW)
    assert (released_ids, OrphanServer.objects.get().status) == ([orphan_server.token] * 3, "released")


def test_undeleted_orphans_are_in_the_work_queue() -> None:
    source = OrphanServers()
    rows = {
        status: OrphanServer.objects.create(
            cloud="memory", provider_id=f"i-{number}", status=status[0], error=status[1], found_at=NOW, seen_at=NOW
        ).pk
        for number, status in enumerate([("found", ""), ("kept", ""), ("deleting", ""), ("deleting", "no permission")])
    }  # fmt: skip
    queue_rows = list(source.rows())
    assert [row.pk for row in queue_rows] == [rows["found", ""], rows["deleting", "no permission"]]
    clock = Clock(now=NOW, settings=Config(), zone=timezone.get_default_timezone())
    refused = source.entries(queue_rows, clock)[1]
    assert "no permission" in {value for _name, value in refused.facts}


def test_page_says_which_server_is_not_deleted_automatically() -> None:
    server = Server.objects.create(
        buyer=make_buyer(), name="w", size="s1", cloud="memory", created_at=NOW, status="released", provider_id="i-1"
    )  # fmt: skip
    orphans.record_unowned("memory", [OwnedServer(server_id="i-1", token=f"server-{server.pk}")], place="here", now=NOW)
    page = Client(headers={"accept-language": "en"})
    page.force_login(make_operator())
    page_text = page.get("/console/servers/orphans/").content.decode()
    assert ("This server is not deleted automatically" in page_text, "Deletion due" in page_text) == (True, False)
    Task.objects.create(server=server, action="release", status="done", created_at=NOW)
    page_text = page.get("/console/servers/orphans/").content.decode()
    assert ("This server is not deleted automatically" in page_text, "Deletion due" in page_text) == (False, True)
