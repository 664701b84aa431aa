"""Debug cases and test calls: one for each address, and many test calls of seller 1."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.debugging.models import DebugCase, DebugRun

from .insert import insert, text
from .stories import Size

ACTIVITIES = "(VALUES (1, 'newInstance'), (2, 'queryInstance'), (3, 'releaseInstance')) AS a(nth, word)"
RUNS = 5_000
"""Test calls of seller 1 in a year."""


def debugged(size: Size, now: datetime) -> None:
    shared = {
        "url": "p.url",
        "key_id": text("k"),
        "seller_id": "p.seller_id",
        "address_id": "p.id",
        "activity": "a.word",
    }
    insert(
        DebugCase, f"production_address p CROSS JOIN {ACTIVITIES}", id="3 * p.id + a.nth", kind=text("Query"),
        command="'{}'::jsonb", saved_at=now, tried_at=now, saved_by=text("zhang"), **shared,
    )  # fmt: skip
    insert(
        DebugRun, f"production_address p CROSS JOIN {ACTIVITIES} CROSS JOIN generate_series(1, {RUNS // 3}) n"
        " WHERE p.id = 1", id="n * 3 + a.nth", actor=text("zhang"), started_at=now, ended_at=now, passed="true",
        **shared,
    )  # fmt: skip
