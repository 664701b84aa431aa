"""Issue 25, 8: searches and exports have their own limits, counted across all processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from tests import factories
from tradepost.market.base import clock
from tradepost.market.base.values import replace
from tradepost.market.identity import limits, throttling
from tradepost.market.identity.models import Throttle, User
from tradepost.market.web import limits as page_limits

pytestmark = pytest.mark.django_db
EXPORT = "/balance/balance.csv"


@pytest.fixture(autouse=True)
def _at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "wall", lambda: at)


@pytest.fixture
def buyer() -> User:
    return factories.make_buyer()


def signed_in(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


@pytest.mark.parametrize(("language", "words"), [("en", "Try again in 1 minute."), ("zh-hans", "请在 1 分钟后重试。")])
def test_searches_of_an_account_are_limited(
    buyer: User, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setattr(limits, "SEARCHES", replace(limits.SEARCHES, most=3))
    client = signed_in(buyer, language)
    for path in ("/orders/?q=a", "/services/?q=b", "/orders/?q=c"):
        assert client.get(path).status_code == 200
    refused = client.get("/orders/?q=d")
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert words in refused.content.decode()
    assert client.get("/orders/").status_code == client.get("/orders/?q=+").status_code == 200, "no search"
    assert signed_in(factories.make_buyer()).get("/orders/?q=a").status_code == 200, "from the same address"
    later = clock.wall() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert client.get("/orders/?q=d").status_code == 200


def test_searches_without_an_account_are_limited_by_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SEARCHES_OF_A_NETWORK", replace(limits.SEARCHES_OF_A_NETWORK, most=2))
    statuses = [Client(REMOTE_ADDR="198.51.100.7").get("/?q=crm").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert Client(REMOTE_ADDR="198.51.100.8").get("/?q=crm").status_code == 200


def test_exports_are_limited(buyer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EXPORTS", replace(limits.EXPORTS, most=2))
    client = signed_in(buyer)
    assert [client.get(EXPORT).status_code for _ in range(3)] == [200, 200, 429]
    assert "You have exported too often. Try again in 1 minute." in client.get(EXPORT).content.decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Your other exports are still running. Try again in 5 seconds."),
        ("zh-hans", "您的其他导出仍在进行。请在 5 秒后重试。"),
    ],
)
def test_simultaneous_exports_are_limited(buyer: User, language: str, words: str) -> None:
    """In other processes too: the slots are rows."""
    client, who = signed_in(buyer, language), f"user {buyer.pk}"
    for _ in range(limits.EXPORTS_AT_ONCE.most):
        assert throttling.take_slot(limits.EXPORTS_AT_ONCE, who, now=clock.wall())
    refused = client.get(EXPORT)
    assert (refused.status_code, refused["Retry-After"]) == (429, "5")
    assert words in refused.content.decode()
    assert signed_in(factories.make_buyer()).get(EXPORT).status_code == 200
    throttling.release_slot(limits.EXPORTS_AT_ONCE, who)
    assert [client.get(EXPORT).status_code for _ in range(3)] == [200] * 3, "an export that ended gave its place back"


def test_failed_export_frees_its_slot(buyer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(buyer)
    monkeypatch.setattr("tradepost.market.sites.storefront.balance.table_response", None)
    statuses = [client.get(EXPORT).status_code for _ in range(limits.EXPORTS_AT_ONCE.most + 1)]
    assert statuses == [500] * (limits.EXPORTS_AT_ONCE.most + 1)


def test_slots_of_a_dead_process_are_freed() -> None:
    now, places = clock.wall(), limits.EXPORTS_AT_ONCE
    assert [throttling.take_slot(places, "x", now=now) for _ in range(3)] == [True, True, False]
    assert throttling.take_slot(places, "x", now=now + places.lease)
    throttling.release_slot(places, "x")
    throttling.release_slot(places, "x")
    throttling.release_slot(places, "never begun")
    assert Throttle.objects.get().number == 0, "never below nothing"


def test_every_page_that_makes_a_file_of_rows_counts_as_an_export() -> None:
    def patterns(resolver: URLResolver, prefix: str = "") -> list[tuple[str, str]]:
        return [
            pair
            for entry in resolver.url_patterns
            for pair in (
                patterns(entry, prefix + str(entry.pattern))
                if isinstance(entry, URLResolver)
                else [(prefix + str(entry.pattern), entry.name or "")]
            )
        ]

    routes_found = patterns(get_resolver())
    files = {name for route, name in routes_found if ".csv" in route or "/export/" in route}
    assert files - {"enterprise_import_template"} <= page_limits.EXPORT_PAGES
    assert {name for _, name in routes_found} >= page_limits.EXPORT_PAGES
