"""Usage of a service as last reported by its seller, shown unchanged; nothing is counted or charged here."""

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


class ReportedUsage(Struct, frozen=True):
    asked_at: datetime
    entries: tuple[UsageInfo, ...]
    """One cumulative entry for pay-per-use; for a package, one entry per item with the used part (saas-v2 §3.2). Empty
    if the seller omitted it, which it must not."""


def reported_usage(subscriptions: Iterable[Subscription]) -> dict[int, ReportedUsage]:
    """Return the latest answer by subscription key, in two queries; subscriptions without a successful query are left
    out."""
    instances = {subscription.pk: subscription.instance_id for subscription in subscriptions}
    if not instances:
        return {}
    query_calls = Call.objects.filter(subscription__in=instances, kind=Query.__name__, outcome=Call.Outcome.DONE)
    latest_keys = query_calls.values("subscription").annotate(latest=Max("pk")).values("latest")
    return {
        call.subscription_id: ReportedUsage(call.ended_at, _entries(call, instances[call.subscription_id]))
        for call in Call.objects.filter(pk__in=latest_keys)
        if call.subscription_id is not None and call.ended_at is not None
    }


def _entries(call: Call, instance_id: str) -> tuple[UsageInfo, ...]:
    if not call.sealed_answer:
        return ()
    answer = msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done)
    return next((instance.usage for instance in answer.instances if instance.instance_id == instance_id), ())
