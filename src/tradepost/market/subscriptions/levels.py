"""Grace and retention of a service without renewal, by the level of its buyer (business-rules §4.4).

The buyer's level at the end of the paid time decides (operations.md §7); later changes of the level do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct

from tradepost.market.identity.models import Level


class RetentionTerms(Struct, frozen=True, kw_only=True):
    """``grace``: from the end of the paid time until the freeze. ``retention``: from the freeze until the deletion."""

    grace: timedelta
    retention: timedelta


NO_RETENTION = RetentionTerms(grace=timedelta(), retention=timedelta())
"""For services that their buyer does not keep after the end (§4.5)."""


class Levels(Struct, frozen=True, kw_only=True):
    """Terms of each level; ``default`` is the level of buyers without one."""

    default: Level
    terms: Mapping[Level, RetentionTerms]

    def level(self, code: str) -> Level:
        return Level(code) if code else self.default

    def of(self, code: str, *, trial: bool = False) -> RetentionTerms:
        """Return the terms of a buyer with this level. A trial has no grace (operations.md §7)."""
        terms = self.terms[self.level(code)]
        return RetentionTerms(grace=timedelta(), retention=terms.retention) if trial else terms


def levels_of(*, default: str, grace_days: Sequence[int], retention_days: Sequence[int]) -> Levels:
    """Create the levels V0 to V5 from numbers of days in the settings."""
    return Levels(
        default=Level(default),
        terms={
            level: RetentionTerms(grace=timedelta(days=grace), retention=timedelta(days=retention))
            for level, grace, retention in zip(Level, grace_days, retention_days, strict=True)
        },
    )
