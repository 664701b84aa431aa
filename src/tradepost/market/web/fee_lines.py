"""The breakdown of a change fee for pages: added and removed use, line by line."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.orders.change_fee import Fee, FeeLine, Terms, fee_of
from tradepost.market.orders.explain_prices import time_calculation
from tradepost.market.orders.shares import decimal


class FeeLineView(Struct, frozen=True):
    line: FeeLine
    time: str
    rule: str
    """The exact formula of ``time``, which is rounded."""

    @property
    def more(self) -> bool:
        """Return whether to show the quantity: only above 1."""
        return self.line.quantity > 1


class FeeView(Struct, frozen=True):
    terms: Terms
    fee: Fee
    lines: tuple[FeeLineView, ...]

    @property
    def counts_from(self) -> datetime:
        return self.terms.counts_from

    @property
    def ends_at(self) -> datetime:
        return self.terms.ends_at

    @property
    def discounted(self) -> bool:
        return self.terms.discount != (1, 1)


def fee_view(terms: Terms, fee: Fee | None = None) -> FeeView:
    fee = fee or fee_of(terms)
    return FeeView(
        terms, fee, tuple(FeeLineView(line, decimal(line.time), time_calculation(line)) for line in fee.lines)
    )
