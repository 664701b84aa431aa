"""Whether a service can be renewed by its buyer: asked by pages and by notices."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.orders.renew import renewal_options
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until
from tradepost.protocols.commands import Refresh

from .cases import protocol_of


def may_renew(subscription: Subscription, *, now: datetime) -> bool:
    """It is time, it is on sale, and its seller can be told of it."""
    until = renewable_until(subscription)
    if until is None or now >= until:
        return False
    spoken = protocol_of(subscription)
    return spoken is not None and Refresh in spoken.activities and bool(renewal_options(subscription))
