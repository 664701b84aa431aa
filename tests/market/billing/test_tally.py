"""Stored usage and charges of a product's services per hour equal their records and charges."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F, Sum

from tests.factories import NOW, make_buyer, make_order, make_seller
from tests.factories.buying import make_subscription
from tests.factories.metering import ZONE, item, make_metered, on_demand, push
from tests.market.billing.tallying import HOUR, LATER, collected
from tradepost.market.billing.chart_queries import chart_of_service, charts_of_product
from tradepost.market.billing.models import Charge, ProductHour, TalliedCollection
from tradepost.market.billing.spans import Span
from tradepost.market.billing.tally import tally
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
YUAN = on_demand(amount=Decimal(1))


@pytest.fixture
def services() -> tuple[Subscription, Subscription]:
    """Two services of one product."""
    first = make_metered(price=YUAN, seller=make_seller(), buyer=make_buyer())
    return first, make_subscription(make_order(make_buyer(), offer=first.offer, paid=True), instance_id="i-second")


def stored_hours() -> list[tuple[int, int, int]]:
    """Return hour since the beginning, quantity and minor units of each stored row."""
    return [
        ((product_hour.hour - NOW.replace(minute=0)) // HOUR, product_hour.quantity // 10_000, product_hour.minor)
        for product_hour in ProductHour.objects.order_by("hour")
    ]


def test_services_of_a_product_are_summed(services: tuple[Subscription, Subscription]) -> None:
    for n, service in enumerate(services):
        push(service.seller, [item(service, NOW, 3 + n), item(service, NOW + HOUR, 1)], now=LATER)
    collection = collected()
    assert stored_hours() == [(0, 7, 700), (1, 2, 200)]
    assert not tally(collection, zone=ZONE), "a collection is added once"
    assert sum(quantity for _hour, quantity, _minor in stored_hours()) == 9
    void(Record.objects.earliest("pk"), reason="twice", actor="x", within=21 * 24 * HOUR, zone=ZONE, now=LATER)
    collected()
    assert stored_hours() == [(0, 4, 400), (1, 2, 200)]


def test_each_services_charge_is_shown_at_its_own_usage() -> None:
    """Services accumulate from the same start; the charge of one is not spread over the usage of another (decision
    0097)."""
    monthly = on_demand(amount=Decimal(1), accumulation="month")
    first = make_metered(price=monthly, seller=make_seller(), buyer=make_buyer())
    second = make_subscription(make_order(make_buyer(), offer=first.offer, paid=True), instance_id="i-second")
    for service, at in ((first, NOW), (second, NOW + HOUR)):
        push(service.seller, [item(service, at, 1)], now=LATER)
    collection = collected()
    assert len(set(Charge.objects.values_list("accumulation__start", flat=True))) == 1
    Charge.objects.filter(subscription=first).update(minor=1_000)  # as if at another price
    ProductHour.objects.all().delete()
    TalliedCollection.objects.all().delete()
    assert tally(collection, zone=ZONE)
    assert stored_hours() == [(0, 1, 1_000), (1, 1, 100)]


def test_tally_equals_records_and_charges(services: tuple[Subscription, Subscription]) -> None:
    first, second = services
    push(first.seller, [item(first, NOW + n * HOUR, n + 1) for n in range(5)], now=LATER)
    collected()
    push(first.seller, [item(second, NOW + n * HOUR, n + 1) for n in range(3)], now=LATER)
    collected()
    sums = ProductHour.objects.aggregate(quantity=Sum("quantity"), minor=Sum("minor"))
    assert sums["quantity"] == Record.objects.aggregate(total=Sum(F("sign") * F("quantity")))["total"]
    assert sums["minor"] == Charge.objects.aggregate(total=Sum("minor"))["total"]


def test_product_and_its_only_service_have_the_same_chart() -> None:
    service = make_metered(price=YUAN)
    push(service.seller, [item(service, NOW, "1.5"), item(service, NOW + 3 * HOUR, 2)], now=LATER)
    collected()
    for span in (Span.month_of(NOW.astimezone(ZONE).date(), ZONE), Span.day_of(NOW.astimezone(ZONE).date(), ZONE)):
        service_chart = chart_of_service(service, span, now=LATER)
        [of_product] = charts_of_product(service.product, span, now=LATER)
        assert service_chart is not None
        assert service_chart.used == Decimal("3.5")
        assert service_chart.bars == of_product.bars
        assert service_chart.charged.minor == 350, "by the time of use, although charged at night"


def test_units_counted_differently_have_separate_charts(services: tuple[Subscription, Subscription]) -> None:
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
