"""From the order form to the access data, over the real pages, engine, kit and open API, without a browser."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_buyer
from tests.factories.products import MONTHLY, ONCE, SEATS, YEARLY, make_spec
from tests.journeys.buying import order, wait_until_delivered
from tests.journeys.sellers import product_at, sample_seller, serving
from tests.market.working import working
from tests.waiting import until
from tradepost.market.base.models import WorkerProcess
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.production.engine import Engine
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_buyer())
    return client


def test_buyer_reads_access_data_of_the_sample_seller_on_the_page(page: Client, tmp_path: Path) -> None:
    """saas-v2 §3.1, §3.2: newInstance, then queryInstance for address, account and password."""
    with sample_seller(tmp_path) as url, working():
        held = wait_until_delivered(order(page, product_at(url), plan="PERIOD-month", periods="3", total="30000"))
    access = access_data(held)
    assert access is not None
    assert held.status == Subscription.Status.ACTIVE
    shown = page.get(f"/services/{held.pk}/").content.decode()
    assert access.front_end_url in shown
    assert access.front_end_url.startswith(url.removesuffix("/produce") + "/login/")
    assert access.user_name in shown
    assert access.password not in shown
    assert page.post(f"/services/{held.pk}/password/").content.decode() == access.password
    paid = [entry for one in Transfer.objects.all() for entry in one.entries.all()]
    assert sum(entry.amount_minor for entry in paid) == 0
    assert ledger.verify().problems == ()


@pytest.mark.parametrize(
    ("choice", "total", "months"),
    [(("PERIOD-month", "6"), "60000", 6), (("PERIOD-year", "2"), "200000", 24), (("ONE_TIME-", "1"), "500000", None)],
)
def test_period_ends_by_the_calendar_and_single_purchase_never(
    page: Client, tmp_path: Path, choice: tuple[str, str], total: str, months: int | None
) -> None:
    with serving(tmp_path) as shop, working():
        product = product_at(shop.url, prices=(MONTHLY, YEARLY, ONCE))
        held = wait_until_delivered(order(page, product, plan=choice[0], periods=choice[1], total=total))
    assert held.started_at is not None
    if months is None:
        assert held.expires_at is None
        return
    assert held.expires_at is not None
    begins, ends = timezone.localtime(held.started_at), timezone.localtime(held.expires_at)
    assert (ends.year * 12 + ends.month) - (begins.year * 12 + begins.month) == months
    assert ends.time() == begins.time()
    assert ends.day == min(begins.day, monthrange(ends.year, ends.month)[1])


def test_seller_queries_the_order_for_quantity_and_extension_parameters(
    page: Client, tmp_path: Path, live_server: Any
) -> None:
    """openapi-jointkit §C.4: the seller asks with its access key for the order that newInstance named."""
    params = [{"name": "domain", "label": "企业域名", "label_en": "Company domain", "required": True}]
    with serving(tmp_path) as shop, working():
        product = product_at(
            shop.url, shop=shop, market=live_server.url, extend_params=params,
            specs=(make_spec(SEATS, name="标准", name_en="Standard"),),
        )  # fmt: skip
        placed = order(
            page,
            product,
            plan="PERIOD-month",
            periods="3",
            quantity="7",
            total="210000",
            param_domain="lantian.example",
        )
        wait_until_delivered(placed)
    [asked], [told] = shop.created, shop.orders
    assert (asked.order_id, told.order_id) == (placed.number, placed.number)
    [line] = told.lines
    assert line.order_line_id == asked.order_line_id
    assert [(p.name, p.value) for p in line.extend_params] == [("domain", "lantian.example")]
    assert [p.linear_value for p in line.products] == [7]


def test_market_does_not_wait_for_access_data_sent_by_message(page: Client, tmp_path: Path) -> None:
    """saas-v2 §3.2: silent only when the seller delivers address and account by SMS or mail."""
    with serving(tmp_path, by_message=True) as shop, working():
        placed = order(page, product_at(shop.url, access_by_message=True), plan="PERIOD-month", total="10000")
        held = wait_until_delivered(placed)
    assert held.status == Subscription.Status.ACTIVE
    text = page.get(f"/orders/{placed.number}/").content.decode()
    assert "If you have not received it by email or text message, contact the seller." in text


@pytest.fixture
def two_workers() -> Iterator[tuple[Engine, Engine]]:
    """Yield two workers. Neither can do all the work alone, since each has at most eight open calls. They wait for the
    seller for as long as this machine takes to place all orders: a call that timed out would be repeated, and the test
    expects one attempt each."""
    wait = 60.0
    with (
        working(name="first of two", capacity=8, timeout=wait) as first,
        working(name="second of two", capacity=8, timeout=wait) as second,
    ):
        yield first, second


@pytest.mark.slow
def test_two_workers_share_the_calls_and_make_each_once(
    tmp_path: Path, two_workers: tuple[Engine, Engine], page: Client
) -> None:
    with serving(tmp_path) as shop:
        product = product_at(shop.url)
        shop.open.clear()
        placed = [order(page, product, plan="PERIOD-month", total="10000") for _ in range(25)]
        until(lambda: all(engine.claimed for engine in two_workers), within=30, what="both work")
        shop.open.set()
        until(
            lambda: Order.objects.filter(status=Order.Status.COMPLETED).count() == len(placed),
            within=40,
            what="all complete",
        )
    assert sorted(one.order_id for one in shop.created) == sorted(one.number for one in placed), "each asked once"
    assert Subscription.objects.filter(status=Subscription.Status.ACTIVE).count() == len(placed)
    assert len(set(Subscription.objects.values_list("instance_id", flat=True))) == len(placed)
    assert Attempt.objects.count() == Call.objects.count() == 2 * len(placed)
    until(
        lambda: sum(WorkerProcess.objects.values_list("recorded", flat=True)) == 2 * len(placed),
        what="both tell their work",
    )
    assert WorkerProcess.objects.filter(recorded__gt=0).count() == 2
