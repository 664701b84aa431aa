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
    """In use since four days, three units a day until now, of which half is owed; charged a moment ago."""
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


def seen(client: Client, user: Any, address: str) -> str:
    client.force_login(user)
    answer = client.get(address, headers={"accept-language": "en"})
    assert answer.status_code == 200, address
    return answer.content.decode().replace("\xa0", " ")


def numbers(page: str) -> list[tuple[float, float]]:
    """Of the table that the chart is drawn from."""
    found = re.findall(r'data-used="([\d.]+)"\s+data-charged="([\d.]+)"', page)
    return [(float(used), float(charged)) for used, charged in found]


def test_a_buyer_sees_days_hours_and_what_the_month_will_cost(client: Client, service: Subscription) -> None:
    address = f"/services/{service.pk}/usage/"
    today = clock.now().astimezone(ZONE).date()
    # The first days of the service may be of the month before.
    months = {(today - n * DAY).strftime("%Y-%m") for n in range(5)}
    pages = {month: seen(client, service.buyer, f"{address}?month={month}") for month in months}
    rows = [row for page in pages.values() for row in numbers(page)]
    assert (sum(used for used, _ in rows), sum(charged for _, charged in rows)) == (12, 12)
    page = pages[f"{today:%Y-%m}"]
    assert 'data-chart="usage-1-rows"' in page
    assert 'id="usage-1-rows"' in page
    assert "<script>" not in page
    if today.day < 28:  # later too little of the month is left to tell
        assert "Expected for the month" in page
        assert "3 calls a day" in page
    of_day = seen(client, service.buyer, f"{address}?day={today - DAY}")
    assert sum(used for used, _ in numbers(of_day)) == 3
    assert len(numbers(of_day)) == 24
    assert "Expected for the month" not in of_day
    # What cannot be read, and what has not come yet, is this month.
    for query in ("month=2999-01", "day=x", "month=0000-13", "day=2999-01-01", "month=9999-12"):
        assert f"{today:%B} " in seen(client, service.buyer, f"{address}?{query}")
    empty = seen(client, service.buyer, f"{address}?month=2020-02")
    assert "No usage in this time" in empty
    assert "data-chart" not in empty


def test_the_file_holds_the_numbers_of_the_page(client: Client, service: Subscription) -> None:
    day = clock.now().astimezone(ZONE).date() - DAY
    client.force_login(service.buyer)
    answer = client.get(f"/services/{service.pk}/usage/usage.csv?day={day}", headers={"accept-language": "en"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert (lines[0], len(lines)) == ("Begins at,Usage,Unit,Amount charged,Currency", 25)
    assert sum(Decimal(line.split(",")[1]) for line in lines[1:]) == 3
    client.force_login(make_buyer())
    for path in ("", "usage.csv"):
        assert client.get(f"/services/{service.pk}/usage/{path}").status_code == 404


def test_a_seller_sees_a_product_and_each_of_its_services(client: Client, service: Subscription) -> None:
    owner, helper = make_buyer(), make_buyer()
    make_member(service.seller, owner)
    month = service.started_at.astimezone(ZONE).strftime("%Y-%m")  # type: ignore[union-attr]
    of_product = seen(client, owner, f"/seller/usage/chart/?month={month}")
    of_service = seen(client, owner, f"/seller/usage/chart/?q={service.instance_id}&month={month}")
    assert numbers(of_product) == numbers(of_service) != []
    assert "No usage of such an instance" in seen(client, owner, "/seller/usage/chart/?q=i-of-nobody")
    other = make_metered()
    assert "No usage of such an instance" in seen(client, owner, f"/seller/usage/chart/?q={other.instance_id}")
    answer = client.get(f"/seller/usage/chart/usage.csv?month={month}")
    assert answer["Content-Disposition"] == f'attachment; filename="usage-product-{service.product_id}.csv"'
    # A product that was granted to one member exists for that member and the owner alone (§1.7).
    reads = make_group(service.seller, trade="read")
    make_member(service.seller, helper, reads)
    assert numbers(seen(client, helper, f"/seller/usage/chart/?month={month}"))
    holder = make_member(service.seller, make_buyer(), reads)
    grants.grant(holder, [service.product], by="owner", now=clock.now())
    assert "No usage was collected yet" in seen(client, helper, "/seller/usage/chart/")
    assert "No usage of such an instance" in seen(client, helper, f"/seller/usage/chart/?q={service.instance_id}")
    assert numbers(seen(client, holder.user, f"/seller/usage/chart/?month={month}"))


def test_from_charge_to_push_in_three_steps_and_back(client: Client, service: Subscription) -> None:
    """charge → its accumulation and records → a record → its push; and from the record to its charge."""
    owner, operator = make_buyer(), make_operator()
    make_member(service.seller, owner)
    one = Charge.objects.order_by("pk").first()
    assert one is not None
    link = f"/seller/usage/charges/{one.pk}/"
    assert f'href="{link}"' in seen(client, owner, "/seller/usage/charges/")
    page = seen(client, owner, link)
    assert "How it came about" in page
    [record, *_more] = re.findall(r'href="(/seller/usage/records/\d+/)"', page)
    shown = seen(client, owner, record)
    assert f'href="{link}"' in shown
    [push_list] = re.findall(r'href="(/seller/usage/\?push=\d+)"', shown)
    assert service.instance_id in seen(client, owner, push_list)
    assert "How it came about" in seen(client, operator, f"/console/usage/charges/{one.pk}/")
    assert f"/console/usage/charges/{one.pk}/" in seen(
        client, operator, f"/console/usage/charges/?buyer={one.buyer_id}"
    )
    client.force_login(make_buyer())
    assert client.get(f"/charges/{one.pk}/").status_code == 404


def test_an_operator_sees_who_owes_where_the_money_is_entered_and_in_the_queue(
    client: Client, service: Subscription
) -> None:
    """business-rules §4.4: V0 is frozen at once; the queue holds who is frozen, by when all is deleted."""
    operator, now = make_operator(), clock.now()
    arrears.on_debt_changed(DebtChanged(buyer=service.buyer_id, currency="CNY"), now, levels=LEVELS)
    found = arrears.standing(service.buyer, "CNY")
    assert found is not None
    assert str(service.buyer) not in seen(client, operator, "/console/queue/")
    arrears.run({"arrears": found.pk}, now)
    assert str(service.buyer) in seen(client, operator, "/console/queue/?source=arrears")
    assert f'href="/console/usage/charges/?buyer={service.buyer_id}"' in seen(
        client, operator, "/console/usage/arrears/"
    )
    page = seen(client, operator, f"/console/accounts/{service.buyer_id}/")
    assert "¥ 6.00 is owed for usage." in page
