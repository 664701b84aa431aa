"""Whether a judged call had a good answer, from the findings stored with the attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tradepost.check.results import Verdict


def passes(stored: Sequence[Mapping[str, Any]] | None) -> bool:
    """Return whether the answer was judged without a failure; a warning is no failure."""
    verdicts = {finding.get("verdict") for finding in stored or ()}
    return Verdict.PASSED in verdicts and not verdicts & {Verdict.FAILED, Verdict.BROKEN}
