"""Requests in progress, counted in the same way on an idle and on a busy machine."""

from __future__ import annotations

import time
from threading import Condition

STILL_SECONDS = 0.1
MAX_SECONDS = 3.0


class Crowd:
    """Keeps each request until no other one has arrived for a moment, so that requests that were sent together meet.

    ``with crowd as number``: the number of requests in progress, including this one, when it arrived.
    """

    def __init__(self) -> None:
        self._inside = self._arrived = 0
        self._changed = Condition()

    def __enter__(self) -> int:
        with self._changed:
            self._inside += 1
            number = self._inside
        self.meet()
        return number

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._inside -= 1

    def meet(self) -> None:
        """Wait for the others without being counted."""
        self.arrive()
        self.stay()

    def arrive(self) -> None:
        """Let the others wait for more requests, without waiting."""
        with self._changed:
            self._arrived += 1
            self._changed.notify_all()

    def stay(self) -> None:
        """Wait until no request has arrived for a moment."""
        end = time.monotonic() + MAX_SECONDS
        with self._changed:
            while self._has_arrival() and time.monotonic() < end:
                pass

    def _has_arrival(self) -> bool:
        seen = self._arrived
        return self._changed.wait_for(lambda: self._arrived > seen, STILL_SECONDS)
