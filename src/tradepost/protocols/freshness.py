"""Timestamps of signed requests in epoch milliseconds, and their permitted difference from the current time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(seconds=60)
"""A request is refused if its timestamp differs from the current time by more than this (saas-v2 §2.4)."""

NONCE_KEPT = 2 * WINDOW + timedelta(seconds=5)
"""A timestamp one window in the future stays valid for two windows, so its nonce must be remembered longer."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECONDS_BELOW = 10**11
_MILLISECONDS = re.compile(r"[0-9]{1,19}")


def epoch_ms(moment: datetime) -> int:
    """Return whole milliseconds since 1970, computed exactly: a float would lose the last digit."""
    return (moment - _EPOCH) // _MILLISECOND


def read_epoch_ms(text: str) -> int | None:
    """Return the number in a timestamp parameter; None if it is not plain ASCII digits."""
    return int(text) if _MILLISECONDS.fullmatch(text) else None


def as_milliseconds(number: int) -> int:
    """Convert seconds or milliseconds to milliseconds. The magnitude shows which unit it is."""
    return number * 1000 if number < _SECONDS_BELOW else number


def is_fresh(timestamp_ms: int, now: datetime, window: timedelta = WINDOW) -> bool:
    return abs(epoch_ms(now) - timestamp_ms) <= window // _MILLISECOND
