"""What came of the run so far: every answer, and every mistake that was found; for the checks that are about the whole run."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .answers import Answer


@dataclass(slots=True)
class History:
    """Thread-safe. Requesters add each answer, the runner each diagnosis; checks only read."""

    _answers: list[Answer] = field(default_factory=list)
    _alone: list[Answer] = field(default_factory=list)
    _diagnoses: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """In the order in which they came."""
        with self._lock:
            return tuple(self._answers)

    @property
    def alone(self) -> tuple[Answer, ...]:
        """Those to requests that met no other of this run: only they tell how long an answer takes."""
        with self._lock:
            return tuple(self._alone)

    @property
    def diagnoses(self) -> frozenset[str]:
        """Those of checks that were asked alone: what fails in parallel is asked again."""
        with self._lock:
            return frozenset(self._diagnoses)

    def add_answer(self, answer: Answer, *, alone: bool = False) -> None:
        with self._lock:
            self._answers.append(answer)
            if alone:
                self._alone.append(answer)

    def add_diagnosis(self, name: str) -> None:
        with self._lock:
            self._diagnoses.add(name)
