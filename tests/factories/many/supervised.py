"""Supervised deliveries: of the orders that people deliver, under way, waiting for an operator or disputed, the same
number in a market of any size; and of each twenty-fifth delivered order, accepted long ago.
"""

from __future__ import annotations

from tradepost.market.base.models import Job
from tradepost.market.supervision.models import Appeal, CancelRequest, Milestone, Supervision, Visit
from tradepost.market.supervision.timers import TIMER

from .insert import insert, text
from .stories import PRICE

SUPERVISED = "(story = 'handing_over' OR story = 'delivered' AND mod(n, 25) = 1)"
OPEN = "story = 'handing_over'"
IN_PARTS = f"{SUPERVISED} AND (mod(n, 200) = 101 OR NOT ({OPEN}))"
"""Of two milestones, the first is accepted; of old ones, both."""


def supervised() -> None:
    disputed = f"{OPEN} AND mod(n, 100) = 51"
    insert(
        Supervision, f"o WHERE {SUPERVISED}", id="n", line_id="n", subscription_id="n", buyer_id="buyer",
        seller_id="seller", flow=text("demand"), version="1", node=text("accept"), visit="4", entered_at="at", opened_at="at",
        status=f"CASE WHEN {disputed} THEN 'appealed' WHEN {OPEN} THEN 'running' ELSE 'completed' END",
        owner=f"CASE WHEN {OPEN} AND mod(n, 100) = 26 THEN 'operator' WHEN mod(n, 100) = 76 OR mod(n, 400) = 301 THEN 'seller' ELSE 'buyer' END",
        ended_at=f"CASE WHEN {OPEN} THEN NULL ELSE at + interval '1 day' END",
    )  # fmt: skip
    insert(
        Visit, f"o CROSS JOIN generate_series(1, 3) v WHERE {SUPERVISED}", supervision_id="n", number="v", at="at",
        node="(ARRAY['demand', 'confirm', 'deliver'])[v]", act="(ARRAY['demand', 'confirm', 'deliver'])[v]",
        party="(ARRAY['buyer', 'seller', 'seller'])[v]", actor=text("somebody"),
    )  # fmt: skip
    insert(
        Milestone, f"o CROSS JOIN generate_series(1, 2) v WHERE {IN_PARTS}", supervision_id="n", position="v",
        name=text("设计"), name_en=text("Design"), weight="1", amount_minor=f"{PRICE // 2}",
        accepted_at=f"CASE WHEN v = 1 OR NOT ({OPEN}) THEN at + interval '1 hour' END",
    )  # fmt: skip
    insert(
        Appeal, f"o WHERE {SUPERVISED} AND (({disputed}) OR NOT ({OPEN}) AND mod(n, 100) = 51)", supervision_id="n",
        party=text("buyer"), actor=text("somebody"), reason=text("It does not run."), opened_at="at",
        due_at="at + interval '3 days'", decision=f"CASE WHEN {OPEN} THEN '' ELSE 'accept' END",
    )  # fmt: skip
    insert(
        CancelRequest, f"o WHERE {SUPERVISED} AND mod(n, 50) = 1", supervision_id="n", reason=text("Too slow."),
        asked_at="at", status=text("declined"), ended_at="at",
    )  # fmt: skip
    insert(
        Job, f"o WHERE {OPEN}", kind=text(TIMER), key="n::text", due_at="at + interval '3 days'",
        payload="jsonb_build_object('supervision', n)",
    )  # fmt: skip
