"""Failing days are counted: one more for each that fails, none left after one that passes, unknown ones pass over. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from .outcome import Verdict


def after(streak: int, verdict: Verdict) -> int:
    """Failing days in a row after one more day."""
    match verdict:
        case Verdict.FAILED:
            return streak + 1
        case Verdict.PASSED:
            return 0
        case Verdict.UNKNOWN:
            return streak


def streak_of(verdicts: Iterable[Verdict]) -> int:
    """Of days in their order."""
    streak = 0
    for verdict in verdicts:
        streak = after(streak, verdict)
    return streak


def forecast(day: date, streak: int, *, freeze_days: int) -> date | None:
    """On which day trading is frozen if every day from ``day``, the last that counts, fails; None when nothing failed, or
    days are not counted."""
    if streak <= 0 or freeze_days <= 0:
        return None
    return day + timedelta(days=max(freeze_days - streak, 0))
