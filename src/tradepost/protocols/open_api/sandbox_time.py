"""The time of a sandbox whose clock can be moved: said in a header of each answer. A market in real time says none.

No part of the interface that others publish: usage is judged by the market's time (openapi-jointkit §C.5 rule 3), so that a server
which is tried in a sandbox must be able to know it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tradepost.protocols.http import Response

HEADER = "X-Sandbox-Time"


def dump(at: datetime) -> str:
    """``2026-03-01T08:00:00Z``; whole seconds, rounded down."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def load(response: Response) -> datetime | None:
    """None for a market in real time, and for what is no time."""
    try:
        found = datetime.fromisoformat(response.header(HEADER) or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
