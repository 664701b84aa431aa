"""The attempts of a call in few words, for pages that show many calls."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.reasons import title


def tries_of(call: Call) -> Iterator[tuple[Attempt, str]]:
    """Each attempt with what went wrong, in a few words."""
    for attempt in call.attempts_made:  # type: ignore[attr-defined]  # with_attempts puts it there
        yield attempt, title(attempt.verdict, protocol=call.protocol) if attempt.verdict not in {"", "done"} else ""
