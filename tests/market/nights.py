"""One night of retention with the default settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tradepost.market import old_rows
from tradepost.market.base.config import Config
from tradepost.market.base.retention import Progress, clean

KEEP = {rule.setting: Config().named(rule.setting) for rule in old_rows.RETENTION}
DAY = timedelta(days=1)
WALL = datetime(2026, 1, 1, tzinfo=UTC)
"""Real time; the market's clock may be years ahead."""


def night(
    now: datetime, *, rules=old_rows.RETENTION, keep=KEEP, progress: Progress | None = None, batch=5_000
) -> Progress:
    """Delete old rows until every rule is done."""
    progress = clean(rules, keep, progress or Progress(), now=now, wall=WALL, batch=batch)
    while progress.rule:
        progress = clean(rules, keep, progress, now=now, wall=WALL, batch=batch)
    return progress
