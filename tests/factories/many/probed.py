"""Probes: ninety days of slots, the last of them yesterday, with a run of every case in the newest, one day per
product, and the state of each.
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.probes.models import Health, ProbeDay, ProbeRun, ProbeSlot, WorkItem

from .insert import insert, text
from .stories import Size

DAYS = 90
BY_HAND = 4_000
"""Probes that sellers started, for a hundred products."""
RUNS_OF = 40
"""Slots whose runs are kept."""
HALVES = "(VALUES (1, 'am'), (2, 'pm')) AS h(nth, half)"


def probed(size: Size, now: datetime) -> None:
    insert(
        ProbeSlot, f"generate_series(1, {DAYS}) d CROSS JOIN {HALVES}", id="2 * d + h.nth",
        date=f"('{now:%Y-%m-%d}'::date - {DAYS + 1} + d)", half="h.half", opened_at=now, closed_at=now,
    )  # fmt: skip
    insert(
        ProbeSlot, f"generate_series(1, {BY_HAND}) n", id="1000 + n", date=f"('{now:%Y-%m-%d}'::date - mod(n, {DAYS}))",
        half=text("hand"), product_id="1 + mod(n, 100)", actor=text("owner@many.example"), opened_at=now,
        closed_at=now,
    )  # fmt: skip
    insert(
        ProbeRun,
        f"generate_series({2 * DAYS + 3 - RUNS_OF}, {2 * DAYS + 2}) s CROSS JOIN debugging_debugcase c",
        id="(s - 1) * 100000 + c.id", slot_id="s", seller_id="c.seller_id", address_id="c.address_id", case_id="c.id",
        activity="c.activity", started_at=now, due_at=now, ended_at=now, verdict=text("passed"), reason=text("done"),
        tries="1", milliseconds="20 + mod(c.id, 50)",
    )  # fmt: skip
    insert(
        ProbeDay, f"catalog_product p CROSS JOIN generate_series(1, {DAYS}) d", product_id="p.id",
        date=f"('{now:%Y-%m-%d}'::date - {DAYS} + d)", am=text("passed"), pm=text("passed"), verdict=text("passed"),
    )  # fmt: skip
    insert(Health, "catalog_product p", product_id="p.id", verdict=text("passed"), since=now, seen_at=now)
    insert(
        WorkItem, "catalog_product p WHERE p.id < 20", id="p.id", kind=text("failed_orders"), product_id="p.id",
        occasion=text("2026-11-01"), opened_at=now,
    )  # fmt: skip
