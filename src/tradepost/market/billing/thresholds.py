"""When a package is low (pure functions, business-rules §9: threshold in percent or as an amount)."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    PERCENT = "percent"
    AMOUNT = "amount"


def low_at(amount: int, kind: Kind, threshold: int) -> int:
    """Return the remaining quota at which to alert. ``threshold``: percent, or in the unit of ``amount``."""
    return amount * threshold // 100 if kind is Kind.PERCENT else threshold


def became_low(before: int, after: int, low: int) -> bool:
    """Return whether this deduction crossed the threshold. A used-up quota has its own event."""
    return before > low >= after > 0


def became_used_up(before: int, after: int) -> bool:
    return before > 0 == after
