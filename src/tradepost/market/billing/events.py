"""What happens to money of usage."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("debt_changed", about=("buyer",))
class DebtChanged(Struct, frozen=True, kw_only=True):
    """What a buyer owes for usage became more, or less."""

    buyer: int
    currency: str


@event("arrears_began", about=("arrears",))
class ArrearsBegan(Struct, frozen=True, kw_only=True):
    """A balance did not cover what was charged for usage."""

    arrears: int


@event("arrears_cleared", about=("arrears",))
class ArrearsCleared(Struct, frozen=True, kw_only=True):
    """Nothing is owed any more."""

    arrears: int


@event("credit_waits", about=("charge",))
class CreditWaits(Struct, frozen=True, kw_only=True):
    """A credit for usage is refunded only after the invoice over it is returned."""

    charge: int


@event("quota_low", about=("package",))
class QuotaLow(Struct, frozen=True, kw_only=True):
    """Less is left of a package than its buyer wants to know of. ``left``: in ten-thousandths of a unit."""

    quota: int
    package: int
    left: int


@event("quota_used_up", about=("package",))
class QuotaUsedUp(Struct, frozen=True, kw_only=True):
    """Nothing is left of a package, or nothing until it is full again."""

    quota: int
    package: int


@event("repurchase_failed", about=("package",))
class RepurchaseFailed(Struct, frozen=True, kw_only=True):
    """A package that its buyer wants bought again was not: nothing was ordered."""

    quota: int
    package: int
    reason: str
    """Code of the refusal, such as ``balance.too_low``."""
