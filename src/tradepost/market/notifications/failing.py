"""When a webhook or chat that fails is left alone for a while, and when it is switched off: pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
RETRY_DELAYS = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, *(12 * HOUR,) * 10)
"""Waits after each failure. Together more than five days, so that one message alone finds a receiver failing for so long."""


class EndpointHealth(Struct, frozen=True):
    """How an endpoint stands: since when it fails, how often in a row, until when it rests, whether it is off."""

    failing_since: datetime | None = None
    failures: int = 0
    rests_until: datetime | None = None
    off: bool = False


HEALTHY = EndpointHealth()


def after_failure(before: EndpointHealth, *, failing: timedelta, now: datetime, gone: bool = False) -> EndpointHealth:
    """``failing``: after failing for so long it is switched off; ``gone``: its server says that it is for good."""
    since = before.failing_since or now
    wait = RETRY_DELAYS[min(before.failures, len(RETRY_DELAYS) - 1)]
    off = gone or now - since >= failing
    return EndpointHealth(since, before.failures + 1, None if off else now + wait, off)
