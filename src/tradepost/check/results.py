"""Results of a run as values, the only source of all reports (terminal, HTML, JUnit, JSON)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tradepost.protocols.http import Request
from tradepost.protocols.text import Text

NO_TEXT = Text(en="", zh="")


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    """A market accepts it today, but the specification recommends otherwise or does not cover it."""
    SKIPPED = "skipped"
    """Could not run with this seller, for example because a step that it needs was refused."""
    BROKEN = "broken"
    """The tester itself failed: nothing is known about the seller."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the bytes of its answer. ``problem``: why there is no complete answer; empty otherwise."""

    request: Request
    sent_at: datetime
    seconds: float
    answer: bytes = b""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The mistake that explains a failure. ``name``: stable, one of ``diagnoses.NAMES``."""

    name: str
    words: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Result of one check. ``seen``: the observation; ``NO_TEXT`` if it passed."""

    check_id: str
    group: str
    title: Text
    verdict: Verdict
    expected: Text
    spec: str
    seen: Text = NO_TEXT
    diagnosis: Diagnosis | None = None
    blocked: bool = False
    """Skipped although the protocol requires it: a run with such a result fails."""
    exchanges: tuple[Exchange, ...] = ()
    seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run, with results in the order of the checks."""

    url: str
    protocol: str
    title: Text
    started_at: datetime
    seconds: float
    results: tuple[Result, ...] = field(default_factory=tuple)
    left_behind: tuple[str, ...] = ()
    """IDs of instances of this run that could not be released, because the seller did not answer in time."""

    def count(self, verdict: Verdict) -> int:
        return sum(result.verdict == verdict for result in self.results)

    @property
    def failed(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.verdict is Verdict.FAILED)

    @property
    def warned(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.verdict is Verdict.WARNED)

    @property
    def blocked(self) -> tuple[Result, ...]:
        """Required checks that could not run."""
        return tuple(result for result in self.results if result.blocked)

    @property
    def mistakes(self) -> tuple[tuple[Result, ...], ...]:
        """Failed and blocked checks grouped by mistake: a single mistake often affects a dozen checks.

        Mistakes that block other checks come first.
        """
        by_mistake: dict[str, list[Result]] = {}
        for result in self.results:
            is_diagnosed = result.blocked and result.diagnosis is not None
            if is_diagnosed or result.verdict in {Verdict.FAILED, Verdict.BROKEN}:
                name = result.diagnosis.name if result.diagnosis else result.check_id
                by_mistake.setdefault(name, []).append(result)
        groups = [sorted(results, key=lambda grouped_result: grouped_result.blocked) for results in by_mistake.values()]
        return tuple(tuple(results) for results in sorted(groups, key=lambda group: not any(r.blocked for r in group)))

    @property
    def reasons(self) -> int:
        """Number of mistakes that explain the failures, without faults of the tester."""
        return sum(results[0].verdict is not Verdict.BROKEN for results in self.mistakes)

    @property
    def diagnoses(self) -> frozenset[str]:
        """Names of all diagnosed mistakes."""
        return frozenset(result.diagnosis.name for result in self.results if result.diagnosis)

    @property
    def exit_code(self) -> int:
        """0 if all passed (warnings included), 1 if one failed or a required one could not run, 2 if the seller could
        not be tested."""
        if self.failed:
            return 1
        if self.count(Verdict.BROKEN):
            return 2
        if self.blocked:
            return 1
        return 0 if self.count(Verdict.PASSED) else 2


@dataclass(frozen=True, slots=True)
class Progress:
    """Reported before each check (``result`` is None) and after it."""

    done: int
    total: int
    title: Text
    result: Result | None = None
