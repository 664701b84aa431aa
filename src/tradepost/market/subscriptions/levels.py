"""How long what nobody renewed stays usable, and how long it is then kept: by the level of its buyer (business-rules §4.4).

The level that counts is that of the moment when the paid time ends (operations.md §7): what was set then, no later level
moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct

from tradepost.market.identity.models import Level


class Terms(Struct, frozen=True, kw_only=True):
    """``grace``: from the end of the paid time until it is frozen. ``retention``: from then until it is deleted."""

    grace: timedelta
    retention: timedelta


AT_ONCE = Terms(grace=timedelta(), retention=timedelta())
"""What its buyer does not want to keep beyond its end (§4.5)."""


class Levels(Struct, frozen=True, kw_only=True):
    """The terms of each level; ``default`` is that of buyers to whom nobody gave one."""

    default: Level
    terms: Mapping[Level, Terms]

    def level(self, given: str) -> Level:
        return Level(given) if given else self.default

    def of(self, given: str, *, trial: bool = False) -> Terms:
        """Of a buyer whose level is ``given``. A trial has no grace (operations.md §7)."""
        terms = self.terms[self.level(given)]
        return Terms(grace=timedelta(), retention=terms.retention) if trial else terms


def levels_of(*, default: str, grace_days: Sequence[int], retention_days: Sequence[int]) -> Levels:
    """From numbers of days for V0 to V5, as the settings have them."""
    return Levels(
        default=Level(default),
        terms={
            level: Terms(grace=timedelta(days=grace), retention=timedelta(days=retention))
            for level, grace, retention in zip(Level, grace_days, retention_days, strict=True)
        },
    )
