"""What is found out about the seller once and holds for the whole run: which activities it offers, and whether it works at all."""

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
    """Held while something is found out, so that it is found out once. Taken before the lock of the instance pool."""

    def holds(self, question: Question, find_out: Callable[[], bool], *, remember_no: bool) -> bool:
        """The answer, known or found out now. ``remember_no``: whether a *no* is final, or is asked again next time."""
        with self._lock:
            known = self._known.get(question)
            if known is not None:
                return known
            found = find_out()
            if found or remember_no:
                self._known[question] = found
            return found
