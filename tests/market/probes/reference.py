"""A plain model of the watch over one product, written from saas-v2 §6 and shelf §4 alone: it knows no database, no engine and
none of the market's own rules. Given what its server and the market did at any moment, it says what should come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

GAP = timedelta(minutes=10)
GRACE = timedelta(minutes=5)
"""How late a try may be that still counts."""

type Up = Callable[[datetime], bool]


@dataclass
class History:
    """``up``: whether the server answers well. ``back``: when the market is up again, if it is down then. ``lost``: whether the
    market loses a call that it makes then."""

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
    """One case: up to three tries, ten minutes apart and none due after ``last``. It passes by one good one, and fails by three
    bad ones alone."""
    at, seen = first, ""
    while len(seen) < 3:
        at = history.back(at) or at
        if at > last + GRACE:
            break
        if history.lost(at):
            seen += "L"
        elif history.up(at):
            return "P"
        else:
            seen += "F"
        at += GAP
        if at > last:
            break
    return "F" if seen == "FFF" else "U"


def slot(verdicts: list[str]) -> str:
    return "F" if "F" in verdicts else "U" if "U" in verdicts else "P"


def expect(days: dict[date, list[str]]) -> Expected:
    """``days``: what each slot of each day says of the product, in their order."""
    said, failing, told, selling = Expected(), False, 0, True
    for day, slots in days.items():
        for verdict in slots:
            nth = said.streak + 1
            if verdict == "F" and (not failing or (selling and told != nth)):
                said.notices += 1
                told = nth
            if verdict == "P" and failing:
                said.notices += 1
            failing = {"F": True, "P": False}.get(verdict, failing)
        whole = slot(slots)
        said.days[day] = whole
        said.streak = {"F": said.streak + 1, "P": 0, "U": said.streak}[whole]
        if said.streak >= 5 and selling:
            selling, said.frozen_on = False, day
            said.notices += 1
    return said
