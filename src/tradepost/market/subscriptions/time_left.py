"""How much of paid time is left, in months, years or days of the calendar: exact, and pure (saas-v2 §8.3).

Time is counted on a grid that ends where the paid time ends and goes back by steps of the calendar; what lies in a cell is
counted by the length of that cell: half of a February is half a month, as half of a March is.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from fractions import Fraction

from .paid_time import months_between, period_end

_MICROSECOND = timedelta(microseconds=1)
_MONTHS = {"month": 1, "year": 12}


def time_left(unit: str, since: datetime, end: datetime, *, begun: datetime, zone: tzinfo) -> Fraction:
    """The time from ``since`` to ``end`` in days, months or years (``unit``); zero where nothing is left.

    ``begun``: the day of the month on which the service began is that of its cells wherever the month has it, as it is when
    paid time is made longer (``paid_time.prolonged``).
    """
    left, upper, cells = Fraction(0), end, 0
    while upper > since:
        cells += 1
        lower = _back(unit, end, cells, begun=begun, zone=zone)
        left += Fraction((upper - max(since, lower)) // _MICROSECOND, (upper - lower) // _MICROSECOND)
        upper = lower
    return left


def _back(unit: str, end: datetime, cells: int, *, begun: datetime, zone: tzinfo) -> datetime:
    """Where the grid has its line so many cells before ``end``."""
    if unit not in _MONTHS:
        return period_end(end, unit, -cells, zone=zone)
    months = months_between(begun, end, zone=zone)
    if months > 0 and period_end(begun, "month", months, zone=zone) == end:
        return period_end(begun, "month", months - cells * _MONTHS[unit], zone=zone)
    return period_end(end, unit, -cells, zone=zone)
