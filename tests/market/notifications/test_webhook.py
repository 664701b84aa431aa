"""Webhooks: Standard Webhooks' own verifier takes them; one that fails rests, and after five days of it is switched off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.factories import NOW, make_buyer, make_seller
from tests.market.notifications import web_server
from tests.market.notifications.telling import said
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.base.secrets import unseal
from tradepost.market.identity.models import Seller
from tradepost.market.notifications import endpoints, failing
from tradepost.market.notifications.compose import Site
from tradepost.market.notifications.deliver_elsewhere import Way, deliver_due
from tradepost.market.notifications.models import Endpoint, NoticeDelivery
from tradepost.market.notifications.sending import retry
from tradepost.market.notifications.tell import Telling, tell_all

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


def hook(seller: Seller, url: str, **more: Any) -> endpoints.Made:
    options: dict[str, Any] = {"name": "Ours", "language": "en", "outbound": SANDBOX, "most": 20, "now": NOW} | more
    return endpoints.add_webhook(seller, url=url, **options)


def order(seller: Seller, once: str = "1", now: datetime = NOW) -> NoticeDelivery:
    user = seller.members.get().user
    link = "/seller/orders/CS1-1/"
    telling = Telling(user=user, kind="seller_new_order", facts=FACTS, once=once, seller=seller.pk, link=link)
    assert tell_all([telling], now=now) == 1
    return NoticeDelivery.objects.get(channel="webhook", notice__once__contains=f"/{once}/")


def run(
    now: datetime = NOW, *, outbound: OutboundPolicy = SANDBOX, wall: datetime | None = None, **options: Any
) -> int:
    way = Way(site=SITE, outbound=outbound, within=5.0, **options)
    return deliver_due(now=now, wall=wall or datetime.now(UTC), way=way)


def test_standard_webhooks_own_verifier_accepts_ours(web: web_server.Web, seller: Seller) -> None:
    """Issue 10, must show 5. The time of signing is UTC whatever zone the worker's clock is in."""
    made = hook(seller, f"{web.url}/notices?from=market")
    one = order(seller)
    assert run(wall=datetime.now(timezone(timedelta(hours=8)))) == 1
    [posted] = web.received
    told = Webhook(made.secret).verify(posted.body, posted.headers)
    assert told == {
        "type": "seller_new_order",
        "timestamp": "2026-03-01T08:00:00+00:00",
        "data": {
            "notice": one.notice_id,
            "category": "product",
            "title": "New order for Leaf",
            "text": told["data"]["text"],
            "link": "https://market.example/seller/orders/CS1-1/",
            "facts": FACTS,
        },
    }
    assert posted.headers["webhook-id"] == f"msg_{one.pk}"
    assert posted.path == "/notices?from=market"
    one.refresh_from_db()
    assert (one.status, one.attempts, one.sent_at) == ("sent", 1, NOW)
    with pytest.raises(WebhookVerificationError):
        Webhook(made.secret).verify(posted.body + b" ", posted.headers)


def test_a_repeat_has_the_same_id_and_body(web: web_server.Web, seller: Seller) -> None:
    hook(seller, web.url)
    one, web.status = order(seller), 503
    run()
    one.refresh_from_db()
    assert (one.status, one.attempts, one.error, one.next_at) == ("waiting", 1, "HTTP 503 {}", NOW + failing.WAITS[0])
    web.status = 202
    assert run(NOW + failing.WAITS[0] - timedelta(seconds=1)) == 0
    assert run(NOW + failing.WAITS[0]) == 1
    first, second = web.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    one.refresh_from_db()
    assert (one.status, Endpoint.objects.get().failures, Endpoint.objects.get().failing_since) == ("sent", 0, None)


