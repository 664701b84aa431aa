"""The chart of usage and its table, for buyer and seller, and each amount explained on three sites (pages.md, Usage)."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_buyer, make_member, make_operator, make_seller
from tests.factories.metering import ZONE, item, make_metered, on_demand, push
from tests.factories.people import make_group
from tradepost.market.base import clock, jobs
from tradepost.market.billing import arrears, charge
from tradepost.market.billing.events import DebtChanged
from tradepost.market.billing.models import Charge
from tradepost.market.catalog import grants
from tradepost.market.metering import collect
from tradepost.market.metering.events import CollectionClosed
from tradepost.market.subscriptions.levels import levels_of
from tradepost.market.subscriptions.models import Subscription

pytestmark = [pytest.mark.django_db]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEVELS = levels_of(default="V0", grace_days=(0, 0, 0, 1, 7, 7), retention_days=(1, 7, 7, 7, 15, 15))


@pytest.fixture
def service() -> Subscription:
    """In use for four days, three units a day until now, half of which is owed; charged a moment ago."""
    now = clock.now().replace(microsecond=0)
    started = now - 4 * DAY
    service = make_metered(
        price=on_demand(amount=Decimal(1)), seller=make_seller(now=started), buyer=make_buyer(balance="6"), started_at=started
    )  # fmt: skip
    push(service.seller, [item(service, started + n * 8 * HOUR, 1, hours=8) for n in range(12)], now=now)
    closed = collect.close("hour", now=now)
    assert closed is not None
    charge.on_collection_closed(CollectionClosed(collection=closed.pk), now)
    while jobs.run_due({charge.TIMER: charge.run}, now=now, limit=5):
        pass
    return service


def page_at(client: Client, user: Any, address: str) -> str:
    client.force_login(user)
    answer = client.get(address, headers={"accept-language": "en"})
    assert answer.status_code == 200, address
    return answer.content.decode().replace("\xa0", " ")


def numbers(page: str) -> list[tuple[float, float]]:
    """The table from which the chart is drawn."""
    points = re.findall(r'data-used="([\d.]+)"\s+data-charged="([\d.]+)"', page)
    return [(float(used), float(charged)) for used, charged in points]


@pytest.mark.slow
def test_buyer_sees_days_hours_and_the_forecast_of_the_month(client: Client, service: Subscription) -> None:
    address = f"/services/{service.pk}/usage/"
    today = clock.now().astimezone(ZONE).date()
    # The first days of the service may be in the previous month.
    months = {(today - n * DAY).strftime("%Y-%m") for n in range(5)}
    pages = {month: page_at(client, service.buyer, f"{address}?month={month}") for month in months}
    rows = [row for page in pages.values() for row in numbers(page)]
    assert (sum(used for used, _ in rows), sum(charged for _, charged in rows)) == (12, 12)
    used = (clock.now() - 8 * HOUR).astimezone(ZONE)
    page = pages[f"{used:%Y-%m}"]
    assert 'data-chart="usage-1-rows"' in page
    assert 'id="usage-1-rows"' in page
    assert "<script>" not in page
    if used.month == today.month and today.day < 28:  # later, too little of the month is left for the test
        assert "Expected for the month" in page
        assert "3 calls a day" in page
    of_day = page_at(client, service.buyer, f"{address}?day={today - DAY}")
    assert sum(used for used, _ in numbers(of_day)) == 3
    assert len(numbers(of_day)) == 24
    assert "Expected for the month" not in of_day
    # Invalid and future months are replaced by the current one.
    for query in ("month=2999-01", "day=x", "month=0000-13", "day=2999-01-01", "month=9999-12"):
        assert f"{today:%B} " in page_at(client, service.buyer, f"{address}?{query}")
    empty = page_at(client, service.buyer, f"{address}?month=2020-02")
    assert "No usage in this period" in empty
    assert "data-chart" not in empty


def test_file_contains_the_numbers_of_the_page(client: Client, service: Subscription) -> None:
    day = clock.now().astimezone(ZONE).date() - DAY
    client.force_login(service.buyer)
    answer = client.get(f"/services/{service.pk}/usage/usage.csv?day={day}", headers={"accept-language": "en"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert (lines[0], len(lines)) == ("Begins at,Usage,Unit,Amount charged,Currency", 25)
    assert sum(Decimal(line.split(",")[1]) for line in lines[1:]) == 3
    client.force_login(make_buyer())
    for path in ("", "usage.csv"):
        assert client.get(f"/services/{service.pk}/usage/{path}").status_code == 404


@pytest.mark.slow
def test_seller_sees_a_product_and_each_of_its_services(client: Client, service: Subscription) -> None:
    owner, helper = make_buyer(), make_buyer()
    make_member(service.seller, owner)
    month = service.started_at.astimezone(ZONE).strftime("%Y-%m")  # type: ignore[union-attr]
    of_product = page_at(client, owner, f"/seller/usage/chart/?month={month}")
    of_service = page_at(client, owner, f"/seller/usage/chart/?q={service.instance_id}&month={month}")
    assert numbers(of_product) == numbers(of_service) != []
    assert "No usage of this instance" in page_at(client, owner, "/seller/usage/chart/?q=i-of-nobody")
    other = make_metered()
    assert "No usage of this instance" in page_at(client, owner, f"/seller/usage/chart/?q={other.instance_id}")
    answer = client.get(f"/seller/usage/chart/usage.csv?month={month}")
    assert answer["Content-Disposition"] == f'attachment; filename="usage-product-{service.product_id}.csv"'
    # A product granted to one member exists only for that member and the owner (§1.7).
    reads = make_group(service.seller, trade="read")
    make_member(service.seller, helper, reads)
    assert numbers(page_at(client, helper, f"/seller/usage/chart/?month={month}"))
    holder = make_member(service.seller, make_buyer(), reads)
    grants.grant(holder, [service.product], by="owner", now=clock.now())
    assert "No usage was collected yet" in page_at(client, helper, "/seller/usage/chart/")
    assert "No usage of this instance" in page_at(client, helper, f"/seller/usage/chart/?q={service.instance_id}")
    assert numbers(page_at(client, holder.user, f"/seller/usage/chart/?month={month}"))


def test_charge_links_to_its_push_in_three_steps_and_back(client: Client, service: Subscription) -> None:
    """charge → its accumulation and records → a record → its push; and from the record to its charge."""
    owner, operator = make_buyer(), make_operator()
    make_member(service.seller, owner)
    charge = Charge.objects.order_by("pk").first()
    assert charge is not None
    link = f"/seller/usage/charges/{charge.pk}/"
    # Usage of two months is two charges: the list shows one line for the day, which links to each.
    of_the_day = f"/seller/usage/charges/?service={service.pk}&day={charge.at.astimezone(ZONE).date()}"
    assert f'href="{link}"' in page_at(client, owner, of_the_day)
    page = page_at(client, owner, link)
    assert "Charge calculation" in page
    [record, *_more] = re.findall(r'href="(/seller/usage/records/\d+/)"', page)
    shown = page_at(client, owner, record)
    assert f'href="{link}"' in shown
    [push_list] = re.findall(r'href="(/seller/usage/\?push=\d+)"', shown)
    assert service.instance_id in page_at(client, owner, push_list)
    assert "Charge calculation" in page_at(client, operator, f"/console/usage/charges/{charge.pk}/")
    assert f"/console/usage/charges/{charge.pk}/" in page_at(
        client, operator, f"/console{of_the_day.removeprefix('/seller')}"
    )
    client.force_login(make_buyer())
    assert client.get(f"/charges/{charge.pk}/").status_code == 404


def test_operator_sees_the_debtor_on_the_money_pages_and_in_the_queue(client: Client, service: Subscription) -> None:
    """business-rules §4.4: V0 is frozen immediately; the queue lists frozen buyers with their deletion dates."""
    operator, now = make_operator(), clock.now()
    arrears.on_debt_changed(DebtChanged(buyer=service.buyer_id, currency="CNY"), now, levels=LEVELS)
    open_arrears = arrears.open_arrears(service.buyer, "CNY")
    assert open_arrears is not None
    assert str(service.buyer) not in page_at(client, operator, "/console/queue/")
    arrears.run({"arrears": open_arrears.pk}, now)
    assert str(service.buyer) in page_at(client, operator, "/console/queue/?source=arrears")
    assert f'href="/console/usage/charges/?buyer={service.buyer_id}"' in page_at(
        client, operator, "/console/usage/arrears/"
    )
    page = page_at(client, operator, f"/console/accounts/{service.buyer_id}/")
    assert "You owe ¥ 6.00 for usage." in page
