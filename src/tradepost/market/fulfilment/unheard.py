"""Freezes that were not sent to the seller, because it need not implement them and saved no case (business-rules
§17.4). The market closes access, and pages say that the seller was not notified."""

from __future__ import annotations

from collections.abc import Iterable

from tradepost.market.base.values import replace
from tradepost.market.production import calls
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.cases import cases_of
from tradepost.protocols.commands import SetStatus
from tradepost.protocols.registry import protocols

from .cases import view_of
from .freezing import reasons_of
from .speak import can_freeze


def unsent_freezes(subscriptions: Iterable[Subscription]) -> dict[int, str]:
    """Return the activity that was not called, by subscription key. ``product`` and ``offer`` should be fetched; two
    queries, or none without frozen subscriptions."""
    frozen = [
        subscription
        for subscription in subscriptions
        if subscription.status == Subscription.Status.FROZEN
        and subscription.seller_state == Subscription.SellerState.ACTIVE
    ]
    if not frozen:
        return {}
    reasons, addresses, installed_protocols = (
        reasons_of(frozen),
        calls.addresses_of(subscription.product for subscription in frozen),
        protocols(),
    )
    activities = {}
    for subscription in frozen:
        address = addresses.get(subscription.product_id)
        protocol = installed_protocols.get(address.protocol) if address else None
        if address is None or protocol is None:
            continue
        view, freeze_reasons = view_of(subscription, protocol, address), reasons.get(subscription.pk, frozenset())
        if not can_freeze(freeze_reasons, view) and can_freeze(freeze_reasons, replace(view, proven=None)):
            activities[subscription.pk] = _activity(protocol.name)
    return activities


def _activity(protocol: str) -> str:
    return next(case.activity for case in cases_of(protocol).cases if case.kind is SetStatus)
