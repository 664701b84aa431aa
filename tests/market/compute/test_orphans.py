"""Servers in the cloud without an order are found, and deleted after a grace period with an entry in the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_buyer, make_offer, make_operator
from tests.factories.images import FULL, RULES, go_to, make_image, make_server
from tests.factories.people import NOW
from tests.market.plans import plan
from tradepost.market.audit.models import Entry
from tradepost.market.base import leased_jobs, market_identity
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.compute import orphans
from tradepost.market.compute.contract import Owned, Seen, State
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
    market_identity.remember(sandbox=True, now=NOW)


def strange(token: str = "server-987654321") -> SandboxServer:
    """A server that the cloud has and the market does not know."""
    return SandboxServer.objects.create(token=token, name="left behind", size="s1", image="x")


def work(now: datetime) -> None:
    """What is begun, at this moment of the market: a worker's own task asks the clock."""
    task = orphans.task(cloud, grace=orphan_grace, now=lambda: now)
    leased_jobs.run_due({orphans.KIND: task}, now=lambda: now, wall=lambda: now, owner="a worker of tests")


def look(now: datetime = NOW) -> None:
    orphans.start("memory", now=now)
    work(now)


def test_a_server_without_an_order_is_deleted_after_the_grace_period() -> None:
    grace = orphan_grace()
    assert grace == timedelta(hours=24)
    left = strange()
    mine = make_server(make_buyer(balance="50"), make_image())
    look()
    orphan = OrphanServer.objects.get()
    assert (orphan.provider_id, orphan.status, orphan.found_at) == (left.token, "found", NOW)
    look(NOW + grace - HOUR)
    left.refresh_from_db()
    assert (left.deleted, Entry.objects.exists()) == (False, False)
    look(NOW + grace)
    left.refresh_from_db()
    orphan.refresh_from_db()
    assert (left.deleted, orphan.status, orphan.ended_at) == (True, "released", NOW + grace)
    entry = Entry.objects.get()
    assert (entry.act, entry.actor_text, entry.object_id, entry.object_text) == (
        "orphan_release", "market", str(orphan.pk), left.token,
    )  # fmt: skip
    assert SandboxServer.objects.get(token=mine.provider_id).deleted is False


def test_a_kept_server_stays_until_an_operator_deletes_it() -> None:
    left = strange()
    look()
    pk = OrphanServer.objects.get().pk
    orphans.keep(pk, actor="op", now=NOW)
    with pytest.raises(Refused, match=r"orphan\.decided"):
        orphans.keep(pk, actor="op", now=NOW)
    look(NOW + timedelta(days=30))
    left.refresh_from_db()
    assert not left.deleted
    orphans.release(pk, actor="op", now=NOW)
    work(NOW + timedelta(days=30))
    left.refresh_from_db()
    assert (left.deleted, OrphanServer.objects.get().status) == (True, "released")
    with pytest.raises(Refused, match=r"orphan\.decided"):
        orphans.release(pk, actor="op", now=NOW)


def test_a_server_that_disappears_is_settled_and_may_come_again() -> None:
    left = strange()
    look()
    SandboxServer.objects.filter(pk=left.pk).update(deleted=True)
    look(NOW + HOUR)
    assert OrphanServer.objects.get().status == "settled"
    SandboxServer.objects.filter(pk=left.pk).update(deleted=False)
    look(NOW + 2 * HOUR)
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
def test_what_belongs_to_a_server_of_the_market(row: dict[str, str], owned_id: str, orphan: bool) -> None:
    """``creating`` with a task that waits: the cloud made it and the worker died before it could write the id."""
    server = Server.objects.create(buyer=make_buyer(), name="w", size="s1", cloud="memory", created_at=NOW, **row)
    if row["status"] == "creating":
        Task.objects.create(server=server, action="create", created_at=NOW)
    orphans.note("memory", [Owned(server_id=owned_id, token=f"server-{server.pk}")], now=NOW)
    assert OrphanServer.objects.exists() is orphan


def test_what_is_being_deleted_by_the_market_itself_is_no_orphan() -> None:
    """A creation that was given up asks for a release: until that ends the server is not reported."""
    server = Server.objects.create(buyer=make_buyer(), name="w", size="s1", cloud="x", created_at=NOW, status="failed")
    Task.objects.create(server=server, action="release", created_at=NOW)
    orphans.note("x", [Owned(server_id="i-1", token=f"server-{server.pk}")], now=NOW)
    assert not OrphanServer.objects.exists()


def test_a_cloud_that_refuses_to_delete_leaves_its_message() -> None:
    left = strange()
    SandboxServer.objects.filter(pk=left.pk).update(fault="refuses")
    look()
    orphans.release(OrphanServer.objects.get().pk, actor="op", now=NOW)
    work(NOW)
    orphan = OrphanServer.objects.get()
    assert (orphan.status, "refuse" in orphan.error) == ("deleting", True)
    SandboxServer.objects.filter(pk=left.pk).update(fault="")
    look(NOW + HOUR)
    assert OrphanServer.objects.get().status == "released"


