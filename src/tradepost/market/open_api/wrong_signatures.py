"""Count of a caller's wrong signatures in a row, for all processes; see ``identity/limits.py``."""

from __future__ import annotations

from datetime import datetime
from zlib import crc32

from tradepost.market.identity import throttling
from tradepost.market.identity.limits import SIGNATURES, WRONG_SIGNATURES
from tradepost.market.identity.throttling import Failures
from tradepost.market.web.peer import network_of

SHARED_COUNTERS = 256
"""Number of shared counters per network for unknown keys, used after too many. Real keys lock alike, so locks reveal
nothing."""


class WrongSignatures:
    """The wrong signatures of a caller at the time of a request.

    The lookup of the caller's key reads the counter in the same query (``given``); otherwise it is read on demand.
    """

    def __init__(self, peer: str, key: str, *, now: datetime, known: bool = False) -> None:
        self._network, self._now, self._known = network_of(peer), now, known
        self._caller = f"{self._network} {key}"
        self._shared = f"{self._network} keys {crc32(key.encode()) % SHARED_COUNTERS}"
        self._before: Failures | None = None

    @property
    def counted(self) -> str:
        """The key of the counter's row."""
        return throttling.key_of(SIGNATURES, self._caller)

    def given(self, number: int | None, until: datetime | None) -> None:
        """Set the columns of the counter's row, None if there is none. The key exists."""
        self._known = True
        self._before = throttling.failures_of(SIGNATURES, number, until, now=self._now)

    @property
    def before(self) -> Failures:
        if self._before is None:
            counted_keys = [self._caller] if self._known else [self._caller, self._shared]
            failures = [throttling.failures(SIGNATURES, caller, now=self._now) for caller in counted_keys]
            self._before = max(failures, key=lambda failure: (failure.wait, failure.number))
        return self._before

    @property
    def wait(self) -> int:
        """Seconds until the caller may try again; 0 for immediately."""
        return self.before.wait

    def add(self) -> None:
        """Count a wrong signature. Real keys have their own counters; unknown keys share some after too many."""
        is_full = throttling.count(WRONG_SIGNATURES, self._network, now=self._now)
        throttling.count_failure(
            SIGNATURES, self._shared if is_full and not self._known else self._caller, now=self._now
        )

    def forget(self) -> None:
        """Reset the counter after a right signature."""
        if self.before.number:
            throttling.clear_guesses(SIGNATURES, self._caller)
