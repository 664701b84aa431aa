"""Prices of every charging mode: complete ones are listed, others refused, and the database holds them to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.factories import make_product
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, PACKAGE, USES, YEARLY, make_sku, make_spec
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.catalog.cheapest import cheapest
from tradepost.market.catalog.document import Factor, Price, UsageBand
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.catalog.shelf_queries import Search, shelf
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db


def counted(**changes: Any) -> Price:
    """What is on demand, counted otherwise."""
    return replace(ON_DEMAND, factors=(replace(ON_DEMAND.factors[0], **changes),))


BIG = replace(PACKAGE, quota=Decimal(50_000), amount=Decimal(80))


def test_an_offer_holds_what_its_mode_needs() -> None:
    """business-rules §3.2: on demand a price of a unit, which costs nothing to open; a package an amount and a validity."""
    make_product(prices=(ON_DEMAND, PACKAGE, BIG, MONTHLY, ONCE))
    found: list[object] = [
        (o.plan, o.price_minor, o.usage_price, o.quota, o.usage_unit, o.period_numbers)
        for o in Offer.objects.order_by("pk")
    ]
    assert found == [
        ("ON_DEMAND-", 0, Decimal("0.0025"), 0, "次调用", []),
        ("ON_DEMAND_PKG-month-10000", 2000, 0, 10_000, "次调用", [1, 3]),
        ("ON_DEMAND_PKG-month-50000", 8000, 0, 50_000, "次调用", [1, 3]),
        ("PERIOD-month", 10_000, 0, 0, "", [1, 3, 6]),
        ("ONE_TIME-", 500_000, 0, 0, "", []),
    ]


@pytest.mark.parametrize(
    ("prices", "code"),
    [
        ((counted(unit=Text(zh="", en="calls")),), "product.usage_unit"),
        ((counted(unit=Text(zh="次调用", en="")),), "product.usage_unit"),
        ((counted(amount=Decimal(0)),), "product.usage_price"),
        ((counted(amount=None),), "product.usage_price"),
        ((counted(amount=Decimal("0.000000001")),), "product.usage_price"),
        ((counted(cycle="week"),), "product.cycle"),
        ((counted(accumulation="hour"),), "product.cycle"),
        ((replace(ON_DEMAND, factors=()),), "product.factors"),
        ((replace(ON_DEMAND, factors=ON_DEMAND.factors * 2),), "product.factor_codes"),
        ((replace(MONTHLY, factors=ON_DEMAND.factors),), "product.factors"),
        ((replace(ON_DEMAND, period_type="month", period_numbers=(1,)),), "product.period"),
        ((replace(ON_DEMAND, quota=Decimal(1)),), "product.quota"),
        ((ON_DEMAND, replace(PACKAGE, quota=Decimal(0))), "product.quota"),
        ((ON_DEMAND, replace(PACKAGE, quota=Decimal("0.00001"))), "product.quota"),
        ((ON_DEMAND, replace(PACKAGE, period_type="", period_numbers=())), "product.period"),
        ((ON_DEMAND, replace(PACKAGE, amount=None)), "product.no_amount"),
        ((ON_DEMAND, replace(PACKAGE, reset="week")), "product.reset"),
        ((replace(MONTHLY, reset="month"),), "product.reset"),
        ((replace(USES, quota=Decimal(0)),), "product.quota"),
        ((replace(USES, usage_unit=Text(zh="", en="")),), "product.usage_unit"),
        ((replace(USES, reset="month"),), "product.reset"),
        ((replace(USES, stops_when_used_up=False),), "product.usage_unit"),
        ((replace(USES, period_type="month", period_numbers=(1,)),), "product.period"),
        ((USES, USES), "product.price_twice"),
        ((PACKAGE,), "product.package_alone"),
        ((PACKAGE, counted(unit=Text.same("GB"))), "product.package_alone"),
        ((replace(MONTHLY, usage_unit=Text(zh="次", en="calls")),), "product.usage_unit"),
        ((replace(MONTHLY, quota=Decimal(5)),), "product.quota"),
        ((replace(MONTHLY, amount=Decimal(-1)),), "product.amount"),
        ((replace(MONTHLY, amount=Decimal("9.999")),), "product.amount"),
        ((replace(ONCE, amount=Decimal(100_000_001)),), "product.amount"),
        ((ON_DEMAND, replace(PACKAGE, amount=Decimal("0.001"))), "product.amount"),
        ((replace(MONTHLY, period_numbers=(0, 1)),), "product.durations"),
        ((replace(MONTHLY, period_numbers=(1, 1)),), "product.durations"),
        ((replace(MONTHLY, period_numbers=(121,)),), "product.durations"),
        ((replace(YEARLY, period_numbers=(11,)),), "product.durations"),
        ((replace(MONTHLY, period_type="week"),), "product.durations"),
    ],
)
def test_an_incomplete_price_is_refused_and_nothing_is_listed(prices: tuple[Price, ...], code: str) -> None:
    with pytest.raises(Refused) as refused:
        make_product(prices=prices)
    assert refused.value.code == code
    assert refused.value.field.startswith("specs.0.skus.0")
    assert not Offer.objects.exists()
    assert Product.objects.get().status == Product.Status.DRAFT


@pytest.mark.parametrize(
    ("prices", "code"),
    [
        ((USES,), ""),
        ((ONCE, MONTHLY, USES, replace(USES, quota=Decimal(500))), ""),
        ((ON_DEMAND, USES), "product.uses_and_on_demand"),
        ((ON_DEMAND, PACKAGE, USES), "product.uses_and_on_demand"),
    ],
)
def test_a_package_of_uses_stands_alone(prices: tuple[Price, ...], code: str) -> None:
    """business-rules §2.5: on demand, "then per-use is impossible in that spec"; another spec may have them."""
    if code:
        with pytest.raises(Refused) as refused:
            make_product(prices=prices)
        assert refused.value.code == code
        prices = tuple(price for price in prices if not price.charging.uses)
    make_product(specs=(make_spec(make_sku(*prices)), make_spec(make_sku(USES), name="按次", name_en="By use")))
    offer = Offer.objects.filter(sku__spec__name="按次").get()
    assert (offer.charging.uses, offer.plan, offer.usage_unit) == (True, "ONE_TIME--100", "次调用")


def test_nobody_counts_the_uses_of_a_license() -> None:
    with pytest.raises(Refused, match=r"product\.uses_not_counted"):
        make_product(prices=(USES,), product_type="LICENSE", bound=False)


@pytest.mark.parametrize("price", [ON_DEMAND, PACKAGE])
def test_a_license_counts_no_usage(price: Price) -> None:
    """business-rules §2.1: License is sold by period and one-time."""
    with pytest.raises(Refused, match=r"product\.charging_mode"):
        make_product(prices=(price,), product_type="LICENSE", bound=False)


def test_a_package_and_what_it_is_deducted_from_are_sold() -> None:
    make_product(prices=(MONTHLY, ON_DEMAND, PACKAGE, replace(PACKAGE, quota=Decimal(500), stops_when_used_up=True)))
    assert Offer.objects.filter(charging_mode="ON_DEMAND_PKG", stops_when_used_up=True).count() == 1


TIERED = replace(
    ON_DEMAND.factors[0], amount=None, model=PriceModel.TIER,
    bands=(UsageBand(upto=Decimal(10), amount=Decimal(2)), UsageBand(amount=Decimal(1))),
)  # fmt: skip


@pytest.mark.parametrize(
    ("factors", "code"),
    [
        ((TIERED,), "product.package_by_record"),
        ((replace(TIERED, model=PriceModel.STEP),), "product.package_by_record"),
        ((*ON_DEMAND.factors, replace(ON_DEMAND.factors[0], code="more")), "product.package_factors"),
        ((replace(TIERED, accumulation="month"),), ""),
    ],
)
def test_what_a_package_cannot_be_deducted_from_is_refused(factors: tuple[Factor, ...], code: str) -> None:
    """design money.md §4: tier and step by record with packages; no edition of the push names a factor."""
    prices = (replace(ON_DEMAND, factors=factors), PACKAGE)
    if not code:
        make_product(prices=prices)
        return
    with pytest.raises(Refused) as refused:
        make_product(prices=prices)
    assert (refused.value.code, refused.value.field) == (code, "specs.0.skus.0.prices.1")
    assert not Offer.objects.exists()


@pytest.mark.parametrize(
    ("period", "reset", "fits"),
    [
        ("month", "month", True),
        ("year", "month", True),
        ("year", "year", True),
        ("month", "year", False),
        ("day", "month", False),
    ],
)
def test_a_package_that_is_over_before_it_is_full_again_is_refused(period: str, reset: str, fits: bool) -> None:
    price = replace(PACKAGE, period_type=period, reset=reset)
    if fits:
        make_product(prices=(ON_DEMAND, price))
        return
    with pytest.raises(Refused) as refused:
        make_product(prices=(ON_DEMAND, price))
    assert (refused.value.code, refused.value.field) == ("product.reset", "specs.0.skus.0.prices.1.reset")


def test_only_a_package_can_be_used_up() -> None:
    with pytest.raises(Refused, match=r"product\.stops"):
        make_product(prices=(replace(MONTHLY, stops_when_used_up=True),))


@pytest.mark.parametrize(
    ("plan", "change"),
    [
        ("ON_DEMAND", {"price_minor": 1}),
        ("ON_DEMAND", {"usage_price": 0}),
        ("ON_DEMAND", {"usage_unit": ""}),
        ("ON_DEMAND", {"quota": 1}),
        ("ON_DEMAND", {"period_type": "month"}),
        ("ON_DEMAND_PKG", {"quota": 0}),
        ("ON_DEMAND_PKG", {"period_type": ""}),
        ("ON_DEMAND_PKG", {"usage_price": 1}),
        ("ON_DEMAND_PKG", {"usage_unit": ""}),
        ("PERIOD", {"period_type": ""}),
        ("PERIOD", {"quota": 1}),
        ("PERIOD", {"usage_unit": "次"}),
        ("ONE_TIME", {"period_type": "year"}),
        ("ONE_TIME", {"usage_price": 1}),
    ],
)
def test_the_database_refuses_what_does_not_fit_the_mode(plan: str, change: dict[str, object]) -> None:
    make_product(prices=(ON_DEMAND, PACKAGE, MONTHLY, ONCE))
    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.filter(charging_mode=plan).update(**change)


def test_the_same_way_to_pay_twice_is_refused() -> None:
    with pytest.raises(Refused, match=r"product\.price_twice"):
        make_product(prices=(ON_DEMAND, PACKAGE, replace(PACKAGE, amount=Decimal(7))))


@pytest.mark.parametrize(
    ("prices", "mode", "period"),
    [
        ((ON_DEMAND, PACKAGE, YEARLY, MONTHLY), "PERIOD", "month"),
        ((PACKAGE, ON_DEMAND), "ON_DEMAND", ""),
        ((ONCE, YEARLY), "PERIOD", "year"),
    ],
)
def test_a_product_is_shown_with_what_one_can_simply_buy(prices: tuple[Price, ...], mode: str, period: str) -> None:
    make_product(prices=prices)
    [card] = shelf(Search()).page.rows
    assert (card.least.charging_mode, card.least.period_type) == (mode, period)
    assert cheapest([]) is None
