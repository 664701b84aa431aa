"""The seller's pages of usage (openapi-jointkit §C.5 rule 1: abnormal records appear and must be re-reported)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_member, make_seller
from tests.factories.metering import item, make_metered, make_package, package, push
from tradepost.market.base import clock
from tradepost.market.metering.models import Push, Record
from tradepost.market.subscriptions.models import Subscription

pytestmark = [pytest.mark.django_db]
HOUR = timedelta(hours=1)


@pytest.fixture
def service() -> Subscription:
    started = clock.now() - 20 * HOUR
    return make_metered(seller=make_seller(now=started), started_at=started.replace(microsecond=0))


@pytest.fixture
def owner(service: Subscription, client: Client) -> Client:
    user = make_buyer(balance="0")
    make_member(service.seller, user)
    client.force_login(user)
    return client


def push_usage(service: Subscription, *items: object) -> None:
    push(service.seller, items, now=clock.now())


def usage_item(service: Subscription, hour: int, value: str = "1.5", **changed: Any) -> dict[str, object]:
    assert service.started_at
    return item(service, service.started_at + hour * HOUR, value, **changed)


def test_records_are_filtered_by_instance_day_and_push(owner: Client, service: Subscription) -> None:
    push_usage(service, usage_item(service, 0, "1234.5", sn="first"))
    push_usage(service, usage_item(service, 1, sn="second"))
    page = owner.get("/seller/usage/", headers={"accept-language": "en"}).content.decode()
    assert "1,234.5 calls" in page
    assert service.instance_id in page
    first = Push.objects.order_by("pk")[0]
    for query, shown in (
        (f"q={service.instance_id}", {"first", "second"}), ("q=i-of-nobody", set()), ("day=2001-01-01", set()),
        (f"push={first.pk}", {"first"}), ("push=999999", set()), ("state=voided", set()), ("day=x&push=y", {"first", "second"}),
    ):  # fmt: skip
        page = owner.get(f"/seller/usage/?{query}").content.decode()
        assert {sn for sn in ("first", "second") if f">{sn}<" in page} == shown, query


def test_refused_record_shows_reason_and_instructions(owner: Client, service: Subscription) -> None:
    push_usage(
        service, usage_item(service, 0, "0"), usage_item(service, 1, begin_time="20010101T000000Z", sn="<b>old</b>")
    )
    page = owner.get("/seller/usage/refused/", headers={"accept-language": "en"}).content.decode()
    assert "Send a number above 0" in page
    assert "The start time is too long ago" in page
    assert "<b>old" not in page
    assert "&lt;b&gt;old" in page
    assert (
        "Send a number"
        not in owner.get("/seller/usage/refused/?code=007", headers={"accept-language": "en"}).content.decode()
    )
    assert "2" in owner.get("/seller/usage/pushes/?state=refused").content.decode()


def test_usage_of_another_seller_is_not_found(owner: Client, service: Subscription) -> None:
    other = make_metered(started_at=NOW)
    push(other.seller, [item(other, NOW, sn="theirs"), {}], now=NOW + HOUR)
    theirs = Record.objects.get()
    assert owner.get(f"/seller/usage/records/{theirs.pk}/").status_code == 404
    assert owner.post(f"/seller/usage/records/{theirs.pk}/void/", {"reason": "x"}).status_code == 404
    for path in (
        "",
        "refused/",
        "pushes/",
        f"?push={theirs.push_id}",
        f"refused/?push={theirs.push_id}",
        "export/records.csv",
    ):
        page = owner.get(f"/seller/usage/{path}").content.decode()
        assert "theirs" not in page
        assert f"push={theirs.push_id}&" not in page
    assert Record.objects.count() == 1


def test_record_is_voided_with_a_reason(owner: Client, service: Subscription) -> None:
    push_usage(service, usage_item(service, 0))
    record = Record.objects.get()
    address = f"/seller/usage/records/{record.pk}/"
    refused = owner.post(f"{address}void/", {"reason": " "})
    assert refused.status_code == 422
    assert "invalid-feedback" in refused.content.decode()
    assert Record.objects.count() == 1
    assert owner.post(f"{address}void/", {"reason": "counted twice"}).status_code == 302
    page = owner.get(address).content.decode()
    assert "counted twice" in page
    assert "void/" not in page
    assert owner.post(f"{address}void/", {"reason": "again"}).status_code == 422
    assert Record.objects.count() == 2


def test_export_is_limited_and_runs_no_formula(owner: Client, service: Subscription, monkeypatch) -> None:
    monkeypatch.setattr("tradepost.market.sites.seller_center.usage.MAX_EXPORTED", 2)
    push_usage(
        service,
        usage_item(service, 0, sn="=1+1"),
        usage_item(service, 1),
        usage_item(service, 2, "7"),
        usage_item(service, 3, "0", sn="@x"),
    )
    answer = owner.get("/seller/usage/export/records.csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert answer["Content-Disposition"] == 'attachment; filename="usage-records.csv"'
    assert len(lines) == 3
    assert ",7," in lines[1]
    wrong = owner.get("/seller/usage/export/refused.csv").content.decode("utf-8-sig").splitlines()
    assert ",'@x,003," in wrong[1]
    assert owner.get("/seller/usage/export/other.csv").status_code == 404


def test_sold_packages_show_their_remaining_quantity(client: Client) -> None:
    started = clock.now() - 20 * HOUR
    service = make_metered(
        packages=(package(100, stops_when_used_up=True),), seller=make_seller(now=started),
        started_at=started.replace(microsecond=0),
    )  # fmt: skip
    bought_package = make_package(service, now=started)
    user, other = make_buyer(balance="0"), make_buyer(balance="0")
    make_member(service.seller, user)
    make_member(make_seller(), other)
    client.force_login(user)
    page = client.get("/seller/usage/packages/", headers={"accept-language": "en"}).content.decode()
    for shown in (
        "100 calls",
        bought_package.subscription.instance_id,
        service.instance_id,
        "relate_pkg_instance",
        "In use",
    ):
        assert shown in page, shown
    client.force_login(other)
    assert bought_package.subscription.instance_id not in client.get("/seller/usage/packages/").content.decode()
