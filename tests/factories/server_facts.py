"""Data for the addresses and timers of servers in a large market: a part of ``everything``."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from tradepost.market.compute import observe, orphans
from tradepost.market.images import meter

from .event_facts import fetch_row

MORE_SERVER_QUERIES = {"servers/": ("state=all",), "console/servers/": ("status=running", "status=released")}
OTHER_SERVER_STATUSES = {
    "servers/new/<str:product_id>/": [HTTPStatus.NOT_FOUND],  # nobody sells images in this market
    "servers/images/new/<str:product_id>/": [HTTPStatus.NOT_FOUND],
}


def server_facts() -> dict[str, str]:
    return {
        "server": str(fetch_row("SELECT subscription_id FROM billing_charge WHERE id = 10")[0]),
        "server_task": str(fetch_row("SELECT max(id) FROM compute_task WHERE status = 'gave_up'")[0]),
        "orphan_server": str(fetch_row("SELECT max(id) FROM compute_orphanserver WHERE ended_at IS NULL")[0]),
        "period_image": str(fetch_row("SELECT max(service_id) FROM images_periodimage WHERE status = 'idle'")[0]),
        "hourly": fetch_row("SELECT product_id FROM catalog_offer WHERE id = 2")[0],
        "monthly": fetch_row("SELECT product_id FROM catalog_offer WHERE id = 1")[0],
    }


def moments_of_servers(now: datetime) -> dict[str, list[tuple[str, dict[str, Any], datetime]]]:
    return {
        meter.TIMER: [("", {}, now + timedelta(hours=2))],
        orphans.TIMER: [("", {"cloud": "memory"}, now)],
        observe.TIMER: [("", {"cloud": "memory"}, now)],
    }
