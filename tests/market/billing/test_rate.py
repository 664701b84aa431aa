"""Prices of usage: the worked examples of design money.md §4 and business-rules §3.3, and general properties."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sampling import SOAK
from tradepost.market.base.money import Money
from tradepost.market.billing.rate import Added, Rate, State, add
from tradepost.market.catalog.price_models import PriceModel

D = Decimal
SCALE = 10_000


def rate(model: str, *bands: tuple[int | None, str], price: str = "0", by_record: bool = False) -> Rate:
    return Rate(
        model=PriceModel(model), currency="CNY", price=D(price), by_record=by_record,
        bands=[(None if upto is None else D(upto), D(each)) for upto, each in bands],
    )  # fmt: skip


def charges(tested_rate: Rate, *quantities: str) -> list[int]:
    """The charges of consecutive collections."""
    state, minor_amounts = State(), []
    for quantity in quantities:
        state, minor = add(tested_rate, state, [Added(int(D(quantity) * SCALE))])
        minor_amounts.append(minor)
    return minor_amounts


CALLS = ((3, "0.30"), (None, "0.20"))
MONTH = ((100, "0.10"), (1000, "0.08"), (None, "0.05"))
USED = ("60", "40", "1", "899", "200")


@pytest.mark.parametrize(
    ("model", "quantity", "minor"),
    [
        ("step", "8", 190),  # §3.3: 3 × 0.3 + 5 × 0.2 = 1.90
        ("tier", "8", 160),
        ("tier", "3", 90),
        ("tier", "3.0001", 60),
    ],
)
def test_step_and_tier_prices(model: str, quantity: str, minor: int) -> None:
    assert charges(rate(model, *CALLS), quantity) == [minor]


def test_month_in_five_collections() -> None:
    assert charges(rate("tier", *MONTH), *USED) == [600, 400, -192, 7192, -2000]
    assert charges(rate("step", *MONTH), *USED) == [600, 400, 8, 7192, 1000]
    assert [sum(charges(rate(model, *MONTH), *USED)) for model in ("tier", "step")] == [6000, 9200]


@pytest.mark.parametrize(("model", "minor"), [("tier", 6000), ("step", 9200)])
def test_any_order_gives_the_same_total(model: str, minor: int) -> None:
    assert {sum(charges(rate(model, *MONTH), *order)) for order in permutations(USED)} == {minor}


def test_price_below_a_minor_unit_accumulates() -> None:
    """.0012 × 24 hourly: .01 at hours 5, 13, 21. Rounding each hour would give 0."""
    hourly_charges = charges(rate("linear", price="0.0012"), *["1"] * 24)
    assert [hour for hour, minor in enumerate(hourly_charges, 1) if minor] == [5, 13, 21]
    assert sum(hourly_charges) == 3


def test_half_a_minor_unit_three_times() -> None:
    """.005 × 3: .01, 0, .01. Rounding each would give .03."""
    assert charges(rate("linear", price="0.005"), *["1"] * 3) == [1, 0, 1]


def test_prices_by_record_are_summed() -> None:
    """Catalog: accumulation none. Two records of 2 stay in the first band, one of 4 does not."""
    by_record = rate("tier", *CALLS, by_record=True)
    assert charges(by_record, "2", "2", "4") == [60, 60, 80]
    state, minor = add(by_record, State(), [Added(20_000, 2), Added(40_000, 1)])
    assert (minor, state.quantity) == (200, 80_000)
    assert add(by_record, state, [Added(40_000, -1)])[1] == -80


_quantities = st.integers(1, 10**12)
_prices = st.decimals(0, 1000, places=8)


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    model = draw(st.sampled_from(list(PriceModel)))
    if not model.banded:
        return Rate(model=model, currency="CNY", price=draw(_prices))
    edges = sorted(draw(st.sets(st.decimals("0.0001", 10**6, places=4), min_size=1, max_size=4)))
    bands = [(edge, draw(_prices)) for edge in [*edges, None]]
    return Rate(model=model, currency="CNY", bands=bands, by_record=draw(st.booleans()))


@settings(max_examples=40 if not SOAK else 2000)
@given(rates(), st.lists(_quantities, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_order_and_batching_change_no_charge(of: Rate, used: list[int], chance) -> None:
    """§6: Σ charges = round(P(Q)); a void removes what its record added."""
    at_once_state, at_once_charges = add(of, State(), [Added(quantity) for quantity in used])
    shuffled = list(used)
    chance.shuffle(shuffled)
    state, total = State(), 0
    for quantity in [*shuffled, 7]:
        state, minor = add(of, state, [Added(quantity)])
        total += minor
    back = Added(-7) if not of.by_record else Added(7, -1)
    state, minor = add(of, state, [back])
    assert (total + minor, state.quantity, state.exact) == (at_once_charges, sum(used), at_once_state.exact)
    assert at_once_charges == Money.of(at_once_state.exact, "CNY").minor
    if not of.by_record:
        assert at_once_state.exact == of.of(sum(used))
