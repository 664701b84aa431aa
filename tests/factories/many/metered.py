"""Usage: one record per order, each in its own push; charges; and a service of the largest seller and buyer with data
for all pages.
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.billing.models import Accumulation, Charge, ProductHour, UsageMonth
from tradepost.market.metering.models import (
    Collection,
    Deduction,
    Meter,
    Package,
    Push,
    Quota,
    Record,
    RefusedRecord,
    UsageCell,
)

from .insert import insert, run, text
from .stories import Size

ONE = (
    "(SELECT id FROM subscriptions_subscription WHERE buyer_id = 1 AND seller_id = 1 AND status = 'active'"
    " ORDER BY id DESC LIMIT 1)"
)  # fmt: skip
"""A tenth of the records belong to it."""
OTHER = (
    "(SELECT id FROM subscriptions_subscription WHERE buyer_id <> 1 AND seller_id = 1 AND status = 'active'"
    " ORDER BY id DESC LIMIT 1)"
)  # fmt: skip

_SECOND = " ORDER BY id DESC OFFSET 1 LIMIT 1)"
PACKAGE = (
    f"(SELECT id FROM subscriptions_subscription WHERE buyer_id = 1 AND seller_id = 1 AND status = 'active'{_SECOND}"
)
"""Units deducted from the first package, which use it up."""
OTHERS = (
    f"(SELECT id FROM subscriptions_subscription WHERE buyer_id <> 1 AND seller_id = 1 AND status = 'active'{_SECOND}"
)


def metered(size: Size, now: datetime) -> None:
    """Insert an hour of usage per order, the newest last. It accumulates by months in UTC."""
    at = f"TIMESTAMPTZ '{now.isoformat()}' - ({size.orders} - n) * interval '1 hour'"
    month = f"date_trunc('month', {at}, 'UTC')"
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
        cycle=text("hour"), accumulation_start=month,
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
    insert(
        Accumulation, f"(SELECT DISTINCT {month} AS month FROM o) AS m CROSS JOIN (VALUES ({ONE}), ({OTHER})) AS a(meter)",
        id="row_number() OVER (ORDER BY month, meter)",
        meter_id="meter", quantity="100000", exact="0.1", charged_minor="10", start="month",
    )  # fmt: skip
    insert(
        Charge, f"o JOIN subscriptions_subscription s ON s.id = CASE WHEN mod(n, 10) = 0 THEN {ONE} ELSE {OTHER} END"
        f" JOIN billing_accumulation a ON a.meter_id = s.id AND a.start = {month}",
        id="n", collection_id="n", accumulation_id="a.id",
        subscription_id="s.id", buyer_id="s.buyer_id", seller_id="s.seller_id", quantity_before="0", quantity_after="100000",
        exact_after="0.1", minor="10", currency=text("CNY"), at=at,
    )  # fmt: skip
    insert(
        UsageMonth, "subscriptions_subscription s CROSS JOIN generate_series(0, 3) m WHERE s.status = 'active'",
        subscription_id="s.id", month=f"DATE '{now.replace(day=1).date().isoformat()}' - m * interval '1 month'",
        buyer_id="s.buyer_id", seller_id="s.seller_id", currency=text("CNY"), paid_minor="10",
        invoiced_minor="CASE WHEN m > 1 THEN 10 ELSE 0 END",
    )  # fmt: skip
    _packages(now, at)


def _packages(now: datetime, at: str) -> None:
    """Insert packages. Nearly every service is a package for itself, so that packages grow with orders. The packages of
    the two metered services have cells and deductions."""
    since, until = (f"TIMESTAMPTZ '{now.isoformat()}' {sign} interval '20 days'" for sign in "-+")
    insert(
        Package, "subscriptions_subscription s WHERE s.offer_id <> 2", subscription_id="s.id", seller_id="s.seller_id",
        service_id=f"CASE s.id WHEN {PACKAGE} THEN {ONE} WHEN {OTHERS} THEN {OTHER} ELSE s.id END",
        stops=f"s.id = {PACKAGE}", reset=text(""), starts_at=since, ends_at=until,
    )  # fmt: skip
    insert(
        Quota, "metering_package p", id="p.subscription_id", package_id="p.subscription_id", service_id="p.service_id",
        starts_at="p.starts_at", ends_at="p.ends_at", amount="1000000000000", remaining="100000",
    )  # fmt: skip
    insert(
        UsageCell, "o", id="n", service_id=f"CASE WHEN mod(n, 10) = 0 THEN {ONE} ELSE {OTHER} END", starts_at=at,
        accumulation_start=at, quantity="10000", free="false",
    )  # fmt: skip
    of = f"CASE WHEN mod(n, 10) = 0 THEN {PACKAGE} ELSE {OTHERS} END"
    insert(Deduction, "o", id="n", package_id=of, quota_id=of, cell_id="n", collection_id="n", delta="10000")
