"""Prices of every charging mode: complete prices are listed, others refused, and database constraints enforce it."""

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


def on_demand_with(**changes: Any) -> Price:
    """An on-demand price that is metered differently."""
    return replace(ON_DEMAND, factors=(replace(ON_DEMAND.factors[0], **changes),))


LARGE_PACKAGE = replace(PACKAGE, quota=Decimal(50_000), amount=Decimal(80))


def test_offer_has_the_columns_of_its_mode() -> None:
    """business-rules §3.2: an on-demand price is per unit and opening it is free; a package has an amount and a
    validity."""
    make_product(prices=(ON_DEMAND, PACKAGE, LARGE_PACKAGE, MONTHLY, ONCE))
    stored_columns: list[object] = [
        (o.plan, o.price_minor, o.usage_price, o.quota, o.usage_unit, o.period_numbers)
        for o in Offer.objects.order_by("pk")
    ]
    assert stored_columns == [
        ("ON_DEMAND-", 0, Decimal("0.0025"), 0, "次调用", []),
        ("ON_DEMAND_PKG-month-10000", 2000, 0, 10_000, "次调用", [1, 3]),
        ("ON_DEMAND_PKG-month-50000", 8000, 0, 50_000, "次调用", [1, 3]),
        ("PERIOD-month", 10_000, 0, 0, "", [1, 3, 6]),
        ("ONE_TIME-", 500_000, 0, 0, "", []),
    ]


@pytest.mark.parametrize(
    ("prices", "code"),
    [
        ((on_demand_with(unit=Text(zh="", en="calls")),), "product.usage_unit"),
        ((on_demand_with(unit=Text(zh="次调用", en="")),), "product.usage_unit"),
        ((on_demand_with(amount=Decimal(0)),), "product.usage_price"),
        ((on_demand_with(amount=None),), "product.usage_price"),
        ((on_demand_with(amount=Decimal("0.000000001")),), "product.usage_price"),
        ((on_demand_with(cycle="week"),), "product.cycle"),
        ((on_demand_with(accumulation="hour"),), "product.cycle"),
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
        ((PACKAGE, on_demand_with(unit=Text.same("GB"))), "product.package_alone"),
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
def test_incomplete_price_is_refused_and_not_listed(prices: tuple[Price, ...], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        make_product(prices=prices)
    assert refusal.value.code == code
    assert refusal.value.field.startswith("specs.0.skus.0")
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
def test_package_of_uses_is_the_only_mode_of_its_spec(prices: tuple[Price, ...], code: str) -> None:
    """business-rules §2.5: on demand, "then per-use is impossible in that spec"; another spec may have them."""
    if code:
        with pytest.raises(Refused) as refusal:
            make_product(prices=prices)
        assert refusal.value.code == code
        prices = tuple(price for price in prices if not price.charging.uses)
    make_product(specs=(make_spec(make_sku(*prices)), make_spec(make_sku(USES), name="按次", name_en="By use")))
    offer = Offer.objects.filter(sku__spec__name="按次").get()
    assert (offer.charging.uses, offer.plan, offer.usage_unit) == (True, "ONE_TIME--100", "次调用")


def test_license_has_no_package_of_uses() -> None:
    with pytest.raises(Refused, match=r"product\.uses_not_counted"):
        make_product(prices=(USES,), product_type="LICENSE", bound=False)


@pytest.mark.parametrize("price", [ON_DEMAND, PACKAGE])
def test_license_is_not_metered(price: Price) -> None:
    """business-rules §2.1: License is sold by period and one-time."""
    with pytest.raises(Refused, match=r"product\.charging_mode"):
        make_product(prices=(price,), product_type="LICENSE", bound=False)


def test_package_is_sold_with_its_on_demand_price() -> None:
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
def test_package_needs_a_deductible_price(factors: tuple[Factor, ...], code: str) -> None:
    """design money.md §4: tier and step by record with packages; no edition of the push names a factor."""
    prices = (replace(ON_DEMAND, factors=factors), PACKAGE)
    if not code:
        make_product(prices=prices)
        return
    with pytest.raises(Refused) as refusal:
        make_product(prices=prices)
    assert (refusal.value.code, refusal.value.field) == (code, "specs.0.skus.0.prices.1")
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
def test_package_that_expires_before_its_reset_is_refused(period: str, reset: str, fits: bool) -> None:
    price = replace(PACKAGE, period_type=period, reset=reset)
    if fits:
        make_product(prices=(ON_DEMAND, price))
        return
    with pytest.raises(Refused) as refusal:
        make_product(prices=(ON_DEMAND, price))
    assert (refusal.value.code, refusal.value.field) == ("product.reset", "specs.0.skus.0.prices.1.reset")


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
def test_database_enforces_the_columns_of_a_mode(plan: str, change: dict[str, object]) -> None:
    make_product(prices=(ON_DEMAND, PACKAGE, MONTHLY, ONCE))
    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.filter(charging_mode=plan).update(**change)


def test_same_payment_option_twice_is_refused() -> None:
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
def test_product_is_shown_with_its_simplest_price(prices: tuple[Price, ...], mode: str, period: str) -> None:
    make_product(prices=prices)
    [card] = shelf(Search()).page.rows
    assert (card.least.charging_mode, card.least.period_type) == (mode, period)
    assert cheapest([]) is None
