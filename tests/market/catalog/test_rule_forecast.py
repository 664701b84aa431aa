"""The forecast names exactly the upgrade rules that listing a draft ends (saas-v2 §8.2)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.factories import NOW
from tests.factories.products import MONTHLY, ONCE, YEARLY
from tests.market.catalog.editions import STEP, TIER, editions, monthly, sku
from tests.market.catalog.price_drafts import drafted
from tradepost.market.base.values import replace
from tradepost.market.catalog import delist, rule_forecast, upgrade_rules
from tradepost.market.catalog.document import Band, Price, Quantity, Sku
from tradepost.market.catalog.listing import list_draft
from tradepost.market.catalog.models import Product, UpgradeRule
from tradepost.market.catalog.models import Sku as SkuRow
from tradepost.market.catalog.price_models import PriceModel

pytestmark = pytest.mark.django_db


def banded(model: PriceModel, *bands: tuple[int | None, str | None]) -> Price:
    steps = tuple(Band(upto=upto, amount=None if amount is None else Decimal(amount)) for upto, amount in bands)
    return replace(MONTHLY, model=model, amount=None, bands=steps)


def rule() -> Product:
    product, first, second = editions((monthly("10"),), (monthly("12"),))
    upgrade_rules.add_rule(product, first, second, now=NOW)
    return product


CASES = {
    "same prices": (sku("a", monthly("10")), sku("b", monthly("12")), ""),
    "as much": (sku("a", monthly("12")), sku("b", monthly("12")), ""),
    "dearer source": (sku("a", monthly("12.01")), sku("b", monthly("12")), "inverted"),
    "cheaper target": (sku("a", monthly("10")), sku("b", monthly("9.99")), "inverted"),
    "discount by tier": (sku("a", monthly("10")), sku("b", banded(TIER, (10, "12"), (None, "9"))), "inverted"),
    "discount by step": (sku("a", monthly("10")), sku("b", banded(STEP, (10, "12"), (None, "9.9"))), ""),
    "another period": (sku("a", monthly("10"), YEARLY), sku("b", monthly("12")), "not_by_period"),
    "target sold once": (sku("a", monthly("10")), sku("b", ONCE), "not_by_period"),
    "no source": (None, sku("b", monthly("12")), "not_by_period"),
    "no target": (sku("a", monthly("10")), None, "not_by_period"),
    "no available quantity in common": (
        replace(sku("a", monthly("10")), quantity=Quantity(least=1, most=5)),
        replace(sku("b", monthly("12")), quantity=Quantity(least=6, most=9)),
        "no_quantity",
    ),
}


@pytest.mark.parametrize(("first", "second", "why"), CASES.values(), ids=CASES)
def test_forecast_matches_the_listing(first: Sku | None, second: Sku | None, why: str) -> None:
    product = rule()
    document = drafted(product, first, second)
    forecast = rule_forecast.ended_rules(product, document, currency="CNY")
    assert [str(lapse.why.why) for lapse in forecast] == [why] * bool(why)
    assert UpgradeRule.objects.get().lapsed_at is None
    list_draft(product, currency="CNY", now=NOW)
    stored_rule = UpgradeRule.objects.get()
    assert (stored_rule.lapsed_at is not None, stored_rule.why) == (bool(why), why)


@pytest.mark.parametrize(
    "unfinished",
    [
        sku("b", replace(MONTHLY, amount=None)),
        sku("b", banded(TIER, (10, "12"), (None, None))),
        sku("b", banded(TIER)),
        sku("b", banded(TIER, (10, "12"))),
        replace(sku("b", monthly("1")), quantity=Quantity(least=1, most=5, step=0)),
        replace(sku("b", monthly("1")), quantity=Quantity(least=0, most=5)),
        replace(sku("b", monthly("1")), quantity=Quantity(least=6, most=5)),
    ],
)
def test_incomplete_prices_have_no_forecast(unfinished: Sku) -> None:
    product = rule()
    document = drafted(product, sku("a", monthly("10")), unfinished)
    assert rule_forecast.ended_rules(product, document, currency="CNY") == []


def test_lapsed_rule_is_not_named_again() -> None:
    product = rule()
    delist.stop(SkuRow.objects.order_by("pk")[0], reason="replaced", actor="t", now=NOW)
    document = drafted(product, sku("a", monthly("20")), sku("b", monthly("12")))
    assert rule_forecast.ended_rules(product, document, currency="CNY") == []
