"""The timer of an automatic renewal. Those that are due at one moment are ordered and paid together (decision 0048).

Paying locks the buyers' accounts, last of all and in their order, after all that else is locked, so that two workers that
renew for the same buyers never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tradepost.market.orders.auto_renew import AutoRule, renew_when_due
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING

from .cases import unheld_subscriptions
from .renewing import untold_among
from .timers import AGAIN


def renew_automatically(
    payloads: Sequence[Mapping[str, Any]], now: datetime, *, rule: AutoRule
) -> list[datetime | None]:
    """Task. No service is waited for: who holds it may be renewing it by hand, and is about to set this very timer."""
    wanted = [payload["subscription"] for payload in payloads]
    found = {one.pk: one for one in unheld_subscriptions(wanted)}
    living = [found[pk] for pk in dict.fromkeys(wanted) if pk in found and found[pk].status in LIVING]
    moments = renew_when_due(living, rule=rule, now=now, impossible=untold_among(living))
    left = set(wanted) - found.keys()
    held = set(Subscription.objects.filter(pk__in=left).values_list("pk", flat=True)) if left else set()
    return [now + AGAIN if pk in held else moments.get(pk) for pk in wanted]
