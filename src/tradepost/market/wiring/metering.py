"""Reactions to events of ``metering``."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.config import config
from tradepost.market.base.events import on
from tradepost.market.billing import alerts, charge, stops
from tradepost.market.metering.events import CollectionClosed, PackageChanged, QuotaDeducted, RecordsRefused
from tradepost.market.notifications import usage_reactions as notices


def quota_deducted(event: QuotaDeducted, now: datetime) -> None:
    """Send an alert when a package is low or used up."""
    alerts.on_quota_deducted(event, now, rule=alerts.rule_of(config()))


REACTIONS = (
    on(CollectionClosed, charge.on_collection_closed),
    on(PackageChanged, stops.on_package_changed),
    on(QuotaDeducted, stops.on_quota_deducted, quota_deducted),
    on(RecordsRefused, notices.on_records_refused),
)
