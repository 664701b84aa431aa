"""Reactions to events of ``subscriptions``."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.applications import reactions as applications
from tradepost.market.base.events import on
from tradepost.market.images import reactions as images
from tradepost.market.metering import packages
from tradepost.market.notifications import service_reactions as notices
from tradepost.market.subscriptions.events import (
    SubscriptionEndsSoon,
    SubscriptionExpired,
    SubscriptionFrozen,
    SubscriptionReleased,
    SubscriptionUnfrozen,
)
from tradepost.market.web.joint import sync_rules


def service_released(event: SubscriptionReleased, now: datetime) -> None:
    """Unbind the application of a service that was released."""
    applications.on_service_released(event, sync_rules(), now)


REACTIONS = (
    on(SubscriptionEndsSoon, notices.on_service_ends_soon),
    on(SubscriptionExpired, notices.on_service_expired),
    on(SubscriptionFrozen, notices.on_service_frozen),
    on(SubscriptionUnfrozen, notices.on_service_unfrozen),
    on(
        SubscriptionReleased,
        packages.on_released,
        service_released,
        notices.on_service_released,
        images.on_service_released,
    ),
)
