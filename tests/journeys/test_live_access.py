"""A buyer opens a service, and its page shows the seller's current answer (saas-v2 §3.2, saas-v1-license A2)."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, override

import pytest
from django.db import connections, transaction
from django.db.models import QuerySet
from django.test import Client

from tests.factories import make_address, make_buyer, make_product, make_seller
from tests.factories.products import ON_DEMAND
from tests.journeys.buying import order, wait_until_delivered
from tests.journeys.opening import HTMX, open_service, password_of
from tests.journeys.sellers import Shop, product_at, serving
from tests.market.production import broken_sellers
from tests.market.production.broken_sellers import Server, honest_response, http, responding, silent
from tests.market.production.hostile_sellers import drip, then_waits
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.kit import AppInfo, Instance, InstanceInfo, Query, UsageInfo
from tradepost.market.base import clock
from tradepost.market.base.models import Move
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.live_access import request_access
from tradepost.market.orders.models import Order
from tradepost.market.production.gateway import Exchange, Gateway
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.market.production.plan import ACCESS_LIMITS
from tradepost.market.sites.storefront.live_access import MAX_TRIES
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


def calls_of_openings() -> list[Call]:
    """Return the calls that opening the page made."""
    return list(Call.objects.filter(purpose=Call.Purpose.ACCESS).order_by("pk"))


def a_minute_later() -> None:
    advance(ACCESS_LIMITS.every)


class Changing(Shop):
    """A seller whose password changes, and which counts usage."""

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


@pytest.mark.slow
def test_changed_password_is_shown_at_the_next_opening(page: Client, shop: Changing) -> None:
    """saas-v2 §3.2: called when the buyer opens the resource details page."""
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
        assert password_of(page, held) == "Open-Sesame-7"
        shop.password = NEW
        shown = open_service(page, held)
        assert "Last confirmed by the seller" in shown
        assert "The seller changed the access data" in shown
        assert password_of(page, held) == NEW
        [call] = calls_of_openings()
        assert (call.activity, call.outcome, call.attempts, call.instance_id) == (
            "queryInstance", Call.Outcome.DONE, 1, held.instance_id
        )  # fmt: skip
        a_minute_later()
        shop.password = "Third-Sesame-3"
        open_service(page, held)
        assert password_of(page, held) == "Third-Sesame-3"
    assert Move.objects.filter(lifecycle=ACCESS_HISTORY, subject=str(held.pk), actor="seller").count() == 2
    assert [bool(call.sealed_answer) for call in calls_of_openings()] == [False, True], "only the latest answer is kept"
    for attempt in Attempt.objects.filter(call__in=calls_of_openings()):
        assert NEW not in attempt.response_body


@pytest.mark.slow
def test_order_page_queries_again_after_a_minute(page: Client, shop: Changing) -> None:
    """saas-v2 §3.2: called when the buyer opens the page that shows the access data."""
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
        path = f"/orders/{Order.objects.get().number}/"
        shop.password = NEW
        fresh = open_service(page, held, path)
        assert "Last confirmed by the seller" in fresh
        assert calls_of_openings() == [], "the seller has just given them"
        a_minute_later()
        page.cookies["django_language"] = "zh-hans"
        assert "商家最近确认时间" in open_service(page, held, path)
        until(lambda: password_of(page, held) == NEW, what="the page shows the new password")
    assert [call.outcome for call in calls_of_openings()] == [Call.Outcome.DONE]


def test_without_javascript_a_button_queries(page: Client, shop: Changing) -> None:
    """saas-v2 §3.2. With JavaScript, the part of the page sends the query."""
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
        shop.password = NEW
        shown = page.get(f"/services/{held.pk}/").content.decode()
        [action] = re.findall(r'<form id="sf-access-live-\d+"\s+method="post"\s+action="([^"]+)"', shown)
        assert re.search(r"<noscript>\s*<button[^>]*type=\"submit\">Check with the seller</button>", shown)
        assert page.post(action)["Location"] == f"/services/{held.pk}/"
        until(lambda: calls_of_openings()[0].outcome, what="the question has ended")
        until(lambda: password_of(page, held) == NEW, what="the new password is stored")


def test_unchanged_answer_only_updates_the_time(page: Client, shop: Changing) -> None:
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
        sealed = Subscription.objects.get(pk=held.pk).sealed_access
        assert "Last confirmed by the seller" in open_service(page, held)
    assert Subscription.objects.get(pk=held.pk).sealed_access == sealed
    assert not Move.objects.filter(lifecycle=ACCESS_HISTORY).exists()


def test_usage_and_dashboard_are_current(page: Client, shop: Changing) -> None:
    """saas-v2 §3.2: usage is read through usageInfo alone; dashboardUrl: where the buyer sees it."""
    with working():
        product = product_at(shop.url, prices=(ON_DEMAND,))
        held = wait_until_delivered(order(page, product, plan="ON_DEMAND-", total="0/0.00250000/0"))
        assert "https://app.example/usage" not in page.get(f"/services/{held.pk}/").content.decode()
        shop.metered = True
        shown = open_service(page, held)
    assert "https://app.example/usage" in shown
    assert "12.5" in shown


@pytest.mark.slow
def test_service_is_queried_at_most_once_a_minute(page: Client, shop: Changing) -> None:
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
        for _ in range(3):
            open_service(page, held)
            page.post(f"/services/{held.pk}/access/", headers=HTMX)
        assert len(calls_of_openings()) == 1
        a_minute_later()
        open_service(page, held)
        assert len(calls_of_openings()) == 2


def test_parallel_openings_query_once(page: Client, shop: Changing) -> None:
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
    start, written = threading.Barrier(8), []

    def ask() -> None:
        try:
            start.wait(30)
            written.append(request_access(held, now=clock.now()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(written) == [False] * 7 + [True]
    assert len(calls_of_openings()) == 1


@pytest.mark.postgres
def test_service_held_by_an_operation_is_queried_a_second_later(page: Client, shop: Changing) -> None:
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
    locked, leave = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Subscription.objects.select_for_update().get(pk=held.pk)
                locked.set()
                leave.wait(60)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(30)
        path, tries = f"/services/{held.pk}/access/", list[str]()
        while path and len(tries) < 5:
            part = page.post(path, headers=HTMX).content.decode()
            again = re.search(r'hx-post="([^"]+)"\s+hx-trigger="load delay:1s"', part)
            path = html.unescape(again[1]) if again else ""
            tries.append(path)
        assert (len(tries), len(calls_of_openings())) == (MAX_TRIES, 0)
    finally:
        leave.set()
        holder.join(60)
    page.post(tries[0], headers=HTMX)
    assert len(calls_of_openings()) == 1


@pytest.mark.slow
def test_only_the_buyer_s_opening_queries_the_seller(page: Client, shop: Changing) -> None:
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
    other = Client()
    other.force_login(make_buyer(balance="0", now=clock.now()))
    for client, status in ((other, 404), (Client(), 302)):
        assert client.post(f"/services/{held.pk}/access/", headers=HTMX).status_code == status
        assert client.get(f"/services/{held.pk}/access/").status_code == status
    assert calls_of_openings() == []


@pytest.mark.slow
@pytest.mark.parametrize("status", [s for s in Subscription.Status.values if s != "active"])
def test_service_without_access_data_is_not_queried(page: Client, shop: Changing, status: str) -> None:
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
    Subscription.objects.filter(pk=held.pk).update(status=status)
    assert "sf-access-live" not in page.get(f"/services/{held.pk}/").content.decode()
    assert page.post(f"/services/{held.pk}/access/", headers=HTMX).status_code == 404
    assert calls_of_openings() == []


def _wrong_signature(request: dict[str, str]) -> bytes:
    return honest_response(request).replace(b'"p"', b'"x"')


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
    "garbage": (responding(lambda r: http(b"\xff\xfe<html>oops")), "not_json"),
    "a wrong signature": (responding(_wrong_signature), "body_sign_wrong"),
    "an error of its own": (responding(_bad_code), "000005"),
    "a redirect": (
        responding(lambda r: http(b"", status="302 Found", headers=("Location: http://10.0.0.1/",))),
        "redirect",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEAD)
def test_dead_seller_leaves_the_stored_data_with_their_time(
    page: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page does not wait. The call that it starts ends after two seconds, whatever the worker's limit is."""
    script, verdict = DEAD[name]
    limits = _recorded_limits(monkeypatch)
    with broken_sellers.serving({"/s": responding(honest_response)}) as server, working(timeout=30):
        held = wait_until_delivered(order(page, _product(server), **MONTH))
        assert limits == {None}, "calls of orders keep the worker's own limit"
        server.scripts["/s"] = script
        assert "The seller's system is not responding. This information is from" in open_service(page, held)
        assert password_of(page, held) == "p"
        until(lambda: calls_of_openings()[0].outcome, what="the call ends")
        [call] = calls_of_openings()
    assert (call.outcome, call.last_verdict, call.attempts) == (Call.Outcome.GAVE_UP, verdict, 1)
    assert limits == {None, 2.0}
    address = Address.objects.get(pk=call.address_id)
    assert (address.breaker, address.failures) == (Address.Breaker.CLOSED, 0), "no order failed there"


