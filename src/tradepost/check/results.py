"""What a run of the tester found, as values: every report (terminal, HTML, JUnit, JSON) is written from these alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tradepost.protocols.http import Request
from tradepost.protocols.text import Text

NOTHING = Text(en="", zh="")


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    """A market accepts it today; the specification recommends otherwise, or is silent where trouble is near."""
    SKIPPED = "skipped"
    """Could not be asked of this seller, for example because an earlier step that it needs was refused."""
    BROKEN = "broken"
    """The tester itself failed: nothing is known about the seller."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the bytes that came back. ``problem`` says why no complete answer came; empty otherwise."""

    request: Request
    sent_at: datetime
    seconds: float
    answer: bytes = b""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The mistake that explains a failure. ``name`` is stable, one of ``diagnoses.NAMES``."""

    name: str
    words: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check. ``seen`` says what was observed: ``NOTHING`` when it passed."""

    check_id: str
    group: str
    title: Text
    verdict: Verdict
    expected: Text
    spec: str
    seen: Text = NOTHING
    diagnosis: Diagnosis | None = None
    blocked: bool = False
    """Skipped though the protocol needs it: a run with one such result fails."""
    exchanges: tuple[Exchange, ...] = ()
    seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run, results in the order in which they were asked."""

    url: str
    protocol: str
    title: Text
    started_at: datetime
    seconds: float
    results: tuple[Result, ...] = field(default_factory=tuple)
    left_behind: tuple[str, ...] = ()
    """Ids of instances that this run created and could not release, because the seller did not answer in time."""

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
        """What was not asked though the protocol needs it."""
        return tuple(result for result in self.results if result.blocked)

    @property
    def mistakes(self) -> tuple[tuple[Result, ...], ...]:
        """What did not pass, one group a mistake: a single one often fails a dozen checks, or keeps them from being asked.

        That which keeps others from being asked comes first.
        """
        found: dict[str, list[Result]] = {}
        for result in self.results:
            named = result.blocked and result.diagnosis is not None
            if named or result.verdict in {Verdict.FAILED, Verdict.BROKEN}:
                name = result.diagnosis.name if result.diagnosis else result.check_id
                found.setdefault(name, []).append(result)
        groups = [sorted(results, key=lambda one: one.blocked) for results in found.values()]
        return tuple(tuple(results) for results in sorted(groups, key=lambda one: not any(r.blocked for r in one)))

    @property
    def reasons(self) -> int:
        """How many mistakes explain the failures; what could not be checked is none."""
        return sum(results[0].verdict is not Verdict.BROKEN for results in self.mistakes)

    @property
    def diagnoses(self) -> frozenset[str]:
        """Names of every mistake that was recognised."""
        return frozenset(result.diagnosis.name for result in self.results if result.diagnosis)

    @property
    def exit_code(self) -> int:
        """0 when all passed (a warning is no failure), 1 when one failed or could not be asked though the protocol needs
        it, 2 when the seller could not be tested.
        """
        if self.failed:
            return 1
        if self.count(Verdict.BROKEN):
            return 2
        if self.blocked:
            return 1
        return 0 if self.count(Verdict.PASSED) else 2


@dataclass(frozen=True, slots=True)
class Progress:
    """Told before each check (``result`` is None) and after it."""

    done: int
    total: int
    title: Text
    result: Result | None = None
