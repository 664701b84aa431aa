"""What is simulated: everything that happens follows from it, so that the same plan comes out the same."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2027, 1, 30, 22, 30, tzinfo=UTC)
"""The 31st of a month in the market's zone and the 30th in UTC, so that calendars show what they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``faults``: the share of what can go wrong that does, from 0 to 1. ``visits``: only so many of the first; None for all.
    ``watchful``: look after every step instead of once a day, to see when something went wrong."""

    seed: int
    days: int
    sellers: int = 3
    buyers: int = 4
    faults: float = 0.2
    visits: int | None = None
    watchful: bool = False

    @property
    def end(self) -> datetime:
        return START + timedelta(days=self.days)

    def chance(self, *about: object) -> random.Random:
        """A stream of chance of its own for each thing, so that leaving one out moves no other."""
        return random.Random("/".join(map(str, (self.seed, *about))))  # noqa: S311  # to come out the same, not to be secret
