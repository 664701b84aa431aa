"""What is asked about renewals from outside: whether a service can be renewed, and until when one leads."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.orders.renew import renewal_options
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until
from tradepost.protocols.commands import Refresh

from .cases import protocol_of, wanted_of
from .models import Operation


def may_renew(subscription: Subscription, *, now: datetime) -> bool:
    """It is time, it is on sale, and its seller can be told of it."""
    until = renewable_until(subscription)
    if until is None or now >= until:
        return False
    spoken = protocol_of(subscription)
    return spoken is not None and Refresh in spoken.activities and bool(renewal_options(subscription))


def end_wanted_by(line_number: str) -> datetime | None:
    """The end of the paid time that this order line leads to, as its seller was or will be told; None when it moves none."""
    operation = Operation.objects.filter(line__number=line_number).only("kind", "wanted").first()
    until = getattr(wanted_of(operation), "until", None) if operation else None
    return until if isinstance(until, datetime) else None
