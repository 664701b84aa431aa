"""Calls to sellers: ended, under way and due, with attempts and counts."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tradepost.market.base.secrets import seal
from tradepost.market.production import calls as production
from tradepost.market.production.models import Attempt, Call, Tally
from tradepost.protocols.commands import (
    AppInfo,
    Create,
    Done,
    InstanceInfo,
    InstanceStatus,
    Query,
    Refresh,
    Scene,
    SetStatus,
)

from .insert import insert, json, text
from .stories import ENDED, FROZEN, RELEASED, Size


def calls(size: Size, now: datetime) -> None:
    """Key 3n: the first call of an order. 3n + 1: the query after it. 3n + 2: the freeze at its end."""
    done = Done(
        instances=(
            InstanceInfo(
                instance_id="x", app=AppInfo(front_end_url="https://app.many.example/", user_name="u", password="p")
            ),
        )
    )
    first = Create(order_id="CS", order_line_id="CS-000001", business_id="")
    refresh = Refresh(
        instance_id="x",
        scene=Scene.RENEWAL,
        order_id="CS",
        order_line_id="CS-000001",
        expires_at=now + timedelta(days=400),
    )
    freeze = SetStatus(instance_id="x", status=InstanceStatus.FREEZE)
    at = f"TIMESTAMPTZ '{now.isoformat()}'"
    shared = {
        "seller_id": "seller", "address_id": "seller", "product_id": "product", "protocol": text("saas_v2"),
        "created_at": "at", "first_at": "at",
    }  # fmt: skip
    ends = {"state": "3", "due_at": "at", "attempts": "1", "ended_at": "at + interval '1 minute'"}
    done_well = {
        "outcome": text("done"),
        "last_verdict": text("done"),
        "sealed_answer": text(seal(msgspec.json.encode(done).decode())),
    }
    of_order = {
        "order_number": "number", "order_line_number": "number || '-000001'",
        "subscription_id": "CASE WHEN renews THEN base ELSE n END",
        "instance_id": "CASE WHEN story IN ('creating', 'given_up') THEN '' ELSE 'instance-' || base END",
    }  # fmt: skip
    insert(
        Call, f"o WHERE {ENDED} OR story IN ('created', 'refreshed')", **shared, **of_order, **ends, **done_well, id="3 * n",
        kind="CASE WHEN renews THEN 'Refresh' ELSE 'Create' END", give_up_at="at + interval '1 hour'",
        activity="CASE WHEN renews THEN 'refreshInstance' ELSE 'newInstance' END",
        command=f"CASE WHEN renews THEN {json(production.dump(refresh))} ELSE {json(production.dump(first))} END",
    )  # fmt: skip
    create = {"kind": text("Create"), "activity": text("newInstance"), "command": json(production.dump(first))}
    insert(
        Call, "o WHERE story = 'given_up'", **shared, **of_order, **create, id="3 * n", state="3", due_at="at", attempts="3",
        ended_at="at + interval '1 hour'", outcome=text("gave_up"), give_up_at="at + interval '1 hour'",
        last_verdict="(ARRAY['timeout', 'connect', '000005'])[1 + mod(n, 3)]", maybe_acted="mod(n, 2) = 0",
    )  # fmt: skip
    # Of every four, one is due, one failed and waits, one is over its seller's limit, one was left by a dead worker.
    insert(
        Call, "o WHERE story = 'creating'", **shared, **of_order, **create, id="3 * n", give_up_at=f"{at} + interval '1 hour'",
        state="(ARRAY[0, 0, 2, 1])[1 + mod(k, 4)]", hold="CASE WHEN mod(k, 4) = 2 THEN 'busy' ELSE '' END",
        due_at=f"{at} + CASE WHEN mod(k, 4) = 1 THEN interval '10 minutes' ELSE interval '0' END",
        last_verdict="CASE WHEN mod(k, 4) = 1 THEN 'timeout' ELSE '' END", attempts="CASE WHEN mod(k, 2) = 1 THEN 1 ELSE 0 END",
        lease_owner="CASE WHEN mod(k, 4) = 3 THEN 'dead' ELSE '' END",
        lease_until=f"CASE WHEN mod(k, 4) = 3 THEN {at} - interval '1 day' END", attempt_at="at",
    )  # fmt: skip
    insert(
        Call, "o WHERE story = 'delivered'", **shared, **of_order, **ends, **done_well, id="3 * n + 1", kind=text("Query"),
        activity=text("queryInstance"), command=json(production.dump(Query(instance_ids=("x",)))),
    )  # fmt: skip
    insert(
        Call, f"o WHERE ({FROZEN}) OR ({RELEASED})", **shared, **ends, id="3 * n + 2", kind=text("SetStatus"),
        activity=text("updateInstanceStatus"), command=json(production.dump(freeze)), outcome=text("done"),
        last_verdict=text("done"), subscription_id="n", order_line_number="number || '-000001'", instance_id="'instance-' || n",
    )  # fmt: skip
    seller = f"1 + mod(n, {size.sellers})"
    insert(
        Call, f"generate_series(1, {size.due}) n", id=f"{3 * size.orders + 2} + n", seller_id=seller, address_id=seller,
        protocol=text("saas_v2"), kind=text("SetStatus"), activity=text("updateInstanceStatus"), command=json(production.dump(freeze)),
        due_at=f"{at} - n * interval '1 second'", created_at=now, instance_id="'other-' || n",
    )  # fmt: skip
    said = "x" * 150
    insert(
        Attempt, "production_call c CROSS JOIN generate_series(1, c.attempts) nth WHERE c.state <> 1", call_id="c.id",
        number="nth", started_at="c.created_at", milliseconds="20 + mod(c.id, 400)", method=text("POST"),
        url=text("https://seller.many.example/produce?signature=x"), request_headers=json([["Host", "seller.many.example"]]),
        request_body=text(said), status="200", response_headers=json([["Content-Type", "application/json"]]),
        response_body=text(said), verdict="c.last_verdict", worker=text("w1"),
    )  # fmt: skip
    hours = "generate_series(0, 14 * 24 - 1) h CROSS JOIN unnest(ARRAY['newInstance', 'queryInstance', 'refreshInstance']) a"
    insert(
        Tally, f"{hours} CROSS JOIN unnest(ARRAY['done', 'timeout']) v", worker=text("w1"), activity="a", verdict="v",
        hour=f"date_trunc('hour', {at}) - h * interval '1 hour'", attempts="100", seconds="10",
    )  # fmt: skip
