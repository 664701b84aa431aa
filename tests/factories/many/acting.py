"""Acts of operators in three years, the entries of the work queue that they took or postponed, and exports of people."""

from __future__ import annotations

from datetime import datetime, timedelta

from tradepost.market.audit.models import Entry
from tradepost.market.exports.models import Export
from tradepost.market.work_queue.models import Handling

from .insert import insert, text
from .stories import Size

ACTS = 30_000


def acting(size: Size, now: datetime) -> None:
    """Insert acts of twenty operators. One in five hundred is refused. Of the stopped operations, the first fifty are
    assigned."""
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


def exports(size: Size, now: datetime) -> None:
    """Insert a week's exports: fifty for each of a hundred people. The first is a buyer, the second a member of seller
    1, the third the operator."""
    site = "CASE mod(n, 100) WHEN 1 THEN 'seller_center' WHEN 2 THEN 'console' ELSE 'storefront' END"
    insert(
        Export, "generate_series(1, 5000) n", id="n", created_at=now, ended_at=now, site=site,
        user_id=f"CASE mod(n, 100) WHEN 0 THEN 1 WHEN 1 THEN {size.member(1)} WHEN 2 THEN {size.operator} ELSE mod(n, 100) END",
        seller_id="CASE mod(n, 100) WHEN 1 THEN 1 END", listing=f"{site} || ':orders'", title=text("Orders"),
        path="CASE mod(n, 100) WHEN 1 THEN '/seller/orders/' WHEN 2 THEN '/console/orders/' ELSE '/orders/' END",
        format=text("csv"), language=text("en"), status=text("done"), name=text("orders"), rows="1", size="12", sha256="lpad(n::text, 64, '0')",
    )  # fmt: skip
