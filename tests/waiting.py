"""Wait for a condition that another process, thread or page brings about. The only place of the tests that sleeps in a loop."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds. Long enough for a machine whose cores are all busy: a test that passes does not use it up."""
PAUSE = 0.02


def until[T](condition: Callable[[], T], what: str = "", *, within: float = PATIENCE, pause: float = PAUSE) -> T:
    """Return the first true value of the condition. Fail with ``what`` after ``within`` seconds."""
    end = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < end, f"did not happen within {within:g} s: {what or condition}"
        time.sleep(pause)
    return found
