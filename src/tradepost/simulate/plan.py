"""Parameters of a simulation, which determine everything that happens."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START_TIME = datetime(2027, 1, 30, 22, 30, tzinfo=UTC)
"""The 31st of a month in the market's time zone and the 30th in UTC, to test calendars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``faults``: share of possible faults that occur, from 0 to 1. ``visits``: number of first visits; None for all.
    ``watchful``: check after every step instead of once a day, to find the time of a failure."""

    seed: int
    days: int
    sellers: int = 3
    buyers: int = 4
    faults: float = 0.2
    visits: int | None = None
    watchful: bool = False

    @property
    def end(self) -> datetime:
        return START_TIME + timedelta(days=self.days)

    def chance(self, *about: object) -> random.Random:
        """Return a separate random generator for each purpose, so that omitting one step changes no other."""
        return random.Random("/".join(map(str, (self.seed, *about))))  # noqa: S311  # to come out the same, not to be secret
