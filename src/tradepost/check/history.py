"""Answers and diagnoses of the run so far, for checks about the whole run."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .answers import Answer


@dataclass(slots=True)
class History:
    """Thread-safe. Requesters add answers, the runner adds diagnoses; checks only read."""

    _answers: list[Answer] = field(default_factory=list)
    _alone: list[Answer] = field(default_factory=list)
    _diagnoses: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Answers in the order of arrival."""
        with self._lock:
            return tuple(self._answers)

    @property
    def alone(self) -> tuple[Answer, ...]:
        """Answers to requests that did not overlap with others; only they measure response times."""
        with self._lock:
            return tuple(self._alone)

    @property
    def diagnoses(self) -> frozenset[str]:
        """Diagnoses of checks that ran alone: failures in parallel are repeated."""
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
