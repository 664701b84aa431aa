"""Properties of the seller that are determined once per run: its activities, and whether it works at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Literal

from tradepost.protocols.commands import Command

type Question = (
    type[Command] | Literal["accepts a correct request", "keeps a real instance", "knows its instances each time"]
)
"""A command: whether the seller offers this activity."""


@dataclass(slots=True)
class SellerProfile:
    """Thread-safe."""

    _known: dict[Question, bool] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)
    """Held while a property is determined, so that this happens once. Acquired before the lock of the instance pool."""

    def holds(self, question: Question, find_out: Callable[[], bool], *, remember_no: bool) -> bool:
        """Return the stored or newly determined answer. ``remember_no``: store a negative answer as well."""
        with self._lock:
            stored_answer = self._known.get(question)
            if stored_answer is not None:
                return stored_answer
            answer = find_out()
            if answer or remember_no:
                self._known[question] = answer
            return answer
