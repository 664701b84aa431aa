"""Timer of automatic renewals: those due at one moment are ordered and paid together (decision 0048).

Payment locks the buyers' accounts last and in order, so that workers renewing for the same buyers cannot deadlock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tradepost.market.orders.auto_renew import AutoRule, renew_when_due
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .cases import lock_unlocked
from .renewing import unsupported_among
from .timers import RETRY_DELAY


def renew_automatically(
    payloads: Sequence[Mapping[str, Any]], now: datetime, *, rule: AutoRule
) -> list[datetime | None]:
    """Timer task: renew the due services. Locked services are skipped and retried, because a manual renewal may be in
    progress."""
    keys = [payload["subscription"] for payload in payloads]
    unlocked_subscriptions = {
        unheld_subscription.pk: unheld_subscription for unheld_subscription in lock_unlocked(keys)
    }
    living_subscriptions = [
        unlocked_subscriptions[pk]
        for pk in dict.fromkeys(keys)
        if pk in unlocked_subscriptions and unlocked_subscriptions[pk].status in LIVE_STATUSES
    ]
    moments = renew_when_due(
        living_subscriptions, rule=rule, now=now, impossible=unsupported_among(living_subscriptions)
    )
    missing_keys = set(keys) - unlocked_subscriptions.keys()
    locked_keys = (
        set(Subscription.objects.filter(pk__in=missing_keys).values_list("pk", flat=True)) if missing_keys else set()
    )
    return [now + RETRY_DELAY if pk in locked_keys else moments.get(pk) for pk in keys]