def test_a_seller_that_refuses_connections(page: Client) -> None:
    with broken_sellers.serving({"/s": responding(honest_response)}) as server, working():
        held = wait_until_delivered(order(page, _product(server), **MONTH))
        server.close()
        assert "not responding" in open_service(page, held)
        [call] = calls_of_openings()
        assert (call.outcome, call.last_verdict) == (Call.Outcome.GAVE_UP, "connect")


def test_open_circuit_breaker_prevents_the_query(page: Client, shop: Changing) -> None:
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
    Address.objects.update(breaker=Address.Breaker.OPEN)
    shown = page.get(f"/services/{held.pk}/").content.decode()
    assert "hx-post" not in shown
    assert "not responding" in shown
    assert page.post(f"/services/{held.pk}/access/", headers=HTMX).status_code == 200
    assert calls_of_openings() == []


@pytest.mark.slow
def test_page_stops_polling_after_two_seconds_without_a_worker(page: Client, shop: Changing) -> None:
    """The call is not sent when a worker starts again, because the page is no longer open."""
    with working():
        held = wait_until_delivered(order(page, product_at(shop.url), **MONTH))
    assert "The seller could not be reached. This information is from" in open_service(page, held), (
        "the seller was not asked"
    )
    page.cookies["django_language"] = "zh-hans"
    assert "暂时未能向商家查询" in open_service(page, held)
    queries = len(shop_queries(shop))
    with working() as engine:
        until(lambda: calls_of_openings()[0].outcome, what="the late call ends")
        assert engine.claimed == 0
    assert calls_of_openings()[0].outcome == Call.Outcome.CANCELLED
    assert len(shop_queries(shop)) == queries


