"""The market's fee, pure (business-rules §8.3).

A seller gets a share of what it earns; more of it for a product for which much was paid in a month. The fee of one order line, or of
the usage of one service in a month, is rounded once over all statements: what comes later, or is taken back, changes it by the
difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from msgspec import Struct

from tradepost.market.base.values import as_dict


class FeePolicy(Struct, frozen=True, kw_only=True):
    """``share``: the seller's part. ``increments``: from how many minor units on that were paid for the product in the month, and
    by how much the share is larger then; the highest that is reached counts, for all of it."""

    share: Decimal
    increments: tuple[tuple[int, Decimal], ...] = ()

    def increment(self, paid_minor: int) -> Decimal:
        reached = [(start, more) for start, more in self.increments if paid_minor >= start]
        return max(reached)[1] if reached else Decimal(0)


class Inputs(Struct, frozen=True, kw_only=True):
    """All that a fee is computed from; kept beside it, so that it can be computed again. Amounts in minor units."""

    base_minor: int
    """What is settled now."""
    before_minor: int = 0
    """What of the same order line, or usage, was settled before."""
    fee_before_minor: int = 0
    share: Decimal
    increment: Decimal = Decimal(0)
    paid_month: date
    """First day of the month in which it was paid, by which the increment goes."""
    paid_minor: int = 0
    """What buyers paid for the product in that month."""

    @property
    def rate(self) -> Decimal:
        """The market's part. Never below nothing."""
        return max(1 - self.share - self.increment, Decimal(0))

    @property
    def stored(self) -> dict[str, str | int]:
        """In JSON."""
        return {name: value if isinstance(value, int) else str(value) for name, value in as_dict(self).items()}


def read_inputs(stored: Mapping[str, Any]) -> Inputs:
    return Inputs(
        base_minor=stored["base_minor"], before_minor=stored["before_minor"], fee_before_minor=stored["fee_before_minor"],
        share=Decimal(stored["share"]), increment=Decimal(stored["increment"]), paid_minor=stored["paid_minor"],
        paid_month=date.fromisoformat(stored["paid_month"]),
    )  # fmt: skip


def fee_of(inputs: Inputs) -> int:
    """Minor units, below zero where something was taken back."""
    whole = (inputs.before_minor + inputs.base_minor) * inputs.rate
    return int(whole.quantize(Decimal(1), rounding=ROUND_HALF_UP)) - inputs.fee_before_minor
