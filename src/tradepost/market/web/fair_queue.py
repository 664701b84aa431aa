"""A queue that serves clients in turn, so that a client with many requests delays only its own."""

from __future__ import annotations

from collections import Counter, deque


class FairQueue[T]:
    """Items of each client in order, one client after the other.

    ``at_once``: how many items of a client may be in progress. Not thread-safe.
    """

    def __init__(self, *, at_once: int) -> None:
        self._at_once = at_once
        self._waiting: dict[str, deque[T]] = {}
        self._working: Counter[str] = Counter()
        self._ready: dict[str, None] = {}
        """Clients with a waiting item that may start, next one first."""

    def put(self, client: str, item: T) -> None:
        self._waiting.setdefault(client, deque()).append(item)
        self._make_ready(client)

    def take(self) -> tuple[str, T] | None:
        """Return the next item and its client, or None if no item may start. The client's slot is taken until
        ``finished``."""
        client = next(iter(self._ready), None)
        if client is None:
            return None
        del self._ready[client]
        item = self._waiting[client].popleft()
        if not self._waiting[client]:
            del self._waiting[client]
        self._working[client] += 1
        self._make_ready(client)
        return client, item

    def finished(self, client: str) -> None:
        self._working[client] -= 1
        if not self._working[client]:
            del self._working[client]
        self._make_ready(client)

    def remove(self, client: str, item: T) -> None:
        """Remove a waiting item."""
        self._waiting[client].remove(item)
        if not self._waiting[client]:
            del self._waiting[client]
            self._ready.pop(client, None)

    def _make_ready(self, client: str) -> None:
        """Append the client to the queue of clients, unless it is already there."""
        if client in self._waiting and self._working[client] < self._at_once:
            self._ready.setdefault(client)
