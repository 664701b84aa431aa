"""A buyer opens a service of SaaS 1.0: its purchase is repeated for the access data (saas-v1-license A2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import override

import pytest
from django.test import Client

from tests.factories import make_buyer
from tests.factories.products import ON_DEMAND
from tests.journeys.buying import order, wait_until_delivered
from tests.journeys.opening import open_service, password_of
from tests.journeys.speaking import APP, Maker, OldSeller, old_seller, product_over, serving
from tests.kit.servers import free_port
from tests.market.working import advance, working
from tradepost.kit import AppInfo, Instance, Query
from tradepost.market.base import clock
from tradepost.market.base.models import Move
from tradepost.market.production.models import Call
from tradepost.market.production.plan import ACCESS_LIMITS
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


class ChangingV1(Maker):
    password = APP.password

    @override
    def on_query(self, command: Query, instance: Instance) -> AppInfo:
        return AppInfo(front_end_url=APP.front_end_url, user_name=APP.user_name, password=self.password)


def test_opening_repeats_the_purchase_call(page: Client, tmp_path: Path) -> None:
    """saas-v1-license A2: newInstance is re-called live each time the buyer opens "resource details"."""
    seller, port = ChangingV1(tmp_path / "kit.db", "saas_v1"), free_port()
    with serving(seller, port), working():
        held = wait_until_delivered(
            order(page, product_over("saas_v1", f"http://127.0.0.1:{port}/p"), **MONTH, periods="1")
        )
        seller.password = NEW
        open_service(page, held)
        assert password_of(page, held) == NEW
    first, again = Call.objects.order_by("pk")
    assert (again.activity, again.purpose, again.command) == ("newInstance", Call.Purpose.ACCESS, first.command)
    assert len(seller.created) == 1
    assert Subscription.objects.get().instance_id == held.instance_id


@pytest.fixture
def old() -> Iterator[OldSeller]:
    with old_seller() as seller:
        yield seller


def test_foreign_saas_v1_seller_returns_current_access_data(page: Client, old: OldSeller) -> None:
    """A2.1: businessId differs on every call; A2.2: the same order gives the same instance, with the current access data."""
    with working():
        held = wait_until_delivered(
            order(page, product_over("saas_v1", old.url), plan="ONE_TIME-", periods="1", total="500000")
        )
        old.password = NEW
        open_service(page, held)
        assert password_of(page, held) == NEW
    first, again = old.of("newInstance")
    assert first["businessId"] != again["businessId"]
    volatile = {"businessId", "timeStamp", "authToken"}
    assert {k: v for k, v in first.items() if k not in volatile} == {
        k: v for k, v in again.items() if k not in volatile
    }


@pytest.mark.slow
def test_usage_query_changes_no_access_data(page: Client, old: OldSeller) -> None:
    """A2.8: queryInstance answers appInfo as an option, userName and password within it too; A2: newInstance gives access."""
    old.usage = "12.5"
    with working():
        product = product_over("saas_v1", old.url, prices=(ON_DEMAND,))
        held = wait_until_delivered(order(page, product, plan="ON_DEMAND-", periods="1", total="0/0.00250000/0"))
        for _ in range(2):
            assert "12.5" in open_service(page, held)
            assert password_of(page, held) == APP.password
            advance(ACCESS_LIMITS.every)
    assert [call.outcome for call in calls_of_openings()] == [Call.Outcome.DONE] * 4
    assert {call.activity for call in calls_of_openings()} == {"newInstance", "queryInstance"}
    assert not Move.objects.filter(lifecycle=ACCESS_HISTORY).exists()


@pytest.mark.slow
def test_other_instance_for_the_same_purchase_is_refused(page: Client, old: OldSeller) -> None:
    """A2.2: a repeat must not change the stored instanceId, also when the buyer merely opens details."""
    with working():
        held = wait_until_delivered(
            order(page, product_over("saas_v1", old.url), plan="ONE_TIME-", periods="1", total="500000")
        )
        old.password, old.instance = NEW, "another-instance"
        assert "not responding" in open_service(page, held)
        assert password_of(page, held) == APP.password
    assert calls_of_openings()[0].last_verdict == "other_instance"
    assert Subscription.objects.get().instance_id == held.instance_id
