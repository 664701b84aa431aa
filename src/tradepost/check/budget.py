"""How long a run may take and wait, and when it asks no more: its time is over, too many slow answers, or a person stopped it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import inf
from threading import Lock

LONGEST_WAIT = 10.0
"""Seconds that one refusal for coming too soon may ask to wait."""
WAITING_IN_ALL = 120.0
SLOW_ANSWERS = 3
"""Answers in a row that may take too long before the run is given up."""
TIDYING = 10.0
"""Seconds that the release of what the run made may take once its time is over."""


@dataclass(slots=True)
class RunBudget:
    """Thread-safe. ``within``: seconds for the whole run from now on; 0 for as long as it takes."""

    within: float = 0
    stopped: bool = False
    """By a person."""
    given_up: bool = False
    """Nothing more is asked of a seller that needs seconds for everything: a run would take hours."""
    _began: float = field(default_factory=time.monotonic)
    _slow_in_a_row: int = 0
    _waited: float = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def left(self) -> float:
        """Seconds until the run's time is over, at least 0; infinite where it has no end."""
        return max(0.0, self._began + self.within - time.monotonic()) if self.within else inf

    @property
    def over(self) -> bool:
        return self.left <= 0

    def may_wait(self, seconds: float) -> bool:
        """Whether the run has the time, which is then counted."""
        with self._lock:
            if self.stopped or seconds > min(LONGEST_WAIT, self.left) or self._waited + seconds > WAITING_IN_ALL:
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
