"""Upgrade rules: never to a lower price, kept valid by later versions and stops, and what lapses says why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW, make_product
from tests.factories.products import MONTHLY, ONCE, YEARLY, make_sku, make_spec
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.values import replace
from tradepost.market.catalog import delist, drafts, upgrade_rules
from tradepost.market.catalog.document import Band, Price, Sku
from tradepost.market.catalog.inversion import Inversion, Schedule, common_grid, inversion
from tradepost.market.catalog.listing import list_draft, listed_document
from tradepost.market.catalog.models import Product, UpgradeRule
from tradepost.market.catalog.models import Sku as SkuRow
from tradepost.market.catalog.price_models import PriceModel

TIER, STEP = PriceModel.TIER, PriceModel.STEP
EDITIONS = [{"code": "edition", "name": "版本", "name_en": "Edition", "values": [
    {"code": code, "name": code, "name_en": code} for code in ("a", "b")
]}]  # fmt: skip


def test_the_example_of_the_design() -> None:
    """shelf §4: source 1000 a unit; target tier 1200 to 10, then 900; grid 1–100: inverted at 11 (9900 < 11000)."""
    source = Schedule(unit=1000, most=100)
    target = Schedule(model=TIER, bands=[(10, 1200), (None, 900)], most=100)
    assert inversion(source, target) == Inversion(11, 11_000, 9_900)
    assert inversion(source, replace(target, bands=[(10, 1200), (None, 1000)])) is None
    assert inversion(source, replace(target, model=STEP)) == Inversion(100, 100_000, 93_000)
    assert inversion(target, source) == Inversion(1, 1200, 1000)


@pytest.mark.parametrize(
    ("a", "b", "grid"),
    [
        ((1, 100, 1), (1, 100, 1), (1, 100, 1)),
        ((5, 95, 5), (1, 100, 1), (5, 95, 5)),
        ((1, 100, 1), (200, 300, 1), None),
        ((1, 99, 2), (2, 100, 2), None),
        ((1, 100, 3), (1, 100, 2), (1, 100, 6)),
        ((4, 40, 4), (10, 60, 6), (16, 40, 12)),
        ((1, 1, 1), (1, 50, 1), (1, 1, 1)),
    ],
)
def test_quantities_that_both_have(
    a: tuple[int, int, int], b: tuple[int, int, int], grid: tuple[int, int, int] | None
) -> None:
    def schedule(of: tuple[int, int, int]) -> Schedule:
        return Schedule(least=of[0], most=of[1], step=of[2])

    assert common_grid(schedule(a), schedule(b)) == common_grid(schedule(b), schedule(a)) == grid


def schedules() -> st.SearchStrategy[Schedule]:
    @st.composite
    def made(draw: Any) -> Schedule:
        least, step = draw(st.integers(1, 12)), draw(st.integers(1, 5))
        grid = {"least": least, "most": least + draw(st.integers(0, 60)), "step": step}
        if draw(st.booleans()):
            return Schedule(unit=draw(st.integers(0, 50)), **grid)
        edges = sorted(draw(st.sets(st.integers(1, 80), min_size=1, max_size=4)))
        bands = [(upto, draw(st.integers(0, 50))) for upto in (*edges, None)]
        return Schedule(model=draw(st.sampled_from((TIER, STEP))), bands=bands, **grid)

    return made()


@given(schedules(), schedules())
def test_the_corners_find_what_looking_at_every_quantity_finds(source: Schedule, target: Schedule) -> None:
    def sold(of: Schedule) -> set[int]:
        return set(range(of.least, of.most + 1, of.step))

    dearer = [q for q in sold(source) & sold(target) if target.price(q) < source.price(q)]
    assert (inversion(source, target) is not None) == bool(dearer)


# --- rules --------------------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def sku(edition: str, *prices: Price, most: int = 100) -> Sku:
    return make_sku(
        *prices, values={"edition": edition}, quantity_name="席位", quantity_name_en="Seats", quantity_max=most
    )


def monthly(amount: str) -> Price:
    return replace(MONTHLY, amount=Decimal(amount))


def editions(a: tuple[Price, ...], b: tuple[Price, ...]) -> tuple[Product, str, str]:
    product = make_product(specs=(make_spec(sku("a", *a), sku("b", *b), attributes=EDITIONS),))
    first, second = SkuRow.objects.filter(spec__product=product).order_by("pk").values_list("code", flat=True)
    return product, first, second


def next_version(product: Product, a: tuple[Price, ...], b: tuple[Price, ...]) -> None:
    document = listed_document(product)
    assert document is not None
    (spec,) = document.pricing.specs
    first, second = spec.skus
    skus = (replace(first, prices=a), replace(second, prices=b))
    pricing = replace(document.pricing, specs=(replace(spec, skus=skus),))
    drafts.save_section(product, "pricing", pricing, seen=0, by=None, now=NOW)
    list_draft(product, currency="CNY", now=NOW)


def test_a_rule_leads_to_what_never_costs_less() -> None:
    """saas-v2 §8.2."""
    product, first, second = editions((monthly("10"), YEARLY), (monthly("12"), YEARLY))
    rule = upgrade_rules.add_rule(product, first, second, now=NOW)
    assert (rule.source.code, rule.target.code, rule.lapsed_at) == (first, second, None)
    with pytest.raises(Refused, match=r"rule\.exists"):
        upgrade_rules.add_rule(product, first, second, now=NOW)
    with pytest.raises(Refused, match=r"rule\.inverted") as refused:
        upgrade_rules.add_rule(product, second, first, now=NOW)
    assert "10.00" in refused.value.message
    assert "12.00" in refused.value.message
    assert UpgradeRule.objects.count() == 1


def test_every_common_period_counts() -> None:
    product, first, second = editions((monthly("10"), YEARLY), (monthly("12"), replace(YEARLY, amount=Decimal(999))))
    with pytest.raises(Refused, match=r"rule\.inverted"):
        upgrade_rules.add_rule(product, first, second, now=NOW)


@pytest.mark.parametrize(
    ("a", "b", "code"),
    [
        ((monthly("10"),), (YEARLY,), "rule.not_by_period"),
        ((ONCE,), (ONCE,), "rule.not_by_period"),
        # operations §7: every period type of its source at the target
        ((monthly("10"), YEARLY), (monthly("12"),), "rule.not_by_period"),
    ],
)
def test_what_is_not_sold_by_the_same_period_has_no_rule(a: tuple[Price, ...], b: tuple[Price, ...], code: str) -> None:
    """saas-v2 §8.1: period-billed SKUs of the same specification."""
    product, first, second = editions(a, b)
    with pytest.raises(Refused) as refused:
        upgrade_rules.add_rule(product, first, second, now=NOW)
    assert refused.value.code == code
    assert not UpgradeRule.objects.exists()


def test_a_rule_stays_within_one_spec_of_one_product() -> None:
    product, first, second = editions((monthly("10"),), (monthly("12"),))
    _other, foreign, _second = editions((monthly("10"),), (monthly("12"),))
    for source, target, code in ((first, first, "rule.other_spec"), (first, foreign, "rule.unknown")):
        with pytest.raises(Refused) as refused:
            upgrade_rules.add_rule(product, source, target, now=NOW)
        assert refused.value.code == code
    rule = upgrade_rules.add_rule(product, first, second, now=NOW)
    with pytest.raises(Refused, match=r"rule\.gone"):
        upgrade_rules.remove_rule(_other, rule.pk)
    upgrade_rules.remove_rule(product, rule.pk)
    assert not UpgradeRule.objects.exists()


def test_a_rule_whose_prices_conflict_after_a_later_version_lapses_and_says_why() -> None:
    """saas-v2 §8.1: a rule lapses if later price edits make its prices conflict."""
    product, first, second = editions((monthly("10"),), (monthly("12"),))
    rule = upgrade_rules.add_rule(product, first, second, now=NOW)
    next_version(product, (monthly("11"),), (monthly("12"),))
    rule.refresh_from_db()
    assert rule.lapsed_at is None
    next_version(product, (monthly("13"),), (monthly("12"),))
    rule = UpgradeRule.objects.get(pk=rule.pk)
    assert (rule.why, rule.lapsed_at) == ("inverted", NOW)
    assert Event.objects.get(name="upgrade_rule_lapsed").facts["rule"] == rule.pk
    next_version(product, (monthly("10"),), (monthly("12"),))
    upgrade_rules.add_rule(product, first, second, now=NOW)


def test_a_rule_of_what_is_stopped_lapses() -> None:
    """business-rules §2.8: a delisting invalidates upgrade rules."""
    product, first, second = editions((monthly("10"),), (monthly("12"),))
    rule = upgrade_rules.add_rule(product, first, second, now=NOW)
    delist.stop(SkuRow.objects.get(code=second), reason="renamed", actor="seller", now=NOW)
    rule.refresh_from_db()
    assert rule.why == "stopped"
    with pytest.raises(Refused, match=r"rule\.stopped"):
        upgrade_rules.add_rule(product, first, second, now=NOW)


def test_a_step_price_is_held_against_a_fixed_one() -> None:
    stepped = replace(
        MONTHLY, model=STEP, amount=None, bands=(Band(upto=10, amount=Decimal(12)), Band(amount=Decimal(9)))
    )
    product, first, second = editions((monthly("10"),), (stepped,))
    with pytest.raises(Refused, match=r"rule\.inverted") as refused:
        upgrade_rules.add_rule(product, first, second, now=NOW)
    assert "100" in refused.value.message
