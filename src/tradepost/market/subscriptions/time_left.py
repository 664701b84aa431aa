"""Remaining paid time in calendar months, years or days: exact and pure (saas-v2 §8.3).

Time is measured on a calendar grid that ends with the paid time. Part of a cell counts in proportion to the length of
that cell: half of February and half of March are both half a month.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from fractions import Fraction

from .paid_time import months_between, period_end

_MICROSECOND = timedelta(microseconds=1)
_MONTHS = {"month": 1, "year": 12}


def time_left(unit: str, since: datetime, end: datetime, *, began_at: datetime, zone: tzinfo) -> Fraction:
    """Return the time from ``since`` to ``end`` in days, months or years (``unit``); zero if no time remains.

    Grid lines fall on the day of the month of ``began_at`` where the month has it, as in ``paid_time.prolonged``.
    """
    remaining, upper, cells = Fraction(0), end, 0
    while upper > since:
        cells += 1
        lower = _grid_line(unit, end, cells, began_at=began_at, zone=zone)
        remaining += Fraction((upper - max(since, lower)) // _MICROSECOND, (upper - lower) // _MICROSECOND)
        upper = lower
    return remaining


def _grid_line(unit: str, end: datetime, cells: int, *, began_at: datetime, zone: tzinfo) -> datetime:
    """Return the grid line this number of cells before ``end``."""
    if unit not in _MONTHS:
        return period_end(end, unit, -cells, zone=zone)
    months = months_between(began_at, end, zone=zone)
    if months > 0 and period_end(began_at, "month", months, zone=zone) == end:
        return period_end(began_at, "month", months - cells * _MONTHS[unit], zone=zone)
    return period_end(end, unit, -cells, zone=zone)
