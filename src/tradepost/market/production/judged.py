"""Whether the answer to a call that is judged was good: what the worker's hook said of it, read again from the attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tradepost.check.results import Verdict


def passes(stored: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether the answer was judged and nothing failed; a warning is no failure."""
    verdicts = {one.get("verdict") for one in stored or ()}
    return Verdict.PASSED in verdicts and not verdicts & {Verdict.FAILED, Verdict.BROKEN}
