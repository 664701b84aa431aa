"""What a benchmark answers: medians of repeated runs, ratios between them, and whether what must hold does."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median

type Say = Callable[[str], None]
"""Tells a person who waits what is going on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much to do. ``quick`` proves in seconds that the program works; its numbers mean nothing."""

    repeats: int = 3
    quick: bool = False
    orders: int = 0
    """Where a question is about how many orders there are: the most. 0 leaves it to the question."""
    only: str = ""
    """Where a question is about many things: those whose names contain one of these words, separated by commas."""

    def of(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @property
    def verify(self) -> tuple[str, ...]:
        """Arguments of the instant seller: a quick run proves that what is measured otherwise is properly signed."""
        return ("--verify",) if self.quick else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured thing: the median of its runs counts."""

    name: str
    unit: str
    runs: tuple[float, ...]

    @property
    def value(self) -> float:
        return median(self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """``value`` times what ``of`` names."""

    of: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What performance.md asks for. ``bound`` is the least that will do, or the most when ``at_most``."""

    text: str
    reached: float
    bound: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        return self.reached <= self.bound if self.at_most else self.reached >= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    name: str
    title: str
    ratios: tuple[Ratio, ...]
    figures: tuple[Figure, ...]
    needs: tuple[Need, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Runs:
    """Collects figures while repeats go on."""

    say: Say
    found: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: float, unit: str) -> None:
        self.found.setdefault(name, []).append(value)
        self.units[name] = unit
        self.say(f"{name}: {value:,.4g} {unit}" if value < 1000 else f"{name}: {value:,.0f} {unit}")

    def value(self, name: str) -> float:
        return median(self.found[name])

    def ratio(self, of: str, ours: str, theirs: str) -> Ratio:
        return Ratio(of=of, value=self.value(ours) / self.value(theirs))

    def figures(self) -> tuple[Figure, ...]:
        return tuple(Figure(name=n, unit=self.units[n], runs=tuple(runs)) for n, runs in self.found.items())


def installed(*packages: str) -> bool:
    """Rivals are installed by ``make bench`` only; without them ours and the limit are still measured."""
    return all(importlib.util.find_spec(package) is not None for package in packages)


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least ``share`` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def teller(name: str) -> Say:
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"  {time.monotonic() - begun:5.1f} s  {name}: {text}", file=sys.stderr, flush=True)

    return say
