"""Bodies on their way: who may send how slowly, how many at a time, and who goes when there are too many.

A body that comes at once needs no permission. One that takes longer than ``QUICK`` needs one of a few places; when they
are taken, the one that waits longest of whoever holds most is sent away. So somebody who begins hundreds of bodies and
ends none sends his own away, and everybody else is heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

QUICK = 1.0
"""Seconds in which a body may come without holding a place."""
PATIENCE = 10.0
"""Seconds that any body gets; what has come buys more, see ``LEAST_RATE``."""
LEAST_RATE = 16 * 1024
"""Bytes a second that a body must bring in the long run."""
PLACES = 200
PLACES_OF_ONE = 32
"""Of one client, which may be a proxy that was not named as one, or a company behind one address."""
BYTES = 64 * 1024 * 1024
BYTES_OF_ONE = 24 * 1024 * 1024
"""Held for requests that are not answered yet; two of the largest calls."""


@dataclass(slots=True, eq=False)
class Arrival:
    """One body. ``send_away`` is called at most once, and never after it ``is_whole``."""

    client: str
    began: float
    send_away: Callable[[], None]
    bytes: int = 0
    is_whole: bool = False
    was_sent_away: bool = False

    @property
    def until(self) -> float:
        """When it must have brought more than it did."""
        return self.began + PATIENCE + self.bytes / LEAST_RATE


class Arrivals:
    """All bodies of a process that are on their way, or belong to a request that is being answered."""

    def __init__(
        self,
        *,
        places: int = PLACES,
        places_of_one: int = PLACES_OF_ONE,
        most_bytes: int = BYTES,
        bytes_of_one: int = BYTES_OF_ONE,
    ) -> None:
        self._places, self._places_of_one = places, places_of_one
        self._most_bytes, self._bytes_of_one = most_bytes, bytes_of_one
        self._all: set[Arrival] = set()
        self._held: Counter[str] = Counter()  # bytes by client
        self._slow: dict[Arrival, None] = {}  # in the order in which they came

    def begin(self, client: str, *, now: float, send_away: Callable[[], None]) -> Arrival:
        arrival = Arrival(client, now, send_away)
        self._all.add(arrival)
        return arrival

    def is_slow(self, arrival: Arrival) -> None:
        """It did not come within ``QUICK``: it takes a place, or somebody goes."""
        if arrival.is_whole or arrival not in self._all:
            return
        self._slow[arrival] = None
        held = Counter(one.client for one in self._slow)
        if held[arrival.client] > self._places_of_one:
            self._send_away(self._oldest_of(arrival.client))
        elif len(self._slow) > self._places:
            self._send_away(self._oldest_of(held.most_common(1)[0][0]))

    def came(self, arrival: Arrival, number: int) -> None:
        """So many bytes more. Where they are too many, the body that brought most goes, of this client or of whoever
        holds most; one that is whole stays."""
        if arrival not in self._all:  # sent away already
            return
        arrival.bytes += number
        self._held[arrival.client] += number
        if self._held[arrival.client] > self._bytes_of_one:
            self._send_away(self._largest_of(arrival.client) or arrival)
        elif self._held.total() > self._most_bytes:
            self._send_away(self._largest_of(self._held.most_common(1)[0][0]) or arrival)

    def is_whole(self, arrival: Arrival) -> None:
        """All of it is there: its place is free, its bytes are not."""
        arrival.is_whole = True
        self._slow.pop(arrival, None)

    def end(self, arrival: Arrival) -> None:
        """Its request was answered."""
        if arrival not in self._all:
            return
        self._all.remove(arrival)
        self._slow.pop(arrival, None)
        self._held[arrival.client] -= arrival.bytes
        if not self._held[arrival.client]:
            del self._held[arrival.client]

    def _oldest_of(self, client: str) -> Arrival:
        return next(one for one in self._slow if one.client == client)

    def _largest_of(self, client: str) -> Arrival | None:
        under_way = (one for one in self._all if one.client == client and not one.is_whole)
        return max(under_way, key=lambda one: one.bytes, default=None)

    def _send_away(self, arrival: Arrival) -> None:
        arrival.was_sent_away = True
        self.end(arrival)
        arrival.send_away()
