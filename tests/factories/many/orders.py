"""Orders, the subscriptions of their buyers, and the ends of these."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tradepost.market.base.models import Job, Move
from tradepost.market.base.secrets import seal
from tradepost.market.fulfilment.timers import LIFE
from tradepost.market.orders.models import AutoRenewal, Order, OrderLine, SalesDay
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.commands import AppInfo

from .insert import insert, text
from .invoiced import INVOICED
from .stories import ENDED, FROZEN, HAS_SUBSCRIPTION, PAID, PRICE, RELEASED, STATUS

AGREEMENT = "SELECT min(id) FROM identity_agreement WHERE kind = '{}'"
AUTOMATIC = f"story = 'delivered' AND product <> 2 AND NOT ({FROZEN}) AND NOT ({RELEASED}) AND mod(n, 5) = 0"
"""Subscriptions that are renewed automatically."""


def orders() -> None:
    insert(
        Order, "o", id="n", number="number", order_type="CASE WHEN renews THEN 'RENEW' ELSE 'NEW' END", buyer_id="buyer",
        status=STATUS,
        total_minor=f"{PRICE}", currency=text("CNY"), placed_at="at",
        # In a small market, the newest unpaid order is old, and can still be paid.
        pay_before="CASE WHEN story = 'unpaid' THEN now() ELSE at END + interval '1 day'",
        paid_at=f"CASE WHEN {PAID} THEN at END",
        ended_at=f"CASE WHEN {ENDED} OR story IN ('given_up', 'cancelled') THEN at + interval '2 minutes' END",
    )  # fmt: skip
    insert(
        OrderLine, "o JOIN catalog_product p ON p.id = o.product", id="n", order_id="n", number="number || '-000001'",
        buyer_id="buyer", seller_id="seller", product_id="product", offer_id="product", version_id="product", charging_mode=text("PERIOD"), status=STATUS,
        period_type=text("month"), period_number="1", amount_minor=f"{PRICE}", list_minor=f"{PRICE}", sku_code="'SKU' || product",
        subscription_id=f"CASE WHEN renews THEN base WHEN {HAS_SUBSCRIPTION} THEN n END",
        product_name="p.name", product_name_en="p.name_en", spec_name=text("标准版"), spec_name_en=text("Standard"),
        agreed_at="at", invoiced_minor=f"CASE WHEN {INVOICED} THEN {PRICE} ELSE 0 END", agreed_pay_minutes="1440",
        buyer_agreement_id=f"({AGREEMENT.format('buyer')})", service_agreement_id=f"({AGREEMENT.format('publish')})",
    )  # fmt: skip
    insert(
        Move, f"o WHERE {PAID}", lifecycle=text("order"), subject="n::text", event=text("pay"), before=text("unpaid"),
        after=text("processing"), at="at", actor=text("buyer"),
    )  # fmt: skip
    insert(
        Move, f"o WHERE {ENDED}", lifecycle=text("order"), subject="n::text", event=text("complete"),
        before=text("processing"), after=text("completed"), at="at + interval '2 minutes'", actor=text("market"),
    )  # fmt: skip
    insert(
        SalesDay, f"o WHERE {PAID} GROUP BY seller, 2, 4", seller_id="seller",
        day="(at AT TIME ZONE 'Asia/Shanghai')::date", currency=text("CNY"), part="mod(n, 4)",
        lines="count(*)", amount_minor=f"{PRICE} * count(*)",
    )  # fmt: skip


def subscriptions(now: datetime) -> None:
    at = f"TIMESTAMPTZ '{now.isoformat()}'"
    access = seal(
        msgspec.json.encode(AppInfo(front_end_url="https://app.many.example/", user_name="u", password="p")).decode()
    )
    insert(
        Subscription, f"o WHERE {HAS_SUBSCRIPTION}", id="n", buyer_id="buyer", seller_id="seller", product_id="product",
        offer_id="product", order_line_number="number || '-000001'",
        instance_id="CASE WHEN story IN ('delivered', 'created') THEN 'instance-' || n ELSE '' END",
        status=f"CASE WHEN {FROZEN} THEN 'frozen' WHEN {RELEASED} THEN 'released' WHEN story = 'given_up' THEN 'failed'"
        " WHEN story = 'delivered' THEN 'active' ELSE 'opening' END",
        freeze_at=f"CASE WHEN {FROZEN} THEN {at} - interval '2 days' END",
        release_at=f"CASE WHEN {FROZEN} THEN {at} + interval '12 days' END",
        seller_state=f"CASE WHEN {FROZEN} THEN 'frozen' ELSE 'active' END",
        at_expiry=f"CASE WHEN {AUTOMATIC} THEN 'renew' ELSE 'keep' END",
        auto_period_type=f"CASE WHEN {AUTOMATIC} THEN 'month' ELSE '' END", auto_periods=f"CASE WHEN {AUTOMATIC} THEN 1 ELSE 0 END",
        sealed_access=f"CASE WHEN story = 'delivered' THEN '{access}' ELSE '' END", created_at="at",
        started_at="CASE WHEN story = 'delivered' THEN at END",
        expires_at=f"CASE WHEN {FROZEN} THEN {at} - interval '3 days' WHEN {RELEASED} THEN at + interval '30 days'"
        f" WHEN story = 'delivered' AND product <> 2 THEN {at} + (1 + mod(n, 300)) * interval '1 day' END",
    )  # fmt: skip
    for event, before, after, whose in (
        ("open", "opening", "active", "story = 'delivered'"), ("freeze", "active", "frozen", f"({FROZEN}) OR ({RELEASED})"),
        ("release", "frozen", "released", RELEASED),
    ):  # fmt: skip
        insert(
            Move, f"o WHERE {whose}", lifecycle=text("subscription"), subject="n::text", event=text(event),
            before=text(before), after=text(after), at="at + interval '1 minute'", actor=text("market"),
        )  # fmt: skip
    insert(
        Job, f"o WHERE story = 'delivered' AND NOT ({RELEASED}) AND product <> 2", kind=text(LIFE), key="n::text",
        due_at=f"CASE WHEN {FROZEN} THEN {at} + interval '12 days' ELSE {at} + (1 + mod(n, 300)) * interval '1 day' END",
        payload="jsonb_build_object('subscription', n)",
    )  # fmt: skip
    insert(
        Period, "subscriptions_subscription s JOIN o ON o.n = s.id WHERE s.expires_at > s.started_at", subscription_id="s.id",
        line_number="s.order_line_number", starts_at="s.started_at", ends_at="s.expires_at", offer_id="s.offer_id",
        quantity="1", paid_minor=f"{PRICE}", list_minor=f"{PRICE}", currency=text("CNY"), earned_at="s.started_at",
    )  # fmt: skip
    insert(
        AutoRenewal, "subscriptions_subscription s WHERE s.at_expiry = 'renew'", subscription_id="s.id", ends_at="s.expires_at",
        next_at="s.expires_at - interval '7 days'",
    )  # fmt: skip
    insert(
        Freeze, f"o WHERE {FROZEN}", subscription_id="n", reason=text("expired"), since=f"{at} - interval '3 days'",
        actor=text("market"),
    )  # fmt: skip
