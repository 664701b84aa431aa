"""An operator restarts a failed cloud task on the page that offers it (business-rules §5, saas-v2 §7)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_buyer, make_operator
from tests.factories.images import MEMORY, broken, go_to, make_image, make_server, rest
from tests.factories.people import NOW
from tradepost.market.compute.models import Server, Task
from tradepost.market.fulfilment.models import Operation
from tradepost.market.images import servers

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def restart_urls(page: str) -> list[str]:
    """Return the URLs of the restarts that a page offers."""
    return re.findall(r'action="([^"]*restart/)"', page)


def test_stopped_operation_is_restarted_on_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = make_buyer(balance="50", now=NOW)
    server = make_server(buyer, make_image(now=NOW), now=NOW)
    broken(server, "refuses")
    servers.stop(buyer, server.pk, now=NOW)
    now = go_to(NOW + HOUR, NOW)
    operation = Operation.objects.get(kind="stop_server")
    assert (operation.status, Task.objects.latest("pk").status) == ("stopped", "gave_up")
    client, server_url = console(), reverse("console:server", args=[server.pk])
    page = client.get(server_url).content.decode()
    assert restart_urls(page) == [], "the operation is restarted, not its task"
    task_url = reverse("console:server_task_restart", args=[Task.objects.latest("pk").pk])
    assert client.post(task_url).status_code == 404
    assert Task.objects.latest("pk").status == "gave_up"
    operation_url = reverse("console:operation", args=[operation.pk])
    assert f'href="{operation_url}"' in page
    broken(server, "")
    monkeypatch.setattr("tradepost.market.sites.console.operations.now_of", lambda _request: now)
    [restart_url] = restart_urls(client.get(operation_url).content.decode())
    assert client.post(restart_url).status_code == 302
    rest(now)
    operation.refresh_from_db()
    assert (operation.status, Server.objects.get().status) == ("done", "stopped")
    assert list(Task.objects.filter(owner=operation.pk).values_list("status", flat=True)) == ["done"], (
        "the same task is repeated"
    )
    assert restart_urls(client.get(server_url).content.decode()) == []


def test_every_restart_on_a_servers_page_works() -> None:
    """Includes tasks without an operation."""
    buyer = make_buyer(balance="50", now=NOW)
    server = make_server(buyer, make_image(now=NOW), now=NOW)
    broken(server, "refuses")
    servers.replace_plain(buyer, server.pk, "ubuntu-24.04", MEMORY, agreed=True, now=NOW)
    now = go_to(NOW + HOUR, NOW)
    client, server_url = console(), reverse("console:server", args=[server.pk])
    task = Task.objects.latest("pk")
    assert task.status == "gave_up"
    restarts_offered = restart_urls(client.get(server_url).content.decode())
    assert bool(restarts_offered) is (task.owner is None)
    for restart_url in restarts_offered:
        assert client.post(restart_url).status_code == 302
    broken(server, "")
    rest(now)
    task.refresh_from_db()
    assert task.status == ("done" if restarts_offered else "gave_up")