def shop_queries(_shop: Shop) -> list[Attempt]:
    return list(Attempt.objects.filter(call__activity="queryInstance"))


@pytest.mark.slow
def test_openings_above_the_seller_s_limit_wait(page: Client, tmp_path: Path) -> None:
    """saas-v2 §3.2: called when the buyer opens the details page; no opening is left out while the seller answers."""
    with serving(tmp_path, make=Slow) as seller, working():
        assert isinstance(seller, Slow)
        product = product_at(seller.url)
        services = [wait_until_delivered(order(page, product, **MONTH)) for _ in range(6)]
        seller.gate.clear()
        for service in services:
            request_access(service, now=clock.now())
        until(lambda: waiting().count() == 2, what="the places of the seller are taken, and two calls wait")
        until(lambda: seller.most == ACCESS_LIMITS.per_seller, what="the others are at the seller")
        seller.gate.set()
        until(lambda: all(call.outcome for call in calls_of_openings()), what="all questions have ended")
    assert [call.outcome for call in calls_of_openings()] == [Call.Outcome.DONE] * 6
    assert seller.most == ACCESS_LIMITS.per_seller


def waiting() -> QuerySet[Call]:
    return Call.objects.filter(purpose=Call.Purpose.ACCESS, state=State.HELD, hold=Call.Hold.BUSY)


class Slow(Changing):
    """Answer queries once the gate is open, and count how many arrived at once before that."""

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


def _recorded_limits(monkeypatch: pytest.MonkeyPatch) -> set[float | None]:
    """Record the time limits of calls."""
    seen: set[float | None] = set()
    exchange = Gateway.exchange

    async def watching(self: Gateway, *args: Any, within: float | None = None, **named: Any) -> Exchange:
        seen.add(within)
        return await exchange(self, *args, within=within, **named)

    monkeypatch.setattr(Gateway, "exchange", watching)
    return seen
