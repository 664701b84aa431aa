"""Chats: only bots of known services on their one host; what apprise sends to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu

from tests.factories import NOW, make_buyer
from tests.market.notifications import web_server
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbound_policy import PUBLIC
from tradepost.market.base.secrets import unseal
from tradepost.market.notifications import endpoints
from tradepost.market.notifications.chat_services import SERVICES
from tradepost.market.notifications.compose import Site
from tradepost.market.notifications.deliver_elsewhere import DeliverySettings, deliver_due
from tradepost.market.notifications.models import Endpoint, NoticeDelivery
from tradepost.market.notifications.tell import send_notice

FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef"
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef"


@pytest.fixture
def web() -> Iterator[web_server.Web]:
    with web_server.running() as running:
        yield running


def chat(service: str, address: str, **changes: Any) -> Endpoint:
    options: dict[str, Any] = {"name": "Group", "language": "en", "most": 20, "now": NOW} | changes
    return endpoints.add_chat(make_buyer(balance="0"), service=service, address=address, **options)


@pytest.mark.parametrize(
    "address",
    [
        "", "https://evil.example/open-apis/bot/v2/hook/0123456789abcdef", "http://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef",
        "https://open.feishu.cn@evil.example/open-apis/bot/v2/hook/0123456789abcdef", f"{FEISHU}?verify=no", f"{FEISHU}/../../x",
        "feishu://0123456789abcdef", "json://127.0.0.1/", "file:///etc/passwd", f"{FEISHU} x", FEISHU + "x" * 300,
        "https://open.feishu.cn:8080/open-apis/bot/v2/hook/0123456789abcdef", "https://open.feishu.cn/open-apis/bot/v2/hook/%2e%2e%2fabcdef",
    ],
)  # fmt: skip
def test_only_bot_addresses_are_accepted(db: None, address: str) -> None:
    """Apprise bypasses the guard, so none of its own URLs may be entered: no scheme, host or option."""
    with pytest.raises(Refused) as error:
        chat("feishu", address)
    assert error.value.field == "address"
    assert not Endpoint.objects.exists()


def test_apprise_sends_to_the_one_host_of_each_service() -> None:
    from apprise import Apprise

    tokens = {"slack": "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"}
    for name, service in SERVICES.items():
        token = tokens.get(name, "0123456789abcdef0123456789abcdef")
        plugin = Apprise.instantiate(service.url(token, "SEC0123456789"))
        assert plugin is not None, name
        target = str(getattr(plugin, "notify_url", "") or plugin.webhook_url)  # type: ignore[attr-defined]
        if name == "slack":
            target = plugin.webhook_url  # type: ignore[attr-defined]
        assert urlsplit(target).netloc == service.host, name
        assert urlsplit(target).scheme == "https"


def test_token_is_sealed(db: None) -> None:
    for service, address, wrong_secret in (
        ("dingtalk", DINGTALK, "SEC99/?x@evil.example"),
        ("feishu", FEISHU, "SEC0123456789"),
    ):
        with pytest.raises(Refused, match=r"chat\.secret"):
            chat(service, address, secret=wrong_secret)
    endpoint = chat("dingtalk", DINGTALK, secret="SEC0123456789")
    assert "0123456789abcdef" not in str(Endpoint.objects.values())
    assert unseal(endpoint.sealed_address) == "dingtalk://SEC0123456789@0123456789abcdef/"
    assert endpoint.shown == "oapi.dingtalk.com …cdef"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("plugin", "service", "address"),
    [(NotifyFeishu, "feishu", FEISHU), (NotifyDingTalk, "dingtalk", DINGTALK)],
)
def test_notice_reaches_the_bot_in_its_language(
    web: web_server.Web, monkeypatch: pytest.MonkeyPatch, plugin: Any, service: str, address: str
) -> None:
    """The service's host is a constant of apprise's plugin; the test redirects it to loopback."""
    monkeypatch.setattr(plugin, "notify_url", f"{web.url}/bot/{{token}}")
    web.body = b'{"code":0,"msg":"success","errcode":0}'
    endpoint = chat(service, address)
    assert endpoint.user is not None
    send_notice(
        endpoint.user,
        "order_completed",
        facts={"product": "Leaf", "order": "CS1"},
        once="1",
        now=NOW,
        link="/orders/CS1/",
    )
    way = DeliverySettings(site=Site("https://market.example"), outbound=PUBLIC)
    assert deliver_due(now=NOW, wall=NOW, way=way) == 1
    [posted] = web.received
    assert posted.path == "/bot/0123456789abcdef"
    message = str(json.loads(posted.body))
    assert "Leaf is ready" in message
    assert "Open the order: https://market.example/orders/CS1/" in message
    assert NoticeDelivery.objects.get(channel="chat").status == "sent"

    web.status = 500
    send_notice(endpoint.user, "order_completed", facts={"product": "Leaf", "order": "CS2"}, once="2", now=NOW)
    deliver_due(now=NOW, wall=NOW, way=way)
    delivery = NoticeDelivery.objects.filter(channel="chat").latest("pk")
    assert (delivery.status, delivery.attempts, delivery.error) == (
        "waiting",
        1,
        "the chat's service did not take the message",
    )
    assert Endpoint.objects.get().failures == 1
