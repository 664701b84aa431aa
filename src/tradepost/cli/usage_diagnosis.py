"""Doctor checks of usage records."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.cli.findings import Finding, fail, ok
from tradepost.market.metering import record_check

AREA = "usage records"
REPAIR = "Restore the rows from a backup; what was billed of them is shown by tradepost explain charge:N."


def check_usage_records() -> Iterator[Finding]:
    """Check that each record belongs to an existing push and seller, which PostgreSQL does not verify (decision
    0064)."""
    problems = record_check.problems()
    for problem in problems:
        yield fail(AREA, f"{problem[0].upper()}{problem[1:]}.", REPAIR)
    if not problems:
        yield ok(AREA, "Each belongs to a push of its service's seller, and none is missing.")
