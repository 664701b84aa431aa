"""A plain model of the probes of one product, written only from saas-v2 §6 and shelf §4. It uses no database, no engine
and none of the market's rules. From the state of server and market at each moment it computes the expected result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

GAP = timedelta(minutes=10)
GRACE = timedelta(minutes=5)
"""How late a try may be and still count."""

type Up = Callable[[datetime], bool]


@dataclass
class History:
    """``up``: whether the server responds well. ``back``: when the market is up again, if it is down. ``lost``: whether
    the market loses a call that it makes then.
    """

    up: Up
    back: Callable[[datetime], datetime | None]
    lost: Up


@dataclass
class Expected:
    days: dict[date, str] = field(default_factory=dict)
    streak: int = 0
    frozen_on: date | None = None
    notices: int = 0


def case(history: History, first: datetime, last: datetime) -> str:
    """Return the verdict of one case: up to three tries, ten minutes apart and none due after ``last``. One good try
    passes it; only three bad ones fail it.
    """
    at, results = first, ""
    while len(results) < 3:
        at = history.back(at) or at
        if at > last + GRACE:
            break
        if history.lost(at):
            results += "L"
        elif history.up(at):
            return "P"
        else:
            results += "F"
        at += GAP
        if at > last:
            break
    return "F" if results == "FFF" else "U"


def slot(verdicts: list[str]) -> str:
    return "F" if "F" in verdicts else "U" if "U" in verdicts else "P"


def expect(days: dict[date, list[str]]) -> Expected:
    """``days``: the verdicts of each slot of each day, in order."""
    expected, failing, last_told, selling = Expected(), False, 0, True
    for day, slots in days.items():
        for verdict in slots:
            nth = expected.streak + 1
            if verdict == "F" and (not failing or (selling and last_told != nth)):
                expected.notices += 1
                last_told = nth
            if verdict == "P" and failing:
                expected.notices += 1
            failing = {"F": True, "P": False}.get(verdict, failing)
        day_verdict = slot(slots)
        expected.days[day] = day_verdict
        expected.streak = {"F": expected.streak + 1, "P": 0, "U": expected.streak}[day_verdict]
        if expected.streak >= 5 and selling:
            selling, expected.frozen_on = False, day
            expected.notices += 1
    return expected
