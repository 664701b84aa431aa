"""When a package is low: pure (business-rules §9: a threshold in percent or as an amount)."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    PERCENT = "percent"
    AMOUNT = "amount"


def low_at(amount: int, kind: Kind, threshold: int) -> int:
    """What is left of a quota of ``amount`` when its buyer is told; ``threshold`` in percent, or in the units of ``amount``."""
    return amount * threshold // 100 if kind is Kind.PERCENT else threshold


def became_low(before: int, after: int, low: int) -> bool:
    """With this deduction; not again while it stays below, and not when nothing is left, which is told by itself."""
    return before > low >= after > 0


def became_used_up(before: int, after: int) -> bool:
    return before > 0 == after
