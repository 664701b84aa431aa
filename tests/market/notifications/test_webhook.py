"""Webhooks: accepted by the official verifier of Standard Webhooks; a failing endpoint is paused, and disabled after five days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.factories import NOW, make_buyer, make_seller
from tests.market.notifications import web_server
from tests.market.notifications.telling import notice_titles
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.base.secrets import unseal
from tradepost.market.identity.models import Seller
from tradepost.market.notifications import endpoints, failing
from tradepost.market.notifications.compose import Site
from tradepost.market.notifications.deliver_elsewhere import DeliverySettings, deliver_due
from tradepost.market.notifications.models import Endpoint, NoticeDelivery
from tradepost.market.notifications.sending import retry
from tradepost.market.notifications.tell import AddressedNotice, send_notices

pytestmark = pytest.mark.django_db(transaction=True)

SITE = Site("https://market.example")
FACTS = {"product": {"zh": "云笺", "en": "Leaf"}, "line": "CS1-1", "amount": {"minor": 100, "currency": "CNY"}}


@pytest.fixture
def web() -> Iterator[web_server.Web]:
    with web_server.running() as running:
        yield running


@pytest.fixture
def seller() -> Seller:
    return make_seller(member=make_buyer(balance="0", language="en"))


def add_webhook(seller: Seller, url: str, **changes: Any) -> endpoints.NewEndpoint:
    options: dict[str, Any] = {"name": "Ours", "language": "en", "outbound": SANDBOX, "most": 20, "now": NOW} | changes
    return endpoints.add_webhook(seller, url=url, **options)


def make_order_notice(seller: Seller, once: str = "1", now: datetime = NOW) -> NoticeDelivery:
    user = seller.members.get().user
    link = "/seller/orders/CS1-1/"
    telling = AddressedNotice(user=user, kind="seller_new_order", facts=FACTS, once=once, seller=seller.pk, link=link)
    assert send_notices([telling], now=now) == 1
    return NoticeDelivery.objects.get(channel="webhook", notice__once__contains=f"/{once}/")


def run(
    now: datetime = NOW, *, outbound: OutboundPolicy = SANDBOX, wall: datetime | None = None, **options: Any
) -> int:
    way = DeliverySettings(site=SITE, outbound=outbound, within=5.0, **options)
    return deliver_due(now=now, wall=wall or datetime.now(UTC), way=way)


def test_official_verifier_accepts_our_webhooks(web: web_server.Web, seller: Seller) -> None:
    """Issue 10, must show 5. The signing time is UTC in whatever zone the worker's clock is."""
    webhook = add_webhook(seller, f"{web.url}/notices?from=market")
    delivery = make_order_notice(seller)
    assert run(wall=datetime.now(timezone(timedelta(hours=8)))) == 1
    [posted] = web.received
    payload = Webhook(webhook.secret).verify(posted.body, posted.headers)
    assert payload == {
        "type": "seller_new_order",
        "timestamp": "2026-03-01T08:00:00+00:00",
        "data": {
            "notice": delivery.notice_id,
            "category": "product",
            "title": "New order for Leaf",
            "text": payload["data"]["text"],
            "link": "https://market.example/seller/orders/CS1-1/",
            "facts": FACTS,
        },
    }
    assert posted.headers["webhook-id"] == f"msg_{delivery.pk}"
    assert posted.path == "/notices?from=market"
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.sent_at) == ("sent", 1, NOW)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook.secret).verify(posted.body + b" ", posted.headers)


def test_retry_has_the_same_id_and_body(web: web_server.Web, seller: Seller) -> None:
    add_webhook(seller, web.url)
    delivery, web.status = make_order_notice(seller), 503
    run()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.error, delivery.next_at) == (
        "waiting",
        1,
        "HTTP 503 {}",
        NOW + failing.RETRY_DELAYS[0],
    )
    web.status = 202
    assert run(NOW + failing.RETRY_DELAYS[0] - timedelta(seconds=1)) == 0
    assert run(NOW + failing.RETRY_DELAYS[0]) == 1
    first, second = web.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    delivery.refresh_from_db()
    assert (delivery.status, Endpoint.objects.get().failures, Endpoint.objects.get().failing_since) == ("sent", 0, None)