def test_open_orphans_are_found_by_an_index() -> None:
    assert "orphan_open" in plan(orphans.orphans().order_by("-pk")[:26])


def test_an_operator_keeps_and_deletes_on_the_page() -> None:
    left, operator = strange(), make_operator()
    look()
    pk, page = OrphanServer.objects.get().pk, Client(headers={"accept-language": "en"})
    page.force_login(operator)
    shown = page.get("/console/servers/orphans/").content.decode()
    assert left.token in shown
    assert page.post(f"/console/servers/orphans/{pk}/keep/").status_code == 302
    assert OrphanServer.objects.get().status == "kept"
    assert page.post(f"/console/servers/orphans/{pk}/delete/").status_code == 302
    assert OrphanServer.objects.get().status == "deleting"
    assert set(Entry.objects.values_list("act", "outcome")) == {("orphan_keep", "done"), ("orphan_release", "done")}


def test_a_full_cloud_explains_itself_to_buyer_and_operator() -> None:
    """§4.2: the order is refunded; the buyer reads why in plain words, the operator what the cloud said and what to do."""
    buyer = make_buyer(balance="50", now=NOW)
    offer = make_offer(make_image(now=NOW), mode="ON_DEMAND")
    command = servers.CreateServer(product_id=offer.product_id, name="web-1", size="s1", agreed=True)
    order = servers.create_server(buyer, command, FULL, rules=RULES, now=NOW)
    go_to(NOW + timedelta(minutes=40), NOW)
    task = Task.objects.get(action="create")
    assert (task.status, task.fault) == ("gave_up", "capacity")
    page, console = Client(headers={"accept-language": "en"}), Client(headers={"accept-language": "en"})
    page.force_login(buyer)
    console.force_login(make_operator())
    assert "no free capacity" in page.get(f"/orders/{order.number}/").content.decode()
    shown = console.get(f"/console/servers/{task.server_id}/").content.decode()
    assert "no room for a server" in shown
    assert "offer another size" in shown


def test_an_orphan_that_is_condemned_while_others_are_deleted_is_deleted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its button says "now"; the next look is hours away."""
    first, second = strange("server-987654321"), strange("server-987654322")
    look()
    one, other = OrphanServer.objects.order_by("pk")
    adapter, release = cloud("memory"), cloud("memory").release

    def released(server_id: str, *, token: str) -> Seen:
        if server_id == first.token:
            orphans.release(other.pk, actor="op", now=NOW)
        return release(server_id, token=token)

    monkeypatch.setattr(adapter, "release", released)
    orphans.release(one.pk, actor="op", now=NOW)
    work(NOW)
    assert list(OrphanServer.objects.values_list("status", flat=True)) == ["released", "released"]
    second.refresh_from_db()
    assert second.deleted


def test_a_release_of_several_steps_is_continued_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    left, adapter, release = strange(), cloud("memory"), cloud("memory").release
    asked: list[str] = []

    def in_steps(server_id: str, *, token: str) -> Seen:
        asked.append(server_id)
        return Seen(server_id=server_id, state=State.UNFINISHED) if len(asked) < 3 else release(server_id, token=token)

    monkeypatch.setattr(adapter, "release", in_steps)
    monkeypatch.setattr(orphans, "LOOK_EVERY", 0)
    look()
    orphans.release(OrphanServer.objects.get().pk, actor="op", now=NOW)
    work(NOW)
    assert (asked, OrphanServer.objects.get().status) == ([left.token] * 3, "released")


def test_what_an_operator_must_decide_or_the_cloud_did_not_delete_is_in_the_work_queue() -> None:
    source = OrphanServers()
    rows = {
        status: OrphanServer.objects.create(
            cloud="memory", provider_id=f"i-{number}", status=status[0], error=status[1], found_at=NOW, seen_at=NOW
        ).pk
        for number, status in enumerate([("found", ""), ("kept", ""), ("deleting", ""), ("deleting", "no permission")])
    }  # fmt: skip
    listed = list(source.rows())
    assert [row.pk for row in listed] == [rows["found", ""], rows["deleting", "no permission"]]
    clock = Clock(now=NOW, settings=Config(), zone=timezone.get_default_timezone())
    refused = source.entries(listed, clock)[1]
    assert "no permission" in {value for _name, value in refused.facts}


def test_the_page_says_which_server_is_not_deleted_by_time() -> None:
    server = Server.objects.create(
        buyer=make_buyer(), name="w", size="s1", cloud="memory", created_at=NOW, status="released", provider_id="i-1"
    )  # fmt: skip
    orphans.note("memory", [Owned(server_id="i-1", token=f"server-{server.pk}")], now=NOW)
    page = Client(headers={"accept-language": "en"})
    page.force_login(make_operator())
    shown = page.get("/console/servers/orphans/").content.decode()
    assert ("Not deleted automatically" in shown, "Deletion due" in shown) == (True, False)
    Task.objects.create(server=server, action="release", status="done", created_at=NOW)
    shown = page.get("/console/servers/orphans/").content.decode()
    assert ("Not deleted automatically" in shown, "Deletion due" in shown) == (False, True)
