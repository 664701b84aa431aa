"""Orders about an existing service: only one may be open for each service (business-rules §4.1)."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.prepared import Among, Keys, Prepared
from tradepost.market.subscriptions.models import Subscription

from .models import Order, OrderLine

CHANGE_TYPES = (Order.Type.TRIAL_TO_FORMAL, Order.Type.RENEW, Order.Type.CHANGE, Order.Type.UNSUBSCRIBE)
OPEN_STATUSES = (Order.Status.UNPAID, Order.Status.PROCESSING)


def open_changes(subscription: Subscription) -> list[Order]:
    """Return the open orders about the subscription, including unpaid ones, oldest first."""
    changes = Order.objects.filter(
        lines__subscription=subscription, order_type__in=CHANGE_TYPES, status__in=OPEN_STATUSES
    )
    return list(changes.order_by("pk"))


def with_open_changes(subscriptions: Iterable[Subscription]) -> set[int]:
    """Return the keys of the subscriptions that have an open order."""
    keys = [subscription.pk for subscription in subscriptions]
    return {pk for (pk,) in _WITH_OPEN_CHANGES(keys)} if keys else set()


_WITH_OPEN_CHANGES = Prepared(
    (Keys(),),
    lambda subscriptions: OrderLine.objects.filter(
        Among("subscription", subscriptions), order__order_type__in=CHANGE_TYPES, order__status__in=OPEN_STATUSES
    ).values_list("subscription_id"),
)


def check_no_open_change(subscription: Subscription) -> None:
    """Raise ``Refused`` if an order about the subscription is open."""
    if open_changes(subscription):
        raise Refused("service.open_order", _("This service has an unfinished order. Pay or end that order first."))
