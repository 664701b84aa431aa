"""What all services of a product used and were charged, hour by hour: kept, and the same as their records and charges say."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F, Sum

from tests.factories import NOW, make_buyer, make_order, make_seller
from tests.factories.buying import make_subscription
from tests.factories.metering import ZONE, item, make_metered, on_demand, push
from tradepost.market.base import jobs
from tradepost.market.billing import charge as charging
from tradepost.market.billing.chart_queries import chart_of_service, charts_of_product
from tradepost.market.billing.models import Charge, ProductHour
from tradepost.market.billing.spans import Grain, Span
from tradepost.market.billing.tally import tally
from tradepost.market.metering import collect
from tradepost.market.metering.events import CollectionClosed
from tradepost.market.metering.models import Collection, Record
from tradepost.market.metering.void import void
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = NOW + 12 * HOUR
YUAN = on_demand(amount=Decimal(1))


def collected(cycle: str = "hour") -> Collection:
    """Close, charge and tally as the timers do."""
    closed = collect.close(cycle, now=LATER)
    assert closed is not None
    charging.on_collection_closed(CollectionClosed(collection=closed.pk), LATER)
    while jobs.run_due({charging.TIMER: charging.run}, now=LATER, limit=5):
        pass
    return closed


@pytest.fixture
def services() -> tuple[Subscription, Subscription]:
    """Two of one product."""
    first = make_metered(price=YUAN, seller=make_seller(), buyer=make_buyer())
    return first, make_subscription(make_order(make_buyer(), offer=first.offer, paid=True), instance_id="i-second")


def kept() -> list[tuple[int, int, int]]:
    """Hours since the beginning, quantity, coins."""
    return [
        ((one.hour - NOW.replace(minute=0)) // HOUR, one.quantity // 10_000, one.minor)
        for one in ProductHour.objects.order_by("hour")
    ]


def test_services_of_a_product_are_one_sum(services: tuple[Subscription, Subscription]) -> None:
    for n, service in enumerate(services):
        push(service.seller, [item(service, NOW, 3 + n), item(service, NOW + HOUR, 1)], now=LATER)
    closed = collected()
    assert kept() == [(0, 7, 0), (1, 2, 0), (12, 0, 900)]
    assert not tally(closed, zone=ZONE), "it is added once"
    assert sum(quantity for _hour, quantity, _minor in kept()) == 9
    void(Record.objects.earliest("pk"), reason="twice", actor="x", within=21 * 24 * HOUR, zone=ZONE, now=LATER)
    collected()
    assert kept() == [(0, 4, 0), (1, 2, 0), (12, 0, 600)]


def test_it_is_what_records_and_charges_say(services: tuple[Subscription, Subscription]) -> None:
    first, second = services
    push(first.seller, [item(first, NOW + n * HOUR, n + 1) for n in range(5)], now=LATER)
    collected()
    push(first.seller, [item(second, NOW + n * HOUR, n + 1) for n in range(3)], now=LATER)
    collected()
    sums = ProductHour.objects.aggregate(quantity=Sum("quantity"), minor=Sum("minor"))
    assert sums["quantity"] == Record.objects.aggregate(total=Sum(F("sign") * F("quantity")))["total"]
    assert sums["minor"] == Charge.objects.aggregate(total=Sum("minor"))["total"]


def test_a_product_and_its_one_service_have_the_same_chart() -> None:
    service = make_metered(price=YUAN)
    push(service.seller, [item(service, NOW, "1.5"), item(service, NOW + 3 * HOUR, 2)], now=LATER)
    collected()
    for span in (Span.month_of(NOW.astimezone(ZONE).date(), ZONE), Span.day_of(NOW.astimezone(ZONE).date(), ZONE)):
        own = chart_of_service(service, span, now=LATER)
        [of_product] = charts_of_product(service.product, span, now=LATER)
        assert own is not None
        assert own.used == Decimal("3.5")
        assert own.bars == of_product.bars
        assert own.charged.minor == (350 if span.grain == Grain.DAY else 0), "charged in the night"


def test_what_is_counted_otherwise_is_a_chart_of_its_own(services: tuple[Subscription, Subscription]) -> None:
    first, _second = services
    push(first.seller, [item(first, NOW, 3)], now=LATER)
    collected()
    ProductHour.objects.create(
        product=first.product,
        unit="GB",
        unit_en="GB",
        currency="CNY",
        hour=NOW.replace(minute=0),
        quantity=50_000,
        minor=5,
    )
    charts = charts_of_product(first.product, Span.month_of(NOW.astimezone(ZONE).date(), ZONE), now=LATER)
    assert {chart.unit_en: chart.used for chart in charts} == {"GB": Decimal(5), "calls": Decimal(3)}
    [earlier] = charts_of_product(first.product, Span.month_of(NOW.date() - timedelta(days=60), ZONE), now=LATER)
    assert earlier.is_empty
