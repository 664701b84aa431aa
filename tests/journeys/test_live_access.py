"""A buyer opens a service, and its page shows what the seller answers now (saas-v2 §3.2, saas-v1-license A2)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, override

import pytest
from django.db import connections
from django.db.models import QuerySet
from django.test import Client

from tests.factories import make_address, make_buyer, make_product, make_seller
from tests.factories.products import ON_DEMAND
from tests.journeys.buying import delivered, order
from tests.journeys.opening import HTMX, open_service, password_of
from tests.journeys.sellers import Shop, product_at, serving
from tests.market.production import broken_sellers
from tests.market.production.broken_sellers import Server, answered, http, says, silent
from tests.market.production.hostile_sellers import drip, then_waits
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit import AppInfo, Instance, InstanceInfo, Query, UsageInfo
from tradepost.market.base import clock
from tradepost.market.base.models import Move
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.live_access import ask_seller
from tradepost.market.orders.models import Order
from tradepost.market.production.gateway import Exchange, Gateway
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.market.production.plan import ACCESS
from tradepost.market.subscriptions.lifecycle import ACCESS_HISTORY
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)

MONTH = {"plan": "PERIOD-month", "total": "10000"}
NEW = "Changed-Sesame-9"


@pytest.fixture
def page() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_buyer(now=clock.now()))
    return client


def asked() -> list[Call]:
    """The calls that openings made."""
    return list(Call.objects.filter(purpose=Call.Purpose.ACCESS).order_by("pk"))


def a_minute_later() -> None:
    advance(ACCESS.every)


class Changing(Shop):
    """Its password changes, and it counts usage."""

    password = "Open-Sesame-7"
    metered = False

    @override
    def on_query(self, command: Query, instance: Instance) -> InstanceInfo:
        used = UsageInfo(value=Decimal("12.5"), at=clock.wall(), dashboard_url="https://app.example/usage")
        app = AppInfo(front_end_url="https://app.example/", user_name="u", password=self.password)
        return InstanceInfo(instance_id=instance.instance_id, app=app, usage=(used,) if self.metered else ())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Changing]:
    with serving(tmp_path, make=Changing) as seller:
        assert isinstance(seller, Changing)
        yield seller


def test_a_changed_password_is_there_at_the_next_opening(page: Client, shop: Changing) -> None:
    """saas-v2 §3.2: called when the buyer opens the resource details page."""
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
        assert password_of(page, held) == "Open-Sesame-7"
        shop.password = NEW
        shown = open_service(page, held)
        assert "Last confirmed by the seller" in shown
        assert "The seller changed the access data" in shown
        assert password_of(page, held) == NEW
        [call] = asked()
        assert (call.activity, call.outcome, call.attempts, call.instance_id) == (
            "queryInstance", Call.Outcome.DONE, 1, held.instance_id
        )  # fmt: skip
        a_minute_later()
        shop.password = "Third-Sesame-3"
        open_service(page, held)
        assert password_of(page, held) == "Third-Sesame-3"
    assert Move.objects.filter(lifecycle=ACCESS_HISTORY, subject=str(held.pk), actor="seller").count() == 2
    assert [bool(call.sealed_answer) for call in asked()] == [False, True], "only the latest answer is kept"
    for attempt in Attempt.objects.filter(call__in=asked()):
        assert NEW not in attempt.response_body


def test_the_order_page_asks_too_once_the_data_are_a_minute_old(page: Client, shop: Changing) -> None:
    """saas-v2 §3.2: called when the buyer opens the page that shows the access data."""
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
        path = f"/orders/{Order.objects.get().number}/"
        shop.password = NEW
        fresh = open_service(page, held, path)
        assert "Last confirmed by the seller" in fresh
        assert asked() == [], "the seller has just given them"
        a_minute_later()
        page.cookies["django_language"] = "zh-hans"
        assert "商家最近确认时间" in open_service(page, held, path)
        assert password_of(page, held) == NEW
    assert [call.outcome for call in asked()] == [Call.Outcome.DONE]


def test_without_javascript_a_button_asks(page: Client, shop: Changing) -> None:
    """saas-v2 §3.2; the part asks by itself only with JavaScript."""
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
        shop.password = NEW
        shown = page.get(f"/services/{held.pk}/").content.decode()
        [action] = re.findall(r'<form id="sf-access-live-\d+"\s+method="post"\s+action="([^"]+)"', shown)
        assert re.search(r"<noscript>\s*<button[^>]*type=\"submit\">Check with the seller</button>", shown)
        assert page.post(action)["Location"] == f"/services/{held.pk}/"
        until(lambda: asked()[0].outcome, what="the question has ended")
        until(lambda: password_of(page, held) == NEW, what="the new password is stored")


def test_an_unchanged_answer_only_moves_the_time(page: Client, shop: Changing) -> None:
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
        sealed = Subscription.objects.get(pk=held.pk).sealed_access
        assert "Last confirmed by the seller" in open_service(page, held)
    assert Subscription.objects.get(pk=held.pk).sealed_access == sealed
    assert not Move.objects.filter(lifecycle=ACCESS_HISTORY).exists()


def test_usage_and_the_dashboard_are_those_of_now(page: Client, shop: Changing) -> None:
    """saas-v2 §3.2: usage is read through usageInfo alone; dashboardUrl: where the buyer sees it."""
    with working():
        product = product_at(shop.url, prices=(ON_DEMAND,))
        held = delivered(order(page, product, plan="ON_DEMAND-", total="0/0.00250000/0"))
        assert "https://app.example/usage" not in page.get(f"/services/{held.pk}/").content.decode()
        shop.metered = True
        shown = open_service(page, held)
    assert "https://app.example/usage" in shown
    assert "12.5" in shown


def test_a_service_is_asked_about_at_most_once_a_minute(page: Client, shop: Changing) -> None:
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
        for _ in range(3):
            open_service(page, held)
            page.post(f"/services/{held.pk}/access/", headers=HTMX)
        assert len(asked()) == 1
        a_minute_later()
        open_service(page, held)
        assert len(asked()) == 2


def test_parallel_openings_ask_once(page: Client, shop: Changing) -> None:
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
    start, written = threading.Barrier(8), []

    def ask() -> None:
        try:
            start.wait(30)
            written.append(ask_seller(held, now=clock.now()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(written) == [False] * 7 + [True]
    assert len(asked()) == 1


def test_only_the_buyer_has_the_seller_asked(page: Client, shop: Changing) -> None:
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
    other = Client()
    other.force_login(make_buyer(balance="0", now=clock.now()))
    for client, status in ((other, 404), (Client(), 302)):
        assert client.post(f"/services/{held.pk}/access/", headers=HTMX).status_code == status
        assert client.get(f"/services/{held.pk}/access/").status_code == status
    assert asked() == []


@pytest.mark.parametrize("status", [s for s in Subscription.Status.values if s != "active"])
def test_without_access_data_to_show_nobody_is_asked(page: Client, shop: Changing, status: str) -> None:
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
    Subscription.objects.filter(pk=held.pk).update(status=status)
    assert "sf-access-live" not in page.get(f"/services/{held.pk}/").content.decode()
    assert page.post(f"/services/{held.pk}/access/", headers=HTMX).status_code == 404
    assert asked() == []


def _wrong_signature(request: dict[str, str]) -> bytes:
    return answered(request).replace(b'"p"', b'"x"')


def _bad_code(request: dict[str, str]) -> bytes:
    return http(b'{"resultCode":"000005","resultMsg":"internal"}')


def _closes(_connection: object, _request: object) -> None:
    pass


DEAD: dict[str, tuple[Callable[..., None], str]] = {
    "one byte now and then": (
        drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n", b" "),
        "timeout",
    ),
    "hangs after the headers": (then_waits(lambda r: http(b"{}").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"), "timeout"),
    "never answers": (silent, "timeout"),
    "hangs up": (_closes, "closed"),
    "garbage": (says(lambda r: http(b"\xff\xfe<html>oops")), "not_json"),
    "a wrong signature": (says(_wrong_signature), "body_sign_wrong"),
    "an error of its own": (says(_bad_code), "000005"),
    "a redirect": (says(lambda r: http(b"", status="302 Found", headers=("Location: http://10.0.0.1/",))), "redirect"),
}


@pytest.mark.parametrize("name", DEAD)
def test_a_dead_seller_leaves_the_stored_data_with_their_time(
    page: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page itself waits for nobody; the call that it starts ends after its two seconds, whatever its worker's limit is."""
    script, verdict = DEAD[name]
    limits = _watched(monkeypatch)
    with broken_sellers.serving({"/s": says(answered)}) as server, working(timeout=30):
        held = delivered(order(page, _product(server), **MONTH))
        assert limits == {None}, "calls of orders keep the worker's own limit"
        server.scripts["/s"] = script
        assert "The seller's system is not responding. This information is from" in open_service(page, held)
        assert password_of(page, held) == "p"
        until(lambda: asked()[0].outcome, what="the call ends")
        [call] = asked()
    assert (call.outcome, call.last_verdict, call.attempts) == (Call.Outcome.GAVE_UP, verdict, 1)
    assert limits == {None, 2.0}
    address = Address.objects.get(pk=call.address_id)
    assert (address.breaker, address.failures) == (Address.Breaker.CLOSED, 0), "no order failed there"


