"""Spans of time as people type them: ``90s``, ``15m``, ``4h``, ``30d``, ``2w``, ``1y``, or several together."""

from __future__ import annotations

import re
from datetime import timedelta

from tradepost.market.base.errors import Refused

UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}
LONGEST = timedelta(days=365 * 100)
_PART = re.compile(r"(\d+)([smhdwy])")
_WHOLE = re.compile(r"(?:\d+[smhdwy])+")


def parse(text: str) -> timedelta:
    """``"1d12h"`` → one day and a half. Raises ``Refused`` for anything else, for nothing, and for over 100 years."""
    typed = text.strip().lower()
    if not _WHOLE.fullmatch(typed) or len(typed) > 40:
        raise Refused("duration.unreadable", f"{text!r} is no span of time: write 90s, 15m, 4h, 30d, 2w, 1y or 1d12h.")
    try:
        span = sum((int(number) * UNITS[unit] for number, unit in _PART.findall(typed)), timedelta())
    except OverflowError:
        span = timedelta.max
    if not timedelta() < span <= LONGEST:
        raise Refused("duration.range", f"{text!r} must be more than nothing and at most 100 years.")
    return span


def words(span: timedelta) -> str:
    """The two largest units, in full and rounded: ``29 days 4 hours``."""
    exact = abs(span).total_seconds()
    fine = 3_600 if exact >= 86_400 else 60 if exact >= 3_600 else 1
    seconds = round(exact / fine) * fine
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "0 seconds"
