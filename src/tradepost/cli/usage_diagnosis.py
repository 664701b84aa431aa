"""What the doctor says of usage records."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.cli.findings import Finding, fail, ok
from tradepost.market.metering import record_check

AREA = "usage records"
TODO = "Restore the rows from a backup; what was billed of them is shown by tradepost explain charge:N."


def check_usage_records() -> Iterator[Finding]:
    """Whether each belongs to a push and a seller that are there: PostgreSQL itself does not look (decision 0064)."""
    found = record_check.problems()
    for said in found:
        yield fail(AREA, f"{said[0].upper()}{said[1:]}.", TODO)
    if not found:
        yield ok(AREA, "Each belongs to a push of its service's seller, and none is missing.")
