"""How long a run may wait for its seller, and when it goes on no more: too many slow answers, or a person stopped it."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

LONGEST_WAIT = 10.0
"""Seconds that one refusal for coming too soon may ask to wait."""
WAITING_IN_ALL = 120.0
SLOW_ANSWERS = 3
"""Answers in a row that may take too long before the run is given up."""


@dataclass(slots=True)
class RunBudget:
    """Thread-safe."""

    stopped: bool = False
    """By a person."""
    given_up: bool = False
    """Nothing more is asked of a seller that needs seconds for everything: a run would take hours."""
    _slow_in_a_row: int = 0
    _waited: float = 0
    _lock: Lock = field(default_factory=Lock)

    def may_wait(self, seconds: float) -> bool:
        """Whether the run has the time, which is then counted."""
        with self._lock:
            if self.stopped or seconds > LONGEST_WAIT or self._waited + seconds > WAITING_IN_ALL:
                return False
            self._waited += seconds
            return True

    def note_answer(self, *, late: bool) -> None:
        """Of an answer to a request that was alone: in a crowd, every seller is slower."""
        with self._lock:
            self._slow_in_a_row = self._slow_in_a_row + 1 if late else 0

    def give_up_if_slow(self) -> bool:
        """Whether too many answers in a row were late; then nothing more is asked in this run."""
        with self._lock:
            slow = self._slow_in_a_row >= SLOW_ANSWERS
            self.given_up |= slow
            return slow

    def stop(self) -> None:
        """A person wants it over: what is at work ends with its next request."""
        self.stopped = True
