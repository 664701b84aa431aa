"""Questions about renewals: whether a service can be renewed, and the end of an ordered renewal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.orders.renew import renewable_offers_by_sku, renewal_options
from tradepost.market.subscriptions.frozen_by_hand import frozen_by_hand
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES, renewable_until
from tradepost.protocols.commands import Refresh

from .cases import parameters_of
from .cloud import protocols_for
from .models import Operation


def may_renew(subscription: Subscription, *, now: datetime) -> bool:
    """Return whether it can be renewed now, is on sale, its seller supports it, and no operator has frozen it."""
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
    """The seller has no address, or its protocol has no renewal."""
    NOT_ON_SALE = "not_on_sale"


def renewal_obstacle(subscription: Subscription, *, now: datetime) -> NotRenewable | None:
    """Return the first reason why ``may_renew`` is false; None if it is true. ``offer`` and ``product`` should be
    fetched."""
    status, until = subscription.status, renewable_until(subscription)
    if status not in LIVE_STATUSES:
        return NotRenewable.OPENING if status == Subscription.Status.OPENING else NotRenewable.ENDED
    if until is None:
        return NotRenewable.TRIAL if subscription.offer.trial else NotRenewable.NO_PERIOD
    if now >= until:
        return NotRenewable.TOO_LATE
    if frozen_by_hand([subscription]):
        return NotRenewable.FROZEN
    if unsupported(subscription) is not None:
        return NotRenewable.INTERFACE
    return None if may_renew(subscription, now=now) else NotRenewable.NOT_ON_SALE


def unsupported(subscription: Subscription) -> Refused | None:
    """Return a refusal if its seller cannot be notified of a renewal: no address, or no such command in its protocol."""
    return unsupported_among([subscription]).get(subscription.pk)


def unsupported_among(subscriptions: Sequence[Subscription]) -> dict[int, Refused]:
    """Return these refusals by subscription key, in one query."""
    by_product = protocols_for(subscriptions) if subscriptions else {}
    supported_products = {product for product, protocol in by_product.items() if Refresh in protocol.activities}
    return {
        subscription.pk: Refused("renewal.not_possible", _("This service cannot be renewed."))
        for subscription in subscriptions
        if subscription.product_id not in supported_products
    }


def renewable(subscriptions: Sequence[Subscription], *, now: datetime) -> set[int]:
    """Return the keys of subscriptions that can be renewed now, with one query for offers. Buyers and offers should be
    fetched."""
    in_time = [
        subscription
        for subscription in subscriptions
        if (until := renewable_until(subscription)) is not None and now < until
    ]
    frozen = frozen_by_hand(in_time)
    in_time = [subscription for subscription in in_time if subscription.pk not in frozen]
    by_product = protocols_for(in_time) if in_time else {}
    supported_subscriptions = [
        subscription
        for subscription in in_time
        if subscription.product_id in by_product and Refresh in by_product[subscription.product_id].activities
    ]
    distinct = {
        (subscription.offer_id, subscription.quantity): subscription for subscription in supported_subscriptions
    }
    offers = (
        renewable_offers_by_sku({subscription.offer.sku_id for subscription in distinct.values()}) if distinct else {}
    )
    on_sale = {
        choice
        for choice, subscription in distinct.items()
        if renewal_options(subscription, offers.get(subscription.offer.sku_id, ()))
    }
    return {
        subscription.pk
        for subscription in supported_subscriptions
        if (subscription.offer_id, subscription.quantity) in on_sale
    }


def end_after(line_number: str) -> datetime | None:
    """Return the end of the paid time after this order line, as sent to the seller; None if it moves none."""
    operation = Operation.objects.filter(line__number=line_number).only("kind", "wanted").first()
    until = getattr(parameters_of(operation), "until", None) if operation else None
    return until if isinstance(until, datetime) else None
