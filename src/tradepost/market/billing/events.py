"""What happens to money of usage."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("debt_changed", about=("buyer",))
@dataclass(frozen=True, slots=True, kw_only=True)
class DebtChanged:
    """What a buyer owes for usage became more, or less."""

    buyer: int
    currency: str


@event("arrears_began", about=("arrears",))
@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsBegan:
    """A balance did not cover what was charged for usage."""

    arrears: int


@event("arrears_cleared", about=("arrears",))
@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsCleared:
    """Nothing is owed any more."""

    arrears: int