def test_a_seller_that_refuses_connections(page: Client) -> None:
    with broken_sellers.serving({"/s": says(answered)}) as server, working():
        held = delivered(order(page, _product(server), **MONTH))
        server.close()
        assert "not responding" in open_service(page, held)
        [call] = asked()
        assert (call.outcome, call.last_verdict) == (Call.Outcome.GAVE_UP, "connect")


def test_an_open_breaker_keeps_the_seller_unasked(page: Client, shop: Changing) -> None:
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
    Address.objects.update(breaker=Address.Breaker.OPEN)
    shown = page.get(f"/services/{held.pk}/").content.decode()
    assert "hx-post" not in shown
    assert "not responding" in shown
    assert page.post(f"/services/{held.pk}/access/", headers=HTMX).status_code == 200
    assert asked() == []


def test_without_a_worker_the_page_stops_following_after_two_seconds(page: Client, shop: Changing) -> None:
    """And the call is not sent when a worker comes back: nobody looks any more."""
    with working():
        held = delivered(order(page, product_at(shop.url), **MONTH))
    assert "could not ask the seller just now" in open_service(page, held), "the seller was not asked"
    page.cookies["django_language"] = "zh-hans"
    assert "暂时未能向商家查询" in open_service(page, held)
    queries = len(shop_queries(shop))
    with working() as engine:
        until(lambda: asked()[0].outcome, what="the late call ends")
        assert engine.claimed == 0
    assert asked()[0].outcome == Call.Outcome.CANCELLED
    assert len(shop_queries(shop)) == queries