def test_after_a_rotation_both_secrets_verify_for_a_day(web: web_server.Web, seller: Seller) -> None:
    former = hook(seller, web.url)
    wall = datetime.now(UTC)
    new = endpoints.rotate_secret(former.endpoint, wall=wall)
    assert new.secret not in str(Endpoint.objects.values())
    order(seller)
    run(wall=wall)
    for secret in (former.secret, new.secret):
        Webhook(secret).verify(web.received[-1].body, web.received[-1].headers)
    Endpoint.objects.update(former_until=wall)
    order(seller, "2")
    run(wall=wall)
    Webhook(new.secret).verify(web.received[-1].body, web.received[-1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(former.secret).verify(web.received[-1].body, web.received[-1].headers)


def next_due() -> datetime | None:
    return (
        Job.objects.filter(kind="notifications.deliver_webhook")
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )


def test_a_receiver_that_answers_500_for_five_days_is_switched_off_and_its_owner_told(
    web: web_server.Web, seller: Seller
) -> None:
    """Issue 10, must show 5; money §8: webhook off after 5 failing days. One message alone is enough to find it."""
    hook(seller, web.url)
    one, web.status, last = order(seller), 500, NOW
    while (due := next_due()) is not None:
        last = due
        run(due)
    endpoint = Endpoint.objects.get()
    assert timedelta(days=5) <= last - NOW < timedelta(days=6)
    assert (endpoint.disabled_at, endpoint.failures) == (last, len(web.received))
    one.refresh_from_db()
    assert (one.status, one.reason, one.error) == ("withheld", "disabled", "HTTP 500 {}")
    assert one.attempts == len(web.received), "the last one counts as well"
    owner = seller.members.get().user
    assert said(owner)[0] == "“Ours” was switched off: it took nothing since 2026-03-01 16:00 UTC+8"
    assert (
        NoticeDelivery.objects.filter(notice__kind="endpoint_disabled", channel="mail", status="waiting").count() == 1
    )

    later = order(seller, "2", now=last)
    assert (later.status, later.reason) == ("withheld", "disabled")
    with pytest.raises(Refused, match=r"endpoint\.off"):
        endpoints.send_test(endpoint, wall=last, now=last)
    endpoints.switch_on(endpoint)
    web.status = 200
    third = order(seller, "3", now=last)
    run(last)
    third.refresh_from_db()
    assert third.status == "sent"


def test_one_good_answer_in_between_begins_the_days_anew(web: web_server.Web, seller: Seller) -> None:
    hook(seller, web.url)
    order(seller)
    web.status = 500
    run()
    web.status = 200
    run(NOW + failing.WAITS[0])
    web.status = 500
    order(seller, "2", now=NOW + timedelta(days=6))
    run(NOW + timedelta(days=6))
    endpoint = Endpoint.objects.get()
    assert (endpoint.disabled_at, endpoint.failing_since, endpoint.failures) == (None, NOW + timedelta(days=6), 1)


def test_what_waits_for_one_that_failed_is_not_tried_before_it_has_rested(web: web_server.Web, seller: Seller) -> None:
    hook(seller, web.url)
    web.status = 500
    for n in range(3):
        order(seller, str(n))
    assert run() == 3
    assert len(web.received) == 1
    assert sorted(NoticeDelivery.objects.filter(channel="webhook").values_list("attempts", flat=True)) == [0, 0, 1]
    order(seller, "late")
    run()
    assert len(web.received) == 1
    assert set(Job.objects.filter(kind="notifications.deliver_webhook").values_list("due_at", flat=True)) == {
        NOW + failing.WAITS[0]
    }


def test_gone_means_gone_and_a_redirect_is_no_answer(web: web_server.Web, seller: Seller) -> None:
    hook(seller, web.url)
    order(seller)
    web.status, web.headers = 307, {"Location": f"{web.url}/elsewhere"}
    run()
    assert [posted.path for posted in web.received] == ["/"]
    assert Endpoint.objects.get().failures == 1
    web.status, web.headers = 410, {}
    run(NOW + failing.WAITS[0])
    assert Endpoint.objects.get().disabled_at == NOW + failing.WAITS[0]


def test_outside_of_a_sandbox_nothing_inside_is_called(web: web_server.Web, seller: Seller) -> None:
    """The guard looks at where a name leads when it is called, whatever was entered."""
    hook(seller, web.url)
    one = order(seller)
    run(outbound=PUBLIC)
    one.refresh_from_db()
    assert web.received == []
    assert one.status == "waiting"
    assert one.error.startswith("address:")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/", "https://127.0.0.1/", "https://10.0.0.1/x", "https://[::1]/", "https://user:pw@hooks.example.com/",
        "https://hooks.example.com:22/", "https://hooks/", "ftp://hooks.example.com/", "javascript:alert(1)", "", "https://2130706433/",
        "https://hooks.example.com/#x", "https://hooks.example.com/" + "x" * 1000, "https://hooks.example.com/ x", "https://hooks.example.com:x/",
    ],
)  # fmt: skip
def test_an_address_that_no_public_program_has_is_refused(seller: Seller, url: str) -> None:
    with pytest.raises(Refused) as refused:
        hook(seller, url, outbound=PUBLIC)
    assert refused.value.field == "url"
    assert not Endpoint.objects.exists()


def test_address_and_secret_are_sealed_and_not_more_are_kept_than_one_may(seller: Seller) -> None:
    made = hook(seller, "https://hooks.example.com/a-very-long-token-0123456789?key=abc", outbound=PUBLIC)
    stored = str(Endpoint.objects.values())
    assert "0123456789" not in stored
    assert made.secret not in stored
    assert unseal(made.endpoint.sealed_address).endswith("?key=abc")
    assert made.endpoint.shown == "hooks.example.com/a-very-long-token-0…"[: len(made.endpoint.shown)]
    with pytest.raises(Refused, match=r"endpoint\.too_many"):
        hook(seller, "https://hooks.example.com/", outbound=PUBLIC, most=1)
    assert Endpoint.objects.count() == 1


def test_what_waits_when_it_is_deleted_says_so(web: web_server.Web, seller: Seller) -> None:
    made = hook(seller, web.url)
    one = order(seller)
    endpoints.delete_endpoint(made.endpoint)
    one.refresh_from_db()
    assert (one.status, one.reason) == ("withheld", "gone")
    assert run() == 0
    with pytest.raises(Refused, match=r"mail\.withheld"):
        retry(one, now=NOW)


def test_a_test_is_sent_and_says_that_it_is_one(web: web_server.Web, seller: Seller) -> None:
    made = hook(seller, web.url)
    endpoints.send_test(made.endpoint, wall=NOW, now=NOW)
    assert run() == 1
    told = json.loads(web.received[0].body)
    assert (told["type"], told["data"]["title"]) == ("webhook_test", "A test of “Ours”")
