"""What a service has used as its seller last said: shown as it was said. Nothing here is counted or charged yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from django.db.models import Max
from msgspec import Struct

from tradepost.market.base.secrets import unseal
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done, Query, UsageInfo


class Reported(Struct, frozen=True):
    asked_at: datetime
    entries: tuple[UsageInfo, ...]
    """What is on demand: one, cumulative. A package: one for each thing that it holds, the part that is used
    (saas-v2 §3.2). Empty when the seller left it out, which it must not."""


def reported_usage(subscriptions: Iterable[Subscription]) -> dict[int, Reported]:
    """For each subscription (by pk) that was queried with success: the latest answer; two queries for all of them."""
    instances = {subscription.pk: subscription.instance_id for subscription in subscriptions}
    if not instances:
        return {}
    queried = Call.objects.filter(subscription__in=instances, kind=Query.__name__, outcome=Call.Outcome.DONE)
    latest = queried.values("subscription").annotate(latest=Max("pk")).values("latest")
    return {
        call.subscription_id: Reported(call.ended_at, _entries(call, instances[call.subscription_id]))
        for call in Call.objects.filter(pk__in=latest)
        if call.subscription_id is not None and call.ended_at is not None
    }


def _entries(call: Call, instance_id: str) -> tuple[UsageInfo, ...]:
    if not call.sealed_answer:
        return ()
    said = msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done)
    return next((one.usage for one in said.instances if one.instance_id == instance_id), ())
