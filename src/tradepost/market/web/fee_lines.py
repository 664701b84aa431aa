"""How the fee of a change in use came about, for pages: what is new and what is taken off, line by line."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from tradepost.market.orders.change_fee import Fee, FeeLine, Terms, fee_of

DIGITS = Decimal("0.0001")
"""Of a time in months or years, for the eye: the fee is computed of the exact one."""


class ShownLine(Struct, frozen=True):
    line: FeeLine
    time: Decimal

    @property
    def more(self) -> bool:
        """Whether the quantity says anything."""
        return self.line.quantity > 1


class ShownFee(Struct, frozen=True):
    terms: Terms
    fee: Fee
    lines: tuple[ShownLine, ...]

    @property
    def counts_from(self) -> datetime:
        return self.terms.counts_from

    @property
    def ends_at(self) -> datetime:
        return self.terms.ends_at

    @property
    def discounted(self) -> bool:
        return self.terms.discount != (1, 1)


def shown(terms: Terms, fee: Fee | None = None) -> ShownFee:
    fee = fee or fee_of(terms)
    return ShownFee(terms, fee, tuple(ShownLine(line, _decimal(line)) for line in fee.lines))


def _decimal(line: FeeLine) -> Decimal:
    return (Decimal(line.time.numerator) / Decimal(line.time.denominator)).quantize(DIGITS)
