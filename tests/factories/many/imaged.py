"""Servers and period images: a server for each service, most of them released, and a stretch of time for each usage
record.
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.compute.models import OrphanServer, Server, Span, Task
from tradepost.market.images.models import ImageBinding, ImageTime, PeriodImage
from tradepost.market.metering.models import Meter

from .insert import insert, text
from .metered import ONE

NEWEST = "(SELECT max(id) FROM subscriptions_subscription)"
WITH_END = "(SELECT max(id) FROM subscriptions_subscription WHERE expires_at IS NOT NULL)"


def imaged(now: datetime) -> None:
    moment = f"TIMESTAMPTZ '{now.isoformat()}'"
    services = "subscriptions_subscription s"
    insert(
        Meter, f"{services} WHERE s.id > {NEWEST} - 300 AND NOT EXISTS (SELECT 1 FROM metering_meter WHERE subscription_id = s.id)",
        subscription_id="s.id", code=text("hours"), unit=text("小时"), unit_en=text("hours"), cycle=text("hour"),
        model=text("linear"), price="0.01", currency=text("CNY"),
    )  # fmt: skip
    insert(
        Server, services, id="s.id", buyer_id="s.buyer_id", name="'server-' || s.id", size=text("s1"), cloud=text("memory"),
        status=f"CASE WHEN s.status = 'active' AND s.id > {NEWEST} - 20000 THEN 'running' ELSE 'released' END",
        service_id=f"CASE WHEN s.status = 'active' AND s.id > {NEWEST} - 20000 THEN s.id END",
        seller_id=f"CASE WHEN s.status = 'active' AND s.id > {NEWEST} - 20000 THEN s.seller_id END",
        provider_id="'server-' || s.id", counted_until=moment, counting=f"s.id > {NEWEST} - 300", created_at="s.created_at",
    )  # fmt: skip
    insert(
        Task, services, id="s.id", server_id="s.id", action=text("create"), owner="1", created_at="s.created_at",
        status=f"CASE WHEN s.id > {NEWEST} - 100 THEN 'gave_up' ELSE 'done' END",
    )  # fmt: skip
    insert(
        Task, services, id="1000000 + s.id", server_id="s.id", action=text("release"), created_at="s.created_at",
        status=f"CASE WHEN s.id > {NEWEST} - 10 THEN 'gave_up' ELSE 'done' END",
    )  # fmt: skip
    insert(
        OrphanServer, services, id="s.id", cloud=text("memory"), provider_id="'lost-' || s.id", found_at="s.created_at",
        seen_at="s.created_at", status=f"CASE WHEN s.id > {NEWEST} - 10 THEN 'found' ELSE 'released' END",
        ended_at=f"CASE WHEN s.id > {NEWEST} - 10 THEN NULL ELSE s.created_at END",
    )  # fmt: skip
    insert(
        Span, services, id="s.id", server_id="s.id", service_id="s.id", from_at="s.created_at",
        to_at=f"CASE WHEN s.id > {NEWEST} - 300 THEN NULL ELSE s.created_at + interval '1 day' END",
    )  # fmt: skip
    insert(
        ImageTime, "metering_record r", id="r.id", service_id="r.subscription_id", server_id="r.subscription_id",
        begin_at="r.begin_at", end_at="r.begin_at + interval '1 hour'", quantity="10000", record_id="r.id",
    )  # fmt: skip
    insert(
        PeriodImage, f"{services} WHERE s.expires_at IS NOT NULL", service_id="s.id", buyer_id="s.buyer_id",
        status=f"CASE WHEN s.id > {WITH_END} - 100 THEN 'idle' ELSE 'expired' END",
        idle_since=f"CASE WHEN s.id > {WITH_END} - 100 THEN {moment} END",
    )  # fmt: skip
    insert(
        ImageBinding, f"{services} WHERE s.expires_at IS NOT NULL", id="s.id", image_id="s.id", server_id="s.id",
        covers_id=ONE, from_at="s.created_at", to_at="s.created_at + interval '1 day'", actor=text("market"),
    )  # fmt: skip
