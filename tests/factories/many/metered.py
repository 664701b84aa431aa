"""Usage: what is on demand has a record for each order, in pushes of one; charges, and a service of the largest seller and buyer
to whose pages all that is asked leads."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.billing.models import Accumulation, Charge, ProductHour
from tradepost.market.metering.models import Collection, Meter, Push, Record, RefusedRecord

from .insert import insert, run, text

ONE = (
    "(SELECT id FROM subscriptions_subscription WHERE buyer_id = 1 AND seller_id = 1 AND status = 'active'"
    " ORDER BY id DESC LIMIT 1)"
)  # fmt: skip
"""A tenth of the records are its."""
OTHER = (
    "(SELECT id FROM subscriptions_subscription WHERE buyer_id <> 1 AND seller_id = 1 AND status = 'active'"
    " ORDER BY id DESC LIMIT 1)"
)  # fmt: skip


def metered(now: datetime) -> None:
    at = f"TIMESTAMPTZ '{now.isoformat()}' - n * interval '1 hour'"
    run(f"UPDATE subscriptions_subscription SET offer_id = 2 WHERE id IN ({ONE}, {OTHER})")
    insert(
        Meter, "subscriptions_subscription s WHERE s.offer_id = 2 AND s.status IN ('active', 'frozen')", subscription_id="s.id",
        code=text("usage"), unit=text("次"), unit_en=text("calls"), cycle=text("hour"), model=text("linear"), price="0.01",
        currency=text("CNY"),
    )  # fmt: skip
    insert(
        Push, "o", id="n", seller_id="1", api=text("new"), received_at=at, received="2", accepted="1", repeated="0", refused="1",
        first_record="n", last_record="n",
    )  # fmt: skip
    insert(
        Record, "o", id="n", push_id="n", seller_id="1", quantity="10000", begin_at=at, end_at=at, sn="'sn-' || n",
        subscription_id=f"CASE WHEN mod(n, 10) = 0 THEN {ONE} ELSE {OTHER} END",
        cycle=text("hour"), accumulation_start=f"TIMESTAMPTZ '{now.replace(day=1, hour=0, minute=0, second=0).isoformat()}'",
    )  # fmt: skip
    insert(
        RefusedRecord, "o", id="n", push_id="n", seller_id="1", instance_id=text("i"), code=text("009"), raw=text("{}"), at=at,
    )  # fmt: skip
    insert(
        ProductHour, "generate_series(1, 20000) n", id="n",
        product_id=f"(SELECT product_id FROM subscriptions_subscription WHERE id = {ONE})",
        unit=text("次"), unit_en=text("calls"), currency=text("CNY"), hour=f"TIMESTAMPTZ '{now.isoformat()}' - n * interval '1 hour'",
        quantity="10000", minor="1",
    )  # fmt: skip
    insert(Collection, "o", id="n", cycle=text("hour"), after_id="n - 1", upto_id="n", closed_at=at)
    month = f"TIMESTAMPTZ '{now.replace(day=1, hour=0, minute=0, second=0).isoformat()}'"
    insert(
        Accumulation, f"(VALUES (1, {ONE}), (2, {OTHER})) AS a(n, meter)", id="n",
        meter_id="meter", quantity="100000", exact="0.1", charged_minor="10", start=month,
    )  # fmt: skip
    insert(
        Charge, "o JOIN billing_accumulation a ON a.id = CASE WHEN mod(n, 10) = 0 THEN 1 ELSE 2 END"
        " JOIN subscriptions_subscription s ON s.id = a.meter_id", id="n", collection_id="n", accumulation_id="a.id",
        subscription_id="s.id", buyer_id="s.buyer_id", seller_id="s.seller_id", quantity_before="0", quantity_after="100000",
        exact_after="0.1", minor="10", currency=text("CNY"), at=at,
    )  # fmt: skip
