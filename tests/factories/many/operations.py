"""Operations on subscriptions, ended and under way: the one that opened each, renewals, freezes at the end."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.stored import dump
from tradepost.market.fulfilment.contract import NoParameters
from tradepost.market.fulfilment.kinds.freeze import Freezing
from tradepost.market.fulfilment.kinds.open import Opening
from tradepost.market.fulfilment.models import Operation
from tradepost.protocols.commands import Buyer

from .insert import insert, json, text
from .stories import FROZEN, HAS_SUBSCRIPTION, RELEASED, Size

TELLING = 2000
"""Of the newest orders, the freezes of this many are done but not announced yet."""


def operations(size: Size, now: datetime) -> None:
    """Key n: the operation that opened a subscription. orders + n: a renewal. 2 × orders + n: a freeze."""
    shared = {"seller_id": "seller", "created_at": "at", "started_at": "at"}
    insert(
        Operation, f"o WHERE {HAS_SUBSCRIPTION}", **shared, id="n", lane="'instance:' || n", subscription_id="n", line_id="n",
        kind="CASE WHEN story = 'handing_over' THEN 'hand_over' ELSE 'open' END", origin=text("buyer"),
        wanted=f"CASE WHEN story = 'handing_over' THEN {json(dump(NoParameters()))} ELSE {json(dump(Opening(buyer=Buyer(customer_id='c'))))} END",
        step="CASE WHEN story = 'delivered' THEN 1 ELSE 0 END",
        call_id="CASE WHEN story <> 'handing_over' THEN 3 * n + CASE WHEN story = 'delivered' THEN 1 ELSE 0 END END",
        status="CASE WHEN story = 'delivered' THEN 'done' WHEN story = 'given_up' THEN 'gave_up' ELSE 'running' END",
        ended_at="CASE WHEN story IN ('delivered', 'given_up') THEN at + interval '2 minutes' END",
    )  # fmt: skip
    until = f"TIMESTAMPTZ '{now.isoformat()}' + interval '400 days'"
    insert(
        Operation, "o WHERE story IN ('renewed', 'refreshed')", **shared, id=f"{size.orders} + n",
        lane="'instance:' || base", subscription_id="base", line_id="n", kind=text("renew"), origin=text("buyer"),
        wanted=f"jsonb_build_object('v', 1, 'since', to_jsonb(at), 'until', to_jsonb({until}))", call_id="3 * n",
        status="CASE WHEN story = 'renewed' THEN 'done' ELSE 'running' END",
        ended_at="CASE WHEN story = 'renewed' THEN at + interval '2 minutes' END",
    )  # fmt: skip
    told = f"CASE WHEN n > {size.orders - TELLING} AND {FROZEN} THEN 'running' ELSE 'done' END"
    insert(
        Operation, f"o WHERE ({FROZEN}) OR ({RELEASED})", **shared, id=f"{2 * size.orders} + n",
        lane="'instance:' || n", subscription_id="n", kind=text("freeze"), origin=text("market"),
        wanted=json(dump(Freezing(reason="expired"))), call_id="3 * n + 2", status=told,
        ended_at=f"CASE WHEN {told} = 'done' THEN at + interval '1 minute' END",
    )  # fmt: skip
