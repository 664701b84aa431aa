"""Durations in user input: ``90s``, ``15m``, ``4h``, ``30d``, ``2w``, ``1y``, or several together."""

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
MAX_DURATION = timedelta(days=365 * 100)
_PART = re.compile(r"(\d+)([smhdwy])")
_DURATION = re.compile(r"(?:\d+[smhdwy])+")


def parse(text: str) -> timedelta:
    """Parse a duration: ``"1d12h"`` is one and a half days. Raises ``Refused`` for invalid texts, zero, and more than
    100 years."""
    typed_text = text.strip().lower()
    if not _DURATION.fullmatch(typed_text) or len(typed_text) > 40:
        raise Refused("duration.unreadable", f"{text!r} is no span of time: write 90s, 15m, 4h, 30d, 2w, 1y or 1d12h.")
    try:
        span = sum((int(number) * UNITS[unit] for number, unit in _PART.findall(typed_text)), timedelta())
    except OverflowError:
        span = timedelta.max
    if not timedelta() < span <= MAX_DURATION:
        raise Refused("duration.range", f"{text!r} must be more than nothing and at most 100 years.")
    return span


def as_text(span: timedelta) -> str:
    """Return the two largest units, rounded: ``29 days 4 hours``."""
    exact_seconds = abs(span).total_seconds()
    precision = 3_600 if exact_seconds >= 86_400 else 60 if exact_seconds >= 3_600 else 1
    seconds = round(exact_seconds / precision) * precision
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "0 seconds"
