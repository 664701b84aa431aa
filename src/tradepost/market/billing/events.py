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


@event("quota_low", about=("package",))
@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaLow:
    """Less is left of a package than its buyer wants to know of. ``left``: in ten-thousandths of a unit."""

    quota: int
    package: int
    left: int


@event("quota_used_up", about=("package",))
@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaUsedUp:
    """Nothing is left of a package, or nothing until it is full again."""

    quota: int
    package: int


@event("repurchase_failed", about=("package",))
@dataclass(frozen=True, slots=True, kw_only=True)
class RepurchaseFailed:
    """A package that its buyer wants bought again was not: nothing was ordered."""

    quota: int
    package: int
    reason: str
    """Code of the refusal, such as ``balance.too_low``."""