def test_after_a_rotation_both_secrets_verify_for_a_day(web: web_server.Web, seller: Seller) -> None:
    former = add_webhook(seller, web.url)
    wall = datetime.now(UTC)
    rotated = endpoints.rotate_secret(former.endpoint, wall=wall)
    assert rotated.secret not in str(Endpoint.objects.values())
    make_order_notice(seller)
    run(wall=wall)
    for secret in (former.secret, rotated.secret):
        Webhook(secret).verify(web.received[-1].body, web.received[-1].headers)
    Endpoint.objects.update(former_until=wall)
    make_order_notice(seller, "2")
    run(wall=wall)
    Webhook(rotated.secret).verify(web.received[-1].body, web.received[-1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(former.secret).verify(web.received[-1].body, web.received[-1].headers)


def next_due() -> datetime | None:
    return (
        Job.objects.filter(kind="notifications.deliver_webhook")
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )


def test_endpoint_failing_for_five_days_is_disabled_and_its_owner_notified(web: web_server.Web, seller: Seller) -> None:
    """Issue 10, must show 5; money §8: webhook off after 5 failing days. A single message is enough to detect it."""
    add_webhook(seller, web.url)
    delivery, web.status, last = make_order_notice(seller), 500, NOW
    while (due := next_due()) is not None:
        last = due
        run(due)
    endpoint = Endpoint.objects.get()
    assert timedelta(days=5) <= last - NOW < timedelta(days=6)
    assert (endpoint.disabled_at, endpoint.failures) == (last, len(web.received))
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason, delivery.error) == ("withheld", "disabled", "HTTP 500 {}")
    assert delivery.attempts == len(web.received), "the last attempt counts too"
    owner = seller.members.get().user
    assert (
        notice_titles(owner)[0] == "“Ours” was switched off: no notice could be delivered since 2026-03-01 16:00 UTC+8"
    )
    assert (
        NoticeDelivery.objects.filter(notice__kind="endpoint_disabled", channel="mail", status="waiting").count() == 1
    )

    later = make_order_notice(seller, "2", now=last)
    assert (later.status, later.reason) == ("withheld", "disabled")
    with pytest.raises(Refused, match=r"endpoint\.off"):
        endpoints.send_test(endpoint, wall=last, now=last)
    endpoints.switch_on(endpoint)
    web.status = 200
    third = make_order_notice(seller, "3", now=last)
    run(last)
    third.refresh_from_db()
    assert third.status == "sent"


def test_one_success_resets_the_failing_days(web: web_server.Web, seller: Seller) -> None:
    add_webhook(seller, web.url)
    make_order_notice(seller)
    web.status = 500
    run()
    web.status = 200
    run(NOW + failing.RETRY_DELAYS[0])
    web.status = 500
    make_order_notice(seller, "2", now=NOW + timedelta(days=6))
    run(NOW + timedelta(days=6))
    endpoint = Endpoint.objects.get()
    assert (endpoint.disabled_at, endpoint.failing_since, endpoint.failures) == (None, NOW + timedelta(days=6), 1)


def test_other_messages_to_a_failed_endpoint_wait_for_the_retry(web: web_server.Web, seller: Seller) -> None:
    add_webhook(seller, web.url)
    web.status = 500
    for n in range(3):
        make_order_notice(seller, str(n))
    assert run() == 3
    assert len(web.received) == 1
    assert sorted(NoticeDelivery.objects.filter(channel="webhook").values_list("attempts", flat=True)) == [0, 0, 1]
    make_order_notice(seller, "late")
    run()
    assert len(web.received) == 1
    assert set(Job.objects.filter(kind="notifications.deliver_webhook").values_list("due_at", flat=True)) == {
        NOW + failing.RETRY_DELAYS[0]
    }


def test_410_disables_the_endpoint_and_a_redirect_is_a_failure(web: web_server.Web, seller: Seller) -> None:
    add_webhook(seller, web.url)
    make_order_notice(seller)
    web.status, web.headers = 307, {"Location": f"{web.url}/elsewhere"}
    run()
    assert [posted.path for posted in web.received] == ["/"]
    assert Endpoint.objects.get().failures == 1
    web.status, web.headers = 410, {}
    run(NOW + failing.RETRY_DELAYS[0])
    assert Endpoint.objects.get().disabled_at == NOW + failing.RETRY_DELAYS[0]


def test_production_market_calls_no_internal_address(web: web_server.Web, seller: Seller) -> None:
    """The guard checks the resolved address at the time of the call."""
    add_webhook(seller, web.url)
    delivery = make_order_notice(seller)
    run(outbound=PUBLIC)
    delivery.refresh_from_db()
    assert web.received == []
    assert delivery.status == "waiting"
    assert delivery.error.startswith("address:")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/", "https://127.0.0.1/", "https://10.0.0.1/x", "https://[::1]/", "https://user:pw@hooks.example.com/",
        "https://hooks.example.com:22/", "https://hooks/", "ftp://hooks.example.com/", "javascript:alert(1)", "", "https://2130706433/",
        "https://hooks.example.com/#x", "https://hooks.example.com/" + "x" * 1000, "https://hooks.example.com/ x", "https://hooks.example.com:x/",
    ],
)  # fmt: skip
def test_url_that_is_not_public_is_refused(seller: Seller, url: str) -> None:
    with pytest.raises(Refused) as error:
        add_webhook(seller, url, outbound=PUBLIC)
    assert error.value.field == "url"
    assert not Endpoint.objects.exists()


def test_address_and_secret_are_sealed_and_the_number_of_endpoints_is_limited(seller: Seller) -> None:
    webhook = add_webhook(seller, "https://hooks.example.com/a-very-long-token-0123456789?key=abc", outbound=PUBLIC)
    stored = str(Endpoint.objects.values())
    assert "0123456789" not in stored
    assert webhook.secret not in stored
    assert unseal(webhook.endpoint.sealed_address).endswith("?key=abc")
    assert webhook.endpoint.shown == "hooks.example.com/a-very-long-token-0…"[: len(webhook.endpoint.shown)]
    with pytest.raises(Refused, match=r"endpoint\.too_many"):
        add_webhook(seller, "https://hooks.example.com/", outbound=PUBLIC, most=1)
    assert Endpoint.objects.count() == 1


def test_pending_messages_of_a_deleted_endpoint_are_withheld(web: web_server.Web, seller: Seller) -> None:
    webhook = add_webhook(seller, web.url)
    delivery = make_order_notice(seller)
    endpoints.delete_endpoint(webhook.endpoint)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("withheld", "gone")
    assert run() == 0
    with pytest.raises(Refused, match=r"mail\.withheld"):
        retry(delivery, now=NOW)


def test_test_message_is_marked_as_a_test(web: web_server.Web, seller: Seller) -> None:
    webhook = add_webhook(seller, web.url)
    endpoints.send_test(webhook.endpoint, wall=NOW, now=NOW)
    assert run() == 1
    payload = json.loads(web.received[0].body)
    assert (payload["type"], payload["data"]["title"]) == ("webhook_test", "A test of “Ours”")
