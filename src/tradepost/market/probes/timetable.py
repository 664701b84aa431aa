"""When what is probed: slots of a market's day, and the moment of each case in its slot. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from hashlib import blake2b

from msgspec import Struct

APART = timedelta(seconds=2)
"""Between the first tries of two cases of one address."""
GRACE = timedelta(minutes=5)
"""After the last tries of a slot until it is judged: the longest answer, and whoever waited for a place."""


class Window(Struct, frozen=True):
    """One slot of every day, in the market's time zone: from when until when first tries are made."""

    half: str
    opens: time
    closes: time


class Slot(Struct, frozen=True):
    """A window on one date."""

    date: date
    half: str
    opens: datetime
    closes: datetime

    def last_try(self, *, tries: int, gap: timedelta) -> datetime:
        """When the last try of the last case is due: held cases go then."""
        return self.closes + (tries - 1) * gap


def slot_on(day: date, window: Window, zone: tzinfo) -> Slot:
    """Raises nothing for a time that a change of clocks skips: it is read as the offset before."""
    opens, closes = (datetime.combine(day, at, zone) for at in (window.opens, window.closes))
    return Slot(day, window.half, opens, closes)


def next_slot(now: datetime, window: Window, zone: tzinfo) -> Slot:
    """The first one of this window that opens after ``now``."""
    day = now.astimezone(zone).date()
    slot = slot_on(day, window, zone)
    return slot if slot.opens > now else slot_on(day + timedelta(days=1), window, zone)


def spread(day: date, half: str, address: int, *, cases: int, window: timedelta) -> timedelta:
    """When the first case of an address is tried, counted from the beginning of ``window``: always at the same place for a
    date, a half and an address, evenly over all addresses, and so that its ``cases`` fit one after the other."""
    share = int.from_bytes(blake2b(f"{day}|{half}|{address}".encode(), digest_size=8).digest()) / 2**64
    return share * max(window - (cases - 1) * APART, timedelta())


def is_last(half: str, windows: Sequence[Window]) -> bool:
    """Whether a day is over with this slot."""
    return half == windows[-1].half
