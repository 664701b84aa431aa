"""What operators did in three years, and which entries of the work queue they have or put off."""

from __future__ import annotations

from datetime import datetime, timedelta

from tradepost.market.audit.models import Entry
from tradepost.market.work_queue.models import Handling

from .insert import insert, text
from .stories import Size

ACTS = 30_000


def acting(size: Size, now: datetime) -> None:
    """Twenty operators; one act in five hundred is refused. Of the operations that stopped the first fifty are somebody's."""
    insert(
        Entry, f"generate_series(1, {ACTS}) n", id="n", at=f"now() - interval '800 days' + n * interval '{800 * 86400 // ACTS} seconds'",
        actor_id=str(size.operator), actor_text="'op' || mod(n, 20) || '@market.example'", act="'act_' || mod(n, 40)",
        object_kind=text("product"), object_id="mod(n, 2000)::text", object_text=text("企业云笺"),
        outcome="CASE WHEN mod(n, 500) = 3 THEN 'refused' ELSE 'done' END", details="'{}'",
    )  # fmt: skip
    insert(
        Handling, "(SELECT id FROM fulfilment_operation WHERE status = 'stopped' ORDER BY id LIMIT 50) s", source=text("operations"),
        entry="s.id", assignee_id=str(size.operator), changed_at=now - timedelta(days=1), changed_by=text("op@market.example"),
        snoozed_until=f"CASE WHEN mod(s.id, 5) = 0 THEN now() + interval '{365 * 100} days' END",
    )  # fmt: skip
