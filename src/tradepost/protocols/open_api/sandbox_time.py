"""Time of a sandbox whose clock can be moved, in a header of each answer. A market in real time sends no header.

The header is not part of the published interface. Usage is judged by the market's time (openapi-jointkit §C.5 rule 3),
so a server under test in a sandbox must know it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tradepost.protocols.http import Response

HEADER = "X-Sandbox-Time"


def dump(at: datetime) -> str:
    """Return a time like ``2026-03-01T08:00:00Z``, in whole seconds, rounded down."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def load(response: Response) -> datetime | None:
    """Return the sandbox's time; None for a market in real time or an invalid header."""
    try:
        moment = datetime.fromisoformat(response.header(HEADER) or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
