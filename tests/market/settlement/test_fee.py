"""The market's fee: the computed examples of money.md §4 (business-rules §8.3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.base.config import Config
from tradepost.market.base.money import Money
from tradepost.market.settlement.fee import FeeInputs, FeePolicy, fee_of, read_inputs
from tradepost.market.settlement.rules import policy_of

MONTH = date(2026, 10, 1)
POLICY = policy_of(Config().settlement)


def fee(major: str, *, policy: FeePolicy = POLICY) -> str:
    """Return the fee of purchases paid and settled in one month, all of one product."""
    minor = Money.of(major, "CNY").minor
    inputs = FeeInputs(
        base_minor=minor, share=policy.share, increment=policy.increment(minor), paid_month=MONTH, paid_minor=minor
    )
    return str(Money(fee_of(inputs), "CNY").major)


@pytest.mark.parametrize(
    ("paid", "expected_fee"),
    [
        ("499999.99", "25000.00"),
        ("500000", "20000.00"),
        ("999999.99", "40000.00"),
        ("1000000", "30000.00"),
        ("1500000", "45000.00"),
        ("100", "5.00"),
    ],
)
def test_product_with_high_sales_leaves_more_to_the_seller(paid: str, expected_fee: str) -> None:
    """§8.3: X<50 +0; 50≤X<100 +1 %; X≥100 +2 %, of all of it: 1.5M × (95 %+2 %)."""
    assert fee(paid) == expected_fee


def test_fee_is_rounded_by_line() -> None:
    """money.md §4: 5.03 by line, not 5.02."""
    by_line = [Decimal(fee(amount)) for amount in (".10", ".10", ".10", "33.33", "66.67")]
    assert by_line == [Decimal(amount) for amount in ("0.01", "0.01", "0.01", "1.67", "3.33")]
    assert (sum(by_line), fee("100.30")) == (Decimal("5.03"), "5.02")


def test_refund_returns_its_part_of_the_fee() -> None:
    """money.md §4: of 90 with a fee of 4.50, 33.75 go back: −1.69, and 2.81 are left."""
    share = Decimal("0.95")
    first = FeeInputs(base_minor=9000, share=share, paid_month=MONTH)
    back = FeeInputs(base_minor=-3375, before_minor=9000, fee_before_minor=450, share=share, paid_month=MONTH)
    assert (fee_of(first), fee_of(back), fee_of(first) + fee_of(back)) == (450, -169, 281)


def test_international_example() -> None:
    """§8.3: (1000−150−50) × (1−15 %) −100 −20 = 560: the selling price without VAT and without what the customer
    withheld, less the fee, less the seller's own withholding tax and digital services tax. This market withholds no
    taxes (decision 0065): its statement over the same 800 pays out the 680 before these taxes.
    """
    base = Money.of(1000 - 150 - 50, "USD").minor
    fee = fee_of(FeeInputs(base_minor=base, share=Decimal("0.85"), paid_month=MONTH))
    assert [str(Money(minor, "USD").major) for minor in (base, fee, base - fee, base - fee - 10_000 - 2_000)] == [
        "800.00", "120.00", "680.00", "560.00",
    ]  # fmt: skip


def test_share_is_at_most_everything() -> None:
    inputs = FeeInputs(base_minor=100, share=Decimal(1), increment=Decimal("0.02"), paid_month=MONTH)
    assert (inputs.rate, fee_of(inputs)) == (Decimal(0), 0)


def test_inputs_are_read_as_they_were_stored() -> None:
    inputs = FeeInputs(
        base_minor=-5, before_minor=7, fee_before_minor=1, share=Decimal("0.95"), increment=Decimal("0.01"), paid_month=MONTH,
        paid_minor=50_000_001,
    )  # fmt: skip
    assert read_inputs(inputs.stored) == inputs


@given(parts=st.lists(st.integers(-10_000, 10_000), max_size=8), share=st.decimals("0.5", "1", places=4))
def test_fees_of_all_statements_add_up_to_the_fee_of_the_whole(parts: list[int], share: Decimal) -> None:
    """Rounded once for any division; neither the rest of a line nor its fee is negative."""
    settled = charged = 0
    for part in parts:
        base = max(part, -settled)
        inputs = FeeInputs(
            base_minor=base, before_minor=settled, fee_before_minor=charged, share=share, paid_month=MONTH
        )
        settled, charged = settled + base, charged + fee_of(inputs)
        assert charged == fee_of(FeeInputs(base_minor=settled, share=share, paid_month=MONTH))
        assert 0 <= charged <= settled
