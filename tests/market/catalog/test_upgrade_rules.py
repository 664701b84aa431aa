"""Upgrade rules never lead to a lower price; later versions and stops keep or end them with a reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from tests.factories.products import MONTHLY, ONCE, YEARLY
from tests.market.catalog.editions import STEP, TIER, editions, monthly
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.values import replace
from tradepost.market.catalog import delist, drafts, upgrade_rules
from tradepost.market.catalog.document import Band, Price
from tradepost.market.catalog.inversion import Inversion, Schedule, common_grid, inversion
from tradepost.market.catalog.listing import list_draft, listed_document
from tradepost.market.catalog.models import Product, UpgradeRule
from tradepost.market.catalog.models import Sku as SkuRow


def test_example_of_the_design() -> None:
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
def test_common_quantities_follow_both_grids(
    a: tuple[int, int, int], b: tuple[int, int, int], grid: tuple[int, int, int] | None
) -> None:
    def schedule(of: tuple[int, int, int]) -> Schedule:
        return Schedule(least=of[0], most=of[1], step=of[2])

    assert common_grid(schedule(a), schedule(b)) == common_grid(schedule(b), schedule(a)) == grid


def schedules() -> st.SearchStrategy[Schedule]:
    @st.composite
    def made(draw: Any) -> Schedule:
        min_quantity, step = draw(st.integers(1, 12)), draw(st.integers(1, 5))
        grid = {"least": min_quantity, "most": min_quantity + draw(st.integers(0, 60)), "step": step}
        if draw(st.booleans()):
            return Schedule(unit=draw(st.integers(0, 50)), **grid)
        edges = sorted(draw(st.sets(st.integers(1, 80), min_size=1, max_size=4)))
        bands = [(upto, draw(st.integers(0, 50))) for upto in (*edges, None)]
        return Schedule(model=draw(st.sampled_from((TIER, STEP))), bands=bands, **grid)

    return made()


@given(schedules(), schedules())
def test_corner_check_equals_a_check_of_every_quantity(source: Schedule, target: Schedule) -> None:
    def sold(of: Schedule) -> set[int]:
        return set(range(of.least, of.most + 1, of.step))

    dearer = [q for q in sold(source) & sold(target) if target.price(q) < source.price(q)]
    assert (inversion(source, target) is not None) == bool(dearer)


# --- rules --------------------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def next_version(product: Product, a: tuple[Price, ...], b: tuple[Price, ...]) -> None:
    document = listed_document(product)
    assert document is not None
    (spec,) = document.pricing.specs
    first, second = spec.skus
    skus = (replace(first, prices=a), replace(second, prices=b))
    pricing = replace(document.pricing, specs=(replace(spec, skus=skus),))
    drafts.save_section(product, "pricing", pricing, seen=0, by=None, now=NOW)
    list_draft(product, currency="CNY", now=NOW)


def test_rule_never_leads_to_a_lower_price() -> None:
    """saas-v2 §8.2."""
    product, first, second = editions((monthly("10"), YEARLY), (monthly("12"), YEARLY))
    rule = upgrade_rules.add_rule(product, first, second, now=NOW)
    assert (rule.source.code, rule.target.code, rule.lapsed_at) == (first, second, None)
    with pytest.raises(Refused, match=r"rule\.exists"):
        upgrade_rules.add_rule(product, first, second, now=NOW)
    with pytest.raises(Refused, match=r"rule\.inverted") as refusal:
        upgrade_rules.add_rule(product, second, first, now=NOW)
    assert "10.00" in refusal.value.message
    assert "12.00" in refusal.value.message
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
        # operations §7: the target has every period type of the source
        ((monthly("10"), YEARLY), (monthly("12"),), "rule.not_by_period"),
    ],
)
def test_target_must_be_sold_by_the_same_period(a: tuple[Price, ...], b: tuple[Price, ...], code: str) -> None:
    """saas-v2 §8.1: period-billed SKUs of the same specification."""
    product, first, second = editions(a, b)
    with pytest.raises(Refused) as refusal:
        upgrade_rules.add_rule(product, first, second, now=NOW)
    assert refusal.value.code == code
    assert not UpgradeRule.objects.exists()


def test_rule_stays_within_one_spec_of_one_product() -> None:
    product, first, second = editions((monthly("10"),), (monthly("12"),))
    _other, foreign, _second = editions((monthly("10"),), (monthly("12"),))
    for source, target, code in ((first, first, "rule.other_spec"), (first, foreign, "rule.unknown")):
        with pytest.raises(Refused) as refusal:
            upgrade_rules.add_rule(product, source, target, now=NOW)
        assert refusal.value.code == code
    rule = upgrade_rules.add_rule(product, first, second, now=NOW)
    with pytest.raises(Refused, match=r"rule\.gone"):
        upgrade_rules.remove_rule(_other, rule.pk)
    upgrade_rules.remove_rule(product, rule.pk)
    assert not UpgradeRule.objects.exists()


def test_rule_with_conflicting_prices_lapses_with_a_reason() -> None:
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


def test_rule_of_a_stopped_product_lapses() -> None:
    """business-rules §2.8: a delisting invalidates upgrade rules."""
    product, first, second = editions((monthly("10"),), (monthly("12"),))
    rule = upgrade_rules.add_rule(product, first, second, now=NOW)
    delist.stop(SkuRow.objects.get(code=second), reason="renamed", actor="seller", now=NOW)
    rule.refresh_from_db()
    assert rule.why == "stopped"
    with pytest.raises(Refused, match=r"rule\.stopped"):
        upgrade_rules.add_rule(product, first, second, now=NOW)


def test_step_price_is_compared_with_a_fixed_one() -> None:
    stepped = replace(
        MONTHLY, model=STEP, amount=None, bands=(Band(upto=10, amount=Decimal(12)), Band(amount=Decimal(9)))
    )
    product, first, second = editions((monthly("10"),), (stepped,))
    with pytest.raises(Refused, match=r"rule\.inverted") as refusal:
        upgrade_rules.add_rule(product, first, second, now=NOW)
    assert "100" in refusal.value.message
