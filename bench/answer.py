"""Result of a benchmark: medians of repeated runs, their ratios, and whether the requirements are met."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median

type Say = Callable[[str], None]
"""Reports progress to the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Size of a run. ``quick`` only proves that the program works; its numbers are meaningless."""

    repeats: int = 3
    quick: bool = False
    orders: int = 0
    """Maximum number of orders in benchmarks about growth; 0 for the default."""
    only: str = ""
    """Words separated by commas: run only the cases whose names contain one of them."""

    def of(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @property
    def verify(self) -> tuple[str, ...]:
        """Arguments of the instant seller: a quick run verifies the signatures, which other runs do not."""
        return ("--verify",) if self.quick else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured quantity; its value is the median of the runs."""

    name: str
    unit: str
    runs: tuple[float, ...]

    @property
    def value(self) -> float:
        return median(self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """``value`` times the quantity in ``of``."""

    of: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A requirement of performance.md. ``bound``: the minimum, or the maximum with ``at_most``."""

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
    full: bool | None = None
    """Whether it ran at full size, in benchmarks with several sizes; otherwise derived from the command."""


@dataclass(slots=True)
class Runs:
    """Collects figures of repeated runs."""

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
    """Only ``make bench`` installs the rivals; without them, Tradepost and the limit are measured."""
    return all(importlib.util.find_spec(package) is not None for package in packages)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def progress_printer(name: str) -> Say:
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"  {time.monotonic() - begun:5.1f} s  {name}: {text}", file=sys.stderr, flush=True)

    return say
