"""Interface messages and the console's calls are filtered by a time, which is in the address (issue 27, item 7)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import factories
from tests.market.sites.seller_center.shops import enter, make_shop
from tradepost.market.base import clock
from tradepost.market.production.models import Call

pytestmark = pytest.mark.django_db
AGES = {
    "hour": timedelta(hours=1),
    "days": timedelta(days=3),
    "weeks": timedelta(days=20),
    "months": timedelta(days=70),
}


class Market:
    """Calls of one seller of different ages, oldest first, each with its own activity name."""

    def __init__(self) -> None:
        self.shop = make_shop()
        address, self.now = factories.make_address(self.shop.seller), clock.now()
        for name, age in reversed(AGES.items()):
            Call.objects.create(
                seller=self.shop.seller, address=address, protocol=address.protocol, kind="Query", activity=f"call-{name}",
                command={}, created_at=self.now - age, due_at=self.now - age, purpose="order",
            )  # fmt: skip

    def day(self, age: timedelta) -> str:
        local: datetime = timezone.localtime(self.now - age, timezone.get_default_timezone())
        return local.date().isoformat()


@pytest.fixture(params=["seller", "operator"])
def call_list(request: pytest.FixtureRequest) -> tuple[Market, Client, str]:
    market = Market()
    if request.param == "seller":
        return market, enter(market.shop.owner), "/seller/messages/"
    client = Client(headers={"accept-language": "en"})
    client.force_login(factories.make_operator())
    return market, client, "/console/calls/"


def names_at(client: Client, address: str, *, status: int = 200) -> set[str]:
    page = client.get(address)
    assert page.status_code == status
    return {name for name in AGES if f"call-{name}" in page.content.decode()}


@pytest.mark.parametrize(
    ("last", "names"),
    [
        ("", {"hour", "days", "weeks", "months"}), ("24h", {"hour"}), ("7d", {"hour", "days"}),
        ("30d", {"hour", "days", "weeks"}), ("nonsense", {"hour", "days", "weeks", "months"}),
    ],
)  # fmt: skip
def test_period_before_now_filters_calls(call_list: tuple[Market, Client, str], last: str, names: set[str]) -> None:
    _market, client, path = call_list
    assert names_at(client, f"{path}?last={last}") == names


def test_first_and_last_day_are_included(call_list: tuple[Market, Client, str]) -> None:
    market, client, path = call_list
    first, last = market.day(AGES["weeks"]), market.day(AGES["days"])
    assert names_at(client, f"{path}?from={first}&to={last}") == {"weeks", "days"}
    assert names_at(client, f"{path}?to={first}") == {"weeks", "months"}
    assert names_at(client, f"{path}?from={last}&last=30d") == {"hour", "days"}, (
        "days that were typed count before a span"
    )


def test_wrong_days_show_no_rows_and_an_explanation(call_list: tuple[Market, Client, str]) -> None:
    market, client, path = call_list
    first, last = market.day(AGES["weeks"]), market.day(AGES["days"])
    assert names_at(client, f"{path}?from=tomorrow", status=422) == set()
    answer = client.get(f"{path}?from={last}&to={first}")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The last day is before the first." in page
    assert not any(f"call-{name}" in page for name in AGES)


def test_period_is_kept_with_other_filters_and_pages(call_list: tuple[Market, Client, str]) -> None:
    _market, client, path = call_list
    page = client.get(f"{path}?last=7d&state=waiting").content.decode()
    assert "checked" in page[page.index('value="7d"') :][:120]
    assert "call-days" in page
    assert "call-weeks" not in page


def test_list_is_read_by_its_key(call_list: tuple[Market, Client, str]) -> None:
    """No index on the time is needed: keys grow with it. Of an old table only rows of the time are read."""
    _market, client, path = call_list
    with CaptureQueriesContext(connection) as captured:
        client.get(f"{path}?last=7d")
    [listing] = [
        query["sql"]
        for query in captured
        if "created_at" in query["sql"] and '"production_call"."id" DESC' in query["sql"]
    ]
    assert '"production_call"."id" >=' in listing