def shop_queries(_shop: Shop) -> list[Attempt]:
    return list(Attempt.objects.filter(call__activity="queryInstance"))


def test_openings_beyond_the_places_of_a_seller_wait_their_turn(page: Client, tmp_path: Path) -> None:
    """saas-v2 §3.2: called when the buyer opens the resource details page; no opening is left out while the seller answers."""
    with serving(tmp_path, make=Slow) as seller, working():
        assert isinstance(seller, Slow)
        product = product_at(seller.url)
        services = [delivered(order(page, product, **MONTH)) for _ in range(6)]
        seller.gate.clear()
        for service in services:
            ask_seller(service, now=clock.now())
        until(lambda: waiting().count() == 2, what="the places of the seller are taken, and two calls wait")
        until(lambda: seller.most == ACCESS.per_seller, what="the others are at the seller")
        seller.gate.set()
        until(lambda: all(call.outcome for call in asked()), what="all questions have ended")
    assert [call.outcome for call in asked()] == [Call.Outcome.DONE] * 6
    assert seller.most == ACCESS.per_seller


def waiting() -> QuerySet[Call]:
    return Call.objects.filter(purpose=Call.Purpose.ACCESS, state=State.HELD, hold=Call.Hold.BUSY)


class Slow(Changing):
    """Answers queries once its gate is open, and counts how many came at once before that."""

    gate, counting, most = threading.Event(), threading.Lock(), 0
    gate.set()

    @override
    def on_query(self, command: Query, instance: Instance) -> InstanceInfo:
        if not self.gate.is_set():
            with self.counting:
                self.most += 1
            self.gate.wait(30)
        return super().on_query(command, instance)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _product(server: Server) -> Product:
    now = clock.now()
    seller = make_seller(signing_key=broken_sellers.KEY, now=now)
    return make_product(seller, address=make_address(seller, url=f"{server.url}/s", now=now), now=now)


def _watched(monkeypatch: pytest.MonkeyPatch) -> set[float | None]:
    """The limits that calls were given."""
    seen: set[float | None] = set()
    exchange = Gateway.exchange

    async def watching(self: Gateway, *args: Any, within: float | None = None, **named: Any) -> Exchange:
        seen.add(within)
        return await exchange(self, *args, within=within, **named)

    monkeypatch.setattr(Gateway, "exchange", watching)
    return seen
