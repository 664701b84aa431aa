"""The buyer gets account, password and address of a server, matching its current disk (business-rules §5: "server login
account/password").
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_buyer, make_offer
from tests.factories.images import MEMORY, RULES, broken, go_to, make_image, make_server, rest
from tests.factories.people import NOW
from tradepost.market.base.models import Move
from tradepost.market.compute import tasks
from tradepost.market.compute.contract import Login, ObservedServer, State
from tradepost.market.compute.models import Server, Task
from tradepost.market.images import servers
from tradepost.market.images.servers import OrderForServer
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.lifecycle import ACCESS_HISTORY, access_data

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def set_passwords(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that the cloud was asked to set, in order."""
    passwords: list[str] = []
    create, replace = MEMORY.create, MEMORY.replace_system

    def created(request: Any, *, token: str) -> ObservedServer:
        passwords.append(request.login.password)
        return create(request, token=token)

    def replaced(server_id: str, image: Any, login: Login, *, token: str) -> ObservedServer:
        passwords.append(login.password)
        return replace(server_id, image, login, token=token)

    monkeypatch.setattr(MEMORY, "create", created)
    monkeypatch.setattr(MEMORY, "replace_system", replaced)
    return passwords


def signed_in(buyer: Any) -> Client:
    page = Client(headers={"accept-language": "en"})
    page.force_login(buyer)
    return page


def test_server_page_shows_the_password_of_a_plain_image(set_passwords: list[str]) -> None:
    buyer = make_buyer(balance="50", now=NOW)
    server = make_server(buyer, make_image(now=NOW), now=NOW)
    page, url = signed_in(buyer), f"/servers/{server.pk}/password/"
    assert page.post(url).status_code == 404, "with an image of the market, the password is on the page of the service"
    servers.replace_plain(buyer, server.pk, "ubuntu-24.04", MEMORY, agreed=True, now=NOW)
    rest(NOW)
    html = page.get(f"/servers/{server.pk}/").content.decode()
    assert (url in html, set_passwords[1] in html, "root" in html) == (True, False, True)
    answer = page.post(url)
    assert (answer.content.decode(), answer["Content-Type"]) == (set_passwords[1], "text/plain; charset=utf-8")
    assert "no-store" in answer["Cache-Control"]
    assert page.get(url).status_code == 405
    assert signed_in(make_buyer(now=NOW)).post(url).status_code == 404
    assert not Task.objects.exclude(sealed_login="").exists(), "it is stored once"
    servers.release(buyer, server.pk, agreed=True, now=NOW)
    rest(NOW)
    assert page.post(url).status_code == 404


def test_failed_replacement_keeps_the_old_password(set_passwords: list[str]) -> None:
    buyer = make_buyer(balance="50", now=NOW)
    server = make_server(buyer, make_image(now=NOW), now=NOW)
    servers.replace_plain(buyer, server.pk, "ubuntu-24.04", MEMORY, agreed=True, now=NOW)
    rest(NOW)
    page, url = signed_in(buyer), f"/servers/{server.pk}/password/"
    broken(server, "refuses")
    servers.replace_plain(buyer, server.pk, "openeuler-24.03", MEMORY, agreed=True, now=NOW)
    assert page.post(url).content.decode() == set_passwords[1], "the server still has its disk"
    now = go_to(NOW + HOUR, NOW)
    task = Task.objects.latest("pk")
    assert (task.status, page.post(url).content.decode()) == ("gave_up", set_passwords[1])
    assert "retry the request" in page.get(f"/servers/{server.pk}/").content.decode()
    broken(server, "")
    tasks.restart(task, actor="op", now=now)
    rest(now)
    assert page.post(url).content.decode() == set_passwords[-1] != set_passwords[1]
    assert len(set(set_passwords)) == 3, "each attempt of a task sets the same password"


def test_failed_image_order_keeps_the_first_password(set_passwords: list[str]) -> None:
    """The order is refunded, so it cannot be retried."""
    buyer = make_buyer(balance="50", now=NOW)
    server = make_server(buyer, make_image(now=NOW), now=NOW)
    service = server.service
    assert service is not None
    before = access_data(service)
    assert before is not None
    assert before.password == set_passwords[0]
    broken(server, "refuses")
    offer = make_offer(make_image(hour="2", now=NOW), mode="ON_DEMAND")
    command = OrderForServer(product_id=offer.product_id, server=server.pk, agreed=True)
    order = servers.replace_with(buyer, command, rules=RULES, now=NOW)
    go_to(NOW + HOUR, NOW)
    server.refresh_from_db()
    service.refresh_from_db()
    assert (Order.objects.get(pk=order.pk).status, server.service_id) == ("refunded", service.pk)
    assert (tasks.login_of(server).password, access_data(service)) == (set_passwords[0], before)
    html = signed_in(buyer).get(f"/servers/{server.pk}/").content.decode()
    assert ("The order was closed" in html, "retry the request" in html) == (True, False)


@pytest.mark.parametrize("status", ["active", "frozen"])
def test_new_address_replaces_the_old_one_in_the_access_data(status: str) -> None:
    """EC2 assigns a new address at each start; the old one may belong to somebody else by then."""
    buyer = make_buyer(balance="50", now=NOW)
    server = make_server(buyer, make_image(now=NOW), now=NOW)
    service = server.service
    assert service is not None
    type(service).objects.filter(pk=service.pk).update(status=status)
    before = access_data(service)
    assert before is not None
    for _repetition in range(2):
        stored_server = Server.objects.get(pk=server.pk)
        tasks.store_observation(
            stored_server,
            ObservedServer(server_id=server.provider_id, state=State.RUNNING, address="203.0.113.7"),
            now=NOW,
        )
        rest(NOW)
    service.refresh_from_db()
    after = access_data(service)
    assert after is not None
    assert after.front_end_url == "ssh://root@203.0.113.7" != before.front_end_url
    assert (after.user_name, after.password) == (before.user_name, before.password)
    [move] = Move.objects.filter(lifecycle=ACCESS_HISTORY, subject=str(service.pk))
    assert move.actor == "market"
    page = signed_in(buyer).get(f"/services/{service.pk}/").content.decode()
    assert ("The server address has changed" in page, "The seller changed" in page) == (True, False)
