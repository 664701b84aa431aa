"""Freezes of which the seller was not told, since it need not have the interface and saved no case for it (business-rules
§17.4): access is closed here, and pages say that nobody asked the seller's server."""

from __future__ import annotations

from collections.abc import Iterable

from tradepost.market.base.values import replace
from tradepost.market.production import calls
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.cases import cases_of
from tradepost.protocols.commands import SetStatus
from tradepost.protocols.registry import protocols

from .cases import held_of
from .freezing import reasons_of
from .speak import can_freeze


def not_asked(subscriptions: Iterable[Subscription]) -> dict[int, str]:
    """The activity that was not asked, by the key of the frozen subscription. ``product`` and ``offer`` should be fetched;
    two queries, none where nothing is frozen."""
    frozen = [
        one
        for one in subscriptions
        if one.status == Subscription.Status.FROZEN and one.seller_state == Subscription.SellerState.ACTIVE
    ]
    if not frozen:
        return {}
    reasons, addresses, known = reasons_of(frozen), calls.addresses_of(one.product for one in frozen), protocols()
    found = {}
    for one in frozen:
        address = addresses.get(one.product_id)
        spoken = known.get(address.protocol) if address else None
        if address is None or spoken is None:
            continue
        held, why = held_of(one, spoken, address), reasons.get(one.pk, frozenset())
        if not can_freeze(why, held) and can_freeze(why, replace(held, proven=None)):
            found[one.pk] = _activity(spoken.name)
    return found


def _activity(protocol: str) -> str:
    return next(one.activity for one in cases_of(protocol).cases if one.kind is SetStatus)
