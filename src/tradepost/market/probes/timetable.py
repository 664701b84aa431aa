"""The schedule of probes: slots of the market's day, and the time of each case within its slot. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from hashlib import blake2b

from msgspec import Struct

CASE_INTERVAL = timedelta(seconds=2)
"""Delay between the first attempts of two cases at one address."""
GRACE_PERIOD = timedelta(minutes=5)
"""Time after the last attempts of a slot until it closes: the longest response, and waiting for a free connection."""


class Window(Struct, frozen=True):
    """A daily slot in the market's time zone: the period of first attempts."""

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
        """Return when the last attempt of the last case is due. Delayed cases are called then."""
        return self.closes + (tries - 1) * gap


def slot_on(day: date, window: Window, zone: tzinfo) -> Slot:
    """Return the slot. A time that a change to summer time skips is read with the earlier offset."""
    opens, closes = (datetime.combine(day, at, zone) for at in (window.opens, window.closes))
    return Slot(day, window.half, opens, closes)


def next_slot(now: datetime, window: Window, zone: tzinfo) -> Slot:
    """Return the first slot of this window that opens after ``now``."""
    day = now.astimezone(zone).date()
    slot = slot_on(day, window, zone)
    return slot if slot.opens > now else slot_on(day + timedelta(days=1), window, zone)


def start_delay(day: date, half: str, address: int, *, cases: int, window: timedelta) -> timedelta:
    """Return the delay from the start of ``window`` to the first case of an address.

    It is deterministic for a date, half and address, evenly distributed over addresses, and leaves time for all
    ``cases``.
    """
    share = int.from_bytes(blake2b(f"{day}|{half}|{address}".encode(), digest_size=8).digest()) / 2**64
    return share * max(window - (cases - 1) * CASE_INTERVAL, timedelta())


def is_last_of_day(half: str, windows: Sequence[Window]) -> bool:
    """Return whether this slot is the last one of the day."""
    return half == windows[-1].half
