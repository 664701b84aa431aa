"""Fee of the market (business-rules §8.3). Pure functions.

A seller gets a share of its earnings, larger for a product with many payments in a month. The fee of one order line, or
of a service's usage in a month, is rounded once over all statements; later changes are charged as a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from msgspec import Struct

from tradepost.market.base.values import as_dict


class FeePolicy(Struct, frozen=True, kw_only=True):
    """``share``: the seller's share. ``increments``: payments for the product in the month, in minor units, from which
    the share grows, and by how much. The highest reached increment applies to the whole amount."""

    share: Decimal
    name: str = ""
    """Name of a policy set in the console; empty for the settings."""
    increments: tuple[tuple[int, Decimal], ...] = ()

    def increment(self, paid_minor: int) -> Decimal:
        reached_steps = [(start, increment) for start, increment in self.increments if paid_minor >= start]
        return max(reached_steps)[1] if reached_steps else Decimal(0)


class FeeInputs(Struct, frozen=True, kw_only=True):
    """Inputs of a fee, stored with it so that it can be computed again. Amounts in minor units."""

    base_minor: int
    """Amount to settle now."""
    before_minor: int = 0
    """Amount of the same order line or usage on earlier statements."""
    fee_before_minor: int = 0
    share: Decimal
    increment: Decimal = Decimal(0)
    paid_month: date
    """First day of the month of payment, which decides the increment."""
    paid_minor: int = 0
    """Payments for the product in that month."""
    policy: str = ""
    """Name of the policy that set share and increment."""

    @property
    def rate(self) -> Decimal:
        """The market's share; never negative."""
        return max(1 - self.share - self.increment, Decimal(0))

    @property
    def stored(self) -> dict[str, str | int]:
        """JSON form."""
        return {name: value if isinstance(value, int) else str(value) for name, value in as_dict(self).items()}


def read_inputs(stored: Mapping[str, Any]) -> FeeInputs:
    return FeeInputs(
        base_minor=stored["base_minor"], before_minor=stored["before_minor"], fee_before_minor=stored["fee_before_minor"],
        share=Decimal(stored["share"]), increment=Decimal(stored["increment"]), paid_minor=stored["paid_minor"],
        paid_month=date.fromisoformat(stored["paid_month"]), policy=stored.get("policy", ""),
    )  # fmt: skip


def fee_of(inputs: FeeInputs) -> int:
    """Return the fee in minor units; negative if earnings were returned."""
    total_fee = (inputs.before_minor + inputs.base_minor) * inputs.rate
    return int(total_fee.quantize(Decimal(1), rounding=ROUND_HALF_UP)) - inputs.fee_before_minor
