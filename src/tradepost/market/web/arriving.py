"""Limits for request bodies that are being received: minimum rate, number of slow bodies, and bytes in memory.

A body that arrives within ``QUICK`` seconds needs no slot. A slower body takes one of a limited number of slots. If all
slots are taken, the oldest body of the client with the most slots is disconnected. A client that starts hundreds of
bodies therefore only disconnects its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

QUICK = 1.0
"""Seconds in which a body may arrive without a slot."""
PATIENCE = 10.0
"""Seconds that every body may take. Received bytes extend the time, see ``MIN_RATE``."""
MIN_RATE = 16 * 1024
"""Minimum rate of a body in bytes a second, averaged over its duration."""
MAX_SLOW_BODIES = 200
MAX_SLOW_BODIES_PER_CLIENT = 32
"""Slots of one client, which may be an unconfigured proxy or a company behind one address."""
MAX_BYTES = 64 * 1024 * 1024
MAX_BYTES_PER_CLIENT = 24 * 1024 * 1024
"""Limit for requests that are not answered yet; room for two of the largest calls."""


@dataclass(slots=True, eq=False)
class Arrival:
    """A request body that is being received. ``send_away`` disconnects its client; it is called at most once, and never
    after the body is complete."""

    client: str
    began: float
    send_away: Callable[[], None]
    bytes: int = 0
    is_whole: bool = False
    was_sent_away: bool = False

    @property
    def until(self) -> float:
        """Return the time until which the body must have brought more bytes."""
        return self.began + PATIENCE + self.bytes / MIN_RATE


class Arrivals:
    """All request bodies of a process that are being received or belong to an unanswered request."""

    def __init__(
        self,
        *,
        places: int = MAX_SLOW_BODIES,
        places_of_one: int = MAX_SLOW_BODIES_PER_CLIENT,
        most_bytes: int = MAX_BYTES,
        bytes_of_one: int = MAX_BYTES_PER_CLIENT,
    ) -> None:
        self._places, self._places_of_one = places, places_of_one
        self._most_bytes, self._bytes_of_one = most_bytes, bytes_of_one
        self._all: set[Arrival] = set()
        self._held: Counter[str] = Counter()  # bytes by client
        self._slow: dict[Arrival, None] = {}  # in order of arrival

    def begin(self, client: str, *, now: float, send_away: Callable[[], None]) -> Arrival:
        arrival = Arrival(client, now, send_away)
        self._all.add(arrival)
        return arrival

    def is_slow(self, arrival: Arrival) -> None:
        """Give a slot to a body that did not arrive within ``QUICK``. Disconnect the oldest body if the slots run out."""
        if arrival.is_whole or arrival not in self._all:
            return
        self._slow[arrival] = None
        slots = Counter(slow.client for slow in self._slow)
        if slots[arrival.client] > self._places_of_one:
            self._send_away(self._oldest_of(arrival.client))
        elif len(self._slow) > self._places:
            self._send_away(self._oldest_of(slots.most_common(1)[0][0]))

    def came(self, arrival: Arrival, number: int) -> None:
        """Count received bytes. Above a limit, disconnect the largest incomplete body of this client, or of the client
        that holds most."""
        if arrival not in self._all:  # already disconnected
            return
        arrival.bytes += number
        self._held[arrival.client] += number
        if self._held[arrival.client] > self._bytes_of_one:
            self._send_away(self._largest_of(arrival.client) or arrival)
        elif self._held.total() > self._most_bytes:
            self._send_away(self._largest_of(self._held.most_common(1)[0][0]) or arrival)

    def is_whole(self, arrival: Arrival) -> None:
        """Mark a body as complete: its slot is free, and its bytes count until ``end``."""
        arrival.is_whole = True
        self._slow.pop(arrival, None)

    def end(self, arrival: Arrival) -> None:
        """Remove the body of a request that was answered."""
        if arrival not in self._all:
            return
        self._all.remove(arrival)
        self._slow.pop(arrival, None)
        self._held[arrival.client] -= arrival.bytes
        if not self._held[arrival.client]:
            del self._held[arrival.client]

    def _oldest_of(self, client: str) -> Arrival:
        return next(arrival for arrival in self._slow if arrival.client == client)

    def _largest_of(self, client: str) -> Arrival | None:
        incomplete = (arrival for arrival in self._all if arrival.client == client and not arrival.is_whole)
        return max(incomplete, key=lambda arrival: arrival.bytes, default=None)

    def _send_away(self, arrival: Arrival) -> None:
        arrival.was_sent_away = True
        self.end(arrival)
        arrival.send_away()
