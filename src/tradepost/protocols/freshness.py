"""Timestamps of signed requests: epoch milliseconds, and how far they may be from now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(seconds=60)
"""A request is refused when its timestamp is further than this from now, to either side (saas-v2 §2.4)."""

NONCE_KEPT = 2 * WINDOW + timedelta(seconds=5)
"""A stamp of up to one window ahead stays fresh for two windows, so its nonce must be remembered for longer."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECONDS_BELOW = 10**11
_MILLISECONDS = re.compile(r"[0-9]{1,19}")


def epoch_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970, exact: a float would lose the last digit."""
    return (moment - _EPOCH) // _MILLISECOND


def read_epoch_ms(text: str) -> int | None:
    """The number in a timestamp parameter; None when it is not plain ASCII digits."""
    return int(text) if _MILLISECONDS.fullmatch(text) else None


def as_milliseconds(number: int) -> int:
    """Seconds or milliseconds, told apart by magnitude: one of them is far from any time that matters."""
    return number * 1000 if number < _SECONDS_BELOW else number


def is_fresh(timestamp_ms: int, now: datetime, window: timedelta = WINDOW) -> bool:
    return abs(epoch_ms(now) - timestamp_ms) <= window // _MILLISECOND
