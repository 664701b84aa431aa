"""Wait for a condition that another process, thread or page fulfils. Only this module of the tests sleeps in a loop."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

PATIENCE = float(os.environ.get("TRADEPOST_TEST_PATIENCE") or 1)
"""Factor for all limits of the tests. CI sets 3: a machine with other work may take that much longer."""
TIMEOUT = 60.0 * PATIENCE
"""Seconds. Long enough for a machine with all cores busy; passing tests need much less."""
PROGRAM_TIMEOUT = 150.0 * PATIENCE
"""Seconds that a program may take from start to end."""
INTERVAL = 0.02


def until[T](condition: Callable[[], T], what: str = "", *, within: float = TIMEOUT, pause: float = INTERVAL) -> T:
    """Return the first true value of the condition. Fail with ``what`` after ``within`` seconds."""
    end = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < end, f"did not happen within {within:g} s: {what or condition}"
        time.sleep(pause)
    return value
