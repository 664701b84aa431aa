"""A queue that serves its clients in turn, so that a client with a hundred requests delays its own and nobody else's."""

from __future__ import annotations

from collections import Counter, deque


class FairQueue[T]:
    """Items in the order of each client, one client after the other.

    ``at_once``: items of one client that may be worked on at a time. Not safe for threads.
    """

    def __init__(self, *, at_once: int) -> None:
        self._at_once = at_once
        self._waiting: dict[str, deque[T]] = {}
        self._working: Counter[str] = Counter()
        self._ready: dict[str, None] = {}
        """Clients with a waiting item that may begin now, the next one first."""

    def put(self, client: str, item: T) -> None:
        self._waiting.setdefault(client, deque()).append(item)
        self._make_ready(client)

    def take(self) -> tuple[str, T] | None:
        """The next item and its client, who holds a place until ``finished``; None when no item may begin."""
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
        """Forget an item that waits."""
        self._waiting[client].remove(item)
        if not self._waiting[client]:
            del self._waiting[client]
            self._ready.pop(client, None)

    def _make_ready(self, client: str) -> None:
        """Last in the line of clients, unless it is there already."""
        if client in self._waiting and self._working[client] < self._at_once:
            self._ready.setdefault(client)
