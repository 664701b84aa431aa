"""Adding, multiplying and splitting money never loses or creates a minor unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.base.money import MINOR_DIGITS, Money

amounts = st.integers(-(10**15), 10**15)
currencies = st.sampled_from(sorted(MINOR_DIGITS))


@given(amounts, currencies)
def test_major_and_minor_amounts_are_equal(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.major, currency) == money


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_split_adds_up_and_is_fair(minor: int, weights: list[int]) -> None:
    parts = Money(minor, "CNY").split(tuple(weights))
    assert sum(p.minor for p in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Decimal(part.minor) - Decimal(minor) * weight / sum(weights)) < 1


@given(amounts, amounts, currencies)
def test_subtraction_reverses_addition(a: int, b: int, currency: str) -> None:
    x, y = Money(a, currency), Money(b, currency)
    assert x + y - y == x
    assert (x + -x).minor == 0


def test_half_a_minor_unit_is_rounded_up_once() -> None:
    assert Money.of("0.005", "CNY").minor == 1
    assert Money(3, "CNY").times(Decimal("0.5")).minor == 2
    assert Money.of("100", "JPY").minor == 100


def test_currencies_do_not_mix() -> None:
    for combine in (Money.__add__, Money.__sub__, Money.__lt__):
        with pytest.raises(ValueError, match="CNY and USD"):
            combine(Money(1, "CNY"), Money(1, "USD"))


@pytest.mark.parametrize("weights", [(0, 0), (-1, 2), ()])
def test_invalid_weights_are_refused(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"weights|empty"):
        Money(10, "CNY").split(weights)
