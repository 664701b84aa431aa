"""Events of usage billing."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("debt_changed", about=("buyer",))
class DebtChanged(Struct, frozen=True, kw_only=True):
    """A buyer's debt for usage changed."""

    buyer: int
    currency: str


@event("arrears_began", about=("arrears",))
class ArrearsBegan(Struct, frozen=True, kw_only=True):
    """The balance did not cover a usage charge."""

    arrears: int


@event("arrears_cleared", about=("arrears",))
class ArrearsCleared(Struct, frozen=True, kw_only=True):
    """The debt is paid."""

    arrears: int


@event("credit_waits", about=("charge",))
class CreditWaits(Struct, frozen=True, kw_only=True):
    """A credit for usage waits for the return of an invoice."""

    charge: int


@event("quota_low", about=("package",))
class QuotaLow(Struct, frozen=True, kw_only=True):
    """The remaining quota is below the buyer's threshold. ``left``: in ten-thousandths of a unit."""

    quota: int
    package: int
    left: int


@event("quota_used_up", about=("package",))
class QuotaUsedUp(Struct, frozen=True, kw_only=True):
    """A quota is used up, possibly until its reset."""

    quota: int
    package: int


@event("repurchase_failed", about=("package",))
class RepurchaseFailed(Struct, frozen=True, kw_only=True):
    """An automatic repurchase failed; no order was placed."""

    quota: int
    package: int
    reason: str
    """Code of the refusal, such as ``balance.too_low``."""
