"""The operator's page of differences between market and sellers: started, filtered, repaired, settled."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests import factories
from tests.market.sites import renewing
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock
from tradepost.market.base.models import LeasedJob
from tradepost.market.fulfilment.models import Drift, Operation
from tradepost.market.fulfilment.reconcile import KIND
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
URL = "/console/reconcile/"


@pytest.fixture
def console() -> Client:
    return enter(factories.make_operator(email="op@market.example"))


def page_at(client: Client, path: str = URL, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def make_difference(service: Subscription, difference: str, repair: str, **facts: object) -> Drift:
    return Drift.objects.create(
        subscription=service, seller=service.seller, what=difference, repair=repair, facts=facts, found_at=clock.now(),
        seen_at=clock.now(),
    )  # fmt: skip


def test_comparison_is_started_once_for_all_sellers_or_for_one(console: Client) -> None:
    assert "No known differences" in page_at(console)
    assert "No comparisons yet." in page_at(console)
    service = renewing.service()
    for _ in range(2):
        console.post(f"{URL}compare/")
        console.post(f"{URL}compare/", {"seller": str(service.seller_id)})
    jobs = list(LeasedJob.objects.filter(kind=KIND).order_by("pk").values_list("key", "payload"))
    assert jobs == [
        ("all", {"by": "op@market.example"}),
        (str(service.seller_id), {"seller": service.seller_id, "by": "op@market.example"}),
    ]
    assert 'hx-get="/console/reconcile/live/"' in page_at(console)
    assert "All sellers" in page_at(console, f"{URL}live/")
    assert console.post(f"{URL}compare/", {"seller": "4711"}).status_code == 404
    assert "Comparison with a seller" in page_at(console, "/console/jobs/")


@pytest.mark.slow
def test_differences_are_shown_from_both_sides_until_they_are_settled(console: Client) -> None:
    subscription, other = renewing.service(), renewing.service()
    missing = make_difference(subscription, "gone", "person")
    make_difference(
        other, "end", "tell_end", market="2026-04-01T08:00:00+00:00", seller="2026-05-01T08:00:00+00:00", maybe=True
    )
    page = page_at(console)
    for words in (
        "The instance does not exist (000003).", "1 Apr 2026, 16:00", "1 May 2026, 16:00",
            "Sent without a valid response:",
        "Cannot be repaired by a call: contact the seller",
    ):  # fmt: skip
        assert words in page, words
    assert page.count("/repair/") == 1, "what a person must see to has no button"
    assert subscription.instance_id not in page_at(console, seller=str(other.seller_id))
    assert other.instance_id not in page_at(console, what="gone")
    assert "No matching differences" in page_at(console, what="left")
    assert "Services that differ at their seller: 2" in page_at(console, "/console/")
    assert "The instance does not exist (000003)." in page_at(console, f"/console/services/{subscription.pk}/")
    assert subscription.instance_id not in page_at(console, show="settled")
    Drift.objects.filter(pk=missing.pk).update(settled_at=clock.now() + timedelta(hours=1))
    assert subscription.instance_id in page_at(console, show="settled")
    assert subscription.instance_id not in page_at(console)


def test_repair_is_requested_and_its_operation_is_shown(console: Client) -> None:
    drift = make_difference(renewing.service(), "access", "take_access", fields=["password"])
    page = page_at(console)
    assert "Other: password" in page
    answer = console.post(f"{URL}{drift.pk}/repair/", follow=True)
    operation = Operation.objects.get(kind="take_access")
    assert (operation.origin, operation.actor) == ("operator", "op@market.example")
    text = re.sub(r"\s+", " ", answer.content.decode())
    assert f'href="/console/operations/{operation.pk}/"' in text
    assert "/repair/" not in text
    content = console.post(f"{URL}{drift.pk}/repair/", follow=True).content.decode()
    assert "A repair is in progress. Wait for it to finish" in content
    assert Operation.objects.filter(kind="take_access").count() == 1
    assert "Update the access data" in page_at(console, f"/console/operations/{operation.pk}/")
    assert console.post(f"{URL}4711/repair/").status_code == 404


def test_only_operators_compare_and_repair() -> None:
    service = renewing.service()
    drift = make_difference(service, "access", "take_access")
    for path in (f"{URL}compare/", f"{URL}{drift.pk}/repair/"):
        assert enter(service.buyer).post(path).status_code == 404
        assert Client().post(path).status_code == 302
    assert not Operation.objects.filter(kind="take_access").exists()
    assert not LeasedJob.objects.filter(kind=KIND).exists()


def test_page_is_in_chinese(console: Client) -> None:
    make_difference(renewing.service(), "left", "release")
    console.cookies["django_language"] = "zh-hans"
    page = page_at(console)
    for words in ("本商店与商家核对", "服务已结束，商家侧仍保留实例", "通知商家释放", "立即核对全部商家"):
        assert words in page, words
