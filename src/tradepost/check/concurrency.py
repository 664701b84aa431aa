"""Limits concurrent requests: as many as the seller reads in parallel, one if it reads sequentially.

The tester's load must never look like a seller's mistake. So the limit starts at one. It grows only after the seller
has read a second request while the first was arriving, and falls permanently at the first sign of a queue.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .http_client import RawResponse

FIRST_LIMIT = 4
"""Concurrent requests once the seller is known to read several; each good answer adds one."""
BUSY_STATUSES = frozenset({429, 502, 503, 504})


class ConcurrencyLimit:
    """``most``: the user's limit."""

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.limit = 1
        self._under_way = 0
        self._fell_at = 0.0
        self._changed = Condition()

    @property
    def parallel(self) -> bool:
        """Whether requests may overlap with others of this run."""
        return self.limit > 1

    def widen(self) -> None:
        """Permit concurrency: the seller reads requests in parallel."""
        with self._changed:
            self.limit = min(FIRST_LIMIT, self.most)
            self._changed.notify_all()

    def narrow(self) -> None:
        """Send one request at a time from now on."""
        with self._changed:
            self.most = self.limit = 1

    @contextmanager
    def slot(self) -> Iterator[bool]:
        """Wait until another request may be sent. Yields whether it is the only one."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.limit)
            self._under_way += 1
            is_alone = self._under_way == 1
        try:
            yield is_alone
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def learn(self, received: RawResponse, began: float) -> None:
        """Adapt the limit to an answer. ``began``: when the request was sent; requests from before the last reduction
        are ignored."""
        with self._changed:
            if not self.parallel or began < self._fell_at:
                return
            if received.fault in {"no_answer", "too_slow"} or received.status in BUSY_STATUSES or received.queued:
                self.most = self.limit = self.limit // 2
                self._fell_at = time.monotonic()
            elif self.limit < self.most:
                self.limit += 1
                self._changed.notify_all()
