"""Time limits of a run, and the reasons to stop it: its time is over, too many slow answers, or a user stopped it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import inf
from threading import Lock

MAX_WAIT = 10.0
"""Maximum seconds to wait after one rate-limited request."""
MAX_TOTAL_WAIT = 120.0
MAX_SLOW_ANSWERS = 3
"""Consecutive slow answers after which the run is aborted."""
CLEANUP_SECONDS = 10.0
"""Maximum seconds to release the run's instances after its time is over."""


@dataclass(slots=True)
class RunBudget:
    """Thread-safe. ``within``: seconds for the whole run; 0 for no limit."""

    within: float = 0
    stopped: bool = False
    """By a user."""
    given_up: bool = False
    """The seller is too slow: the run would take hours."""
    _began: float = field(default_factory=time.monotonic)
    _slow_in_a_row: int = 0
    _waited: float = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def left(self) -> float:
        """Seconds left for the run, at least 0; infinite without a limit."""
        return max(0.0, self._began + self.within - time.monotonic()) if self.within else inf

    @property
    def over(self) -> bool:
        return self.left <= 0

    def may_wait(self, seconds: float) -> bool:
        """Return whether the run may wait that long, and count the time."""
        with self._lock:
            if self.stopped or seconds > min(MAX_WAIT, self.left) or self._waited + seconds > MAX_TOTAL_WAIT:
                return False
            self._waited += seconds
            return True

    def note_answer(self, *, late: bool) -> None:
        """Count an answer to a request that ran alone: under concurrency, every seller is slower."""
        with self._lock:
            self._slow_in_a_row = self._slow_in_a_row + 1 if late else 0

    def give_up_if_slow(self) -> bool:
        """Return whether too many consecutive answers were late; then the run sends no more requests."""
        with self._lock:
            is_slow = self._slow_in_a_row >= MAX_SLOW_ANSWERS
            self.given_up |= is_slow
            return is_slow

    def stop(self) -> None:
        """Stop the run for a user: running checks end with their next request."""
        self.stopped = True
