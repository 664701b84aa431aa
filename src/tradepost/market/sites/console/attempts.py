"""Short descriptions of a call's attempts, for pages with many calls."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.reasons import title


def described_attempts(call: Call) -> Iterator[tuple[Attempt, str]]:
    """Yield each attempt with its failure in short."""
    for attempt in call.attempts_made:  # type: ignore[attr-defined]  # set by with_attempts
        yield attempt, title(attempt.verdict, protocol=call.protocol) if attempt.verdict not in {"", "done"} else ""
