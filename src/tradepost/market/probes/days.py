"""Count failing days: a failed day adds one, a passed day resets, an unknown day changes nothing. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from .outcome import Verdict


def next_streak(streak: int, verdict: Verdict) -> int:
    """Return the number of failing days in a row after one more day."""
    match verdict:
        case Verdict.FAILED:
            return streak + 1
        case Verdict.PASSED:
            return 0
        case Verdict.UNKNOWN:
            return streak


def streak_of(verdicts: Iterable[Verdict]) -> int:
    """Return the number of failing days in a row at the end of these days."""
    streak = 0
    for verdict in verdicts:
        streak = next_streak(streak, verdict)
    return streak


def forecast(day: date, streak: int, *, freeze_days: int) -> date | None:
    """Return the day of the freeze if every day from ``day`` on fails; None if nothing failed or days are not
    counted."""
    if streak <= 0 or freeze_days <= 0:
        return None
    return day + timedelta(days=max(freeze_days - streak, 0))
