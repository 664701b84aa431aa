"""The operator's page of differences between market and sellers: begun, narrowed, repaired, settled."""

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


def shown(client: Client, path: str = URL, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def differs(service: Subscription, what: str, repair: str, **facts: object) -> Drift:
    return Drift.objects.create(
        subscription=service, seller=service.seller, what=what, repair=repair, facts=facts, found_at=clock.now(),
        seen_at=clock.now(),
    )  # fmt: skip


def test_a_comparison_is_begun_for_all_or_for_one_and_once(console: Client) -> None:
    assert "No difference is known" in shown(console)
    assert "Nothing was compared yet." in shown(console)
    service = renewing.service()
    for _ in range(2):
        console.post(f"{URL}compare/")
        console.post(f"{URL}compare/", {"seller": str(service.seller_id)})
    jobs = list(LeasedJob.objects.filter(kind=KIND).order_by("pk").values_list("key", "payload"))
    assert jobs == [
        ("all", {"by": "op@market.example"}),
        (str(service.seller_id), {"seller": service.seller_id, "by": "op@market.example"}),
    ]
    assert 'hx-get="/console/reconcile/live/"' in shown(console)
    assert "All sellers" in shown(console, f"{URL}live/")
    assert console.post(f"{URL}compare/", {"seller": "4711"}).status_code == 404
    assert "Comparison with a seller" in shown(console, "/console/jobs/")


def test_differences_are_told_from_both_sides_and_stay_until_they_are_settled(console: Client) -> None:
    one, other = renewing.service(), renewing.service()
    gone = differs(one, "gone", "person")
    differs(
        other, "end", "tell_end", market="2026-04-01T08:00:00+00:00", seller="2026-05-01T08:00:00+00:00", maybe=True
    )
    page = shown(console)
    for words in (
        "There is no such instance (000003).", "1 Apr 2026, 16:00", "1 May 2026, 16:00", "Told without a good answer:",
        "No call repairs it: talk to the seller",
    ):  # fmt: skip
        assert words in page, words
    assert page.count("/repair/") == 1, "what a person must see to has no button"
    assert one.instance_id not in shown(console, seller=str(other.seller_id))
    assert other.instance_id not in shown(console, what="gone")
    assert "No difference fits" in shown(console, what="left")
    assert "Services that differ at their seller: 2" in shown(console, "/console/")
    assert "There is no such instance (000003)." in shown(console, f"/console/services/{one.pk}/")
    assert one.instance_id not in shown(console, show="settled")
    Drift.objects.filter(pk=gone.pk).update(settled_at=clock.now() + timedelta(hours=1))
    assert one.instance_id in shown(console, show="settled")
    assert one.instance_id not in shown(console)


def test_a_repair_is_asked_for_and_its_operation_is_shown(console: Client) -> None:
    drift = differs(renewing.service(), "access", "take_access", fields=["password"])
    page = shown(console)
    assert "Other: password" in page
    answer = console.post(f"{URL}{drift.pk}/repair/", follow=True)
    operation = Operation.objects.get(kind="take_access")
    assert (operation.origin, operation.actor) == ("operator", "op@market.example")
    text = re.sub(r"\s+", " ", answer.content.decode())
    assert f'href="/console/operations/{operation.pk}/"' in text
    assert "/repair/" not in text
    again = console.post(f"{URL}{drift.pk}/repair/", follow=True).content.decode()
    assert "A repair is under way" in again
    assert Operation.objects.filter(kind="take_access").count() == 1
    assert "Take over the access data" in shown(console, f"/console/operations/{operation.pk}/")
    assert console.post(f"{URL}4711/repair/").status_code == 404


def test_nobody_else_compares_or_repairs() -> None:
    service = renewing.service()
    drift = differs(service, "access", "take_access")
    for path in (f"{URL}compare/", f"{URL}{drift.pk}/repair/"):
        assert enter(service.buyer).post(path).status_code == 404
        assert Client().post(path).status_code == 302
    assert not Operation.objects.filter(kind="take_access").exists()
    assert not LeasedJob.objects.filter(kind=KIND).exists()


def test_it_speaks_chinese(console: Client) -> None:
    differs(renewing.service(), "left", "release")
    console.cookies["django_language"] = "zh-hans"
    page = shown(console)
    for words in ("平台与商家核对", "服务已结束，商家侧仍保留实例", "通知商家释放", "立即核对全部商家"):
        assert words in page, words
