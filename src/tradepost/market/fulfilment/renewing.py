"""What is asked about renewals from outside: whether a service can be renewed, and until when one leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.orders.renew import all_on_sale, renewal_options
from tradepost.market.subscriptions.frozen_by_hand import frozen_by_hand
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING, renewable_until
from tradepost.protocols.commands import Refresh

from .cases import wanted_of
from .cloud import spoken_of
from .models import Operation


def may_renew(subscription: Subscription, *, now: datetime) -> bool:
    """It is time, it is on sale, its seller can be told of it, and no operator has frozen it."""
    return bool(renewable([subscription], now=now))


class NotRenewable(StrEnum):
    OPENING = "opening"
    ENDED = "ended"
    TRIAL = "trial"
    NO_PERIOD = "no_period"
    TOO_LATE = "too_late"
    FROZEN = "frozen"
    """By an operator."""
    INTERFACE = "interface"
    """The seller has no address, or its protocol has no word for a renewal."""
    NOT_ON_SALE = "not_on_sale"


def why_not_renewable(subscription: Subscription, *, now: datetime) -> NotRenewable | None:
    """Return the first reason why ``may_renew`` is false; None when it is true. ``offer`` and ``product`` should be fetched."""
    status, until = subscription.status, renewable_until(subscription)
    if status not in LIVING:
        return NotRenewable.OPENING if status == Subscription.Status.OPENING else NotRenewable.ENDED
    if until is None:
        return NotRenewable.TRIAL if subscription.offer.trial else NotRenewable.NO_PERIOD
    if now >= until:
        return NotRenewable.TOO_LATE
    if frozen_by_hand([subscription]):
        return NotRenewable.FROZEN
    if untold(subscription) is not None:
        return NotRenewable.INTERFACE
    return None if may_renew(subscription, now=now) else NotRenewable.NOT_ON_SALE


def untold(subscription: Subscription) -> Refused | None:
    """Why its seller could not be told of a renewal, if so: it has no address, or its protocol no word for it."""
    return untold_among([subscription]).get(subscription.pk)


def untold_among(subscriptions: Sequence[Subscription]) -> dict[int, Refused]:
    """The same of many, by subscription, in one query."""
    spoken = spoken_of(subscriptions) if subscriptions else {}
    told = {product for product, protocol in spoken.items() if Refresh in protocol.activities}
    return {
        one.pk: Refused("renewal.not_possible", _("This service cannot be renewed."))
        for one in subscriptions
        if one.product_id not in told
    }


def renewable(subscriptions: Sequence[Subscription], *, now: datetime) -> set[int]:
    """The keys of those among these that may be renewed now; what is on sale is asked once.
    Each with its buyer and its offer."""
    in_time = [one for one in subscriptions if (until := renewable_until(one)) is not None and now < until]
    kept_out = frozen_by_hand(in_time)
    in_time = [one for one in in_time if one.pk not in kept_out]
    spoken = spoken_of(in_time) if in_time else {}
    told = [one for one in in_time if one.product_id in spoken and Refresh in spoken[one.product_id].activities]
    alike = {(one.offer_id, one.quantity): one for one in told}
    offers = all_on_sale({one.offer.sku_id for one in alike.values()}) if alike else {}
    on_sale = {same for same, one in alike.items() if renewal_options(one, offers.get(one.offer.sku_id, ()))}
    return {one.pk for one in told if (one.offer_id, one.quantity) in on_sale}


def end_wanted_by(line_number: str) -> datetime | None:
    """The end of the paid time that this order line leads to, as its seller was or will be told; None when it moves none."""
    operation = Operation.objects.filter(line__number=line_number).only("kind", "wanted").first()
    until = getattr(wanted_of(operation), "until", None) if operation else None
    return until if isinstance(until, datetime) else None
