"""Orders about what a buyer holds already: there is one at a time for each service (business-rules §4.1)."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.prepared import Among, Keys, Prepared
from tradepost.market.subscriptions.models import Subscription

from .models import Order, OrderLine

OF_A_CHANGE = (Order.Type.TRIAL_TO_FORMAL, Order.Type.RENEW, Order.Type.CHANGE, Order.Type.UNSUBSCRIBE)
NOT_ENDED = (Order.Status.UNPAID, Order.Status.PROCESSING)


def open_changes(subscription: Subscription) -> list[Order]:
    """Changes that are ordered and not ended, unpaid ones too, oldest first."""
    changes = Order.objects.filter(lines__subscription=subscription, order_type__in=OF_A_CHANGE, status__in=NOT_ENDED)
    return list(changes.order_by("pk"))


def with_open_changes(subscriptions: Iterable[Subscription]) -> set[int]:
    """The keys of those among these of which a change is ordered and not ended."""
    keys = [one.pk for one in subscriptions]
    return {pk for (pk,) in _OPEN(keys)} if keys else set()


_OPEN = Prepared(
    (Keys(),),
    lambda subscriptions: OrderLine.objects.filter(
        Among("subscription", subscriptions), order__order_type__in=OF_A_CHANGE, order__status__in=NOT_ENDED
    ).values_list("subscription_id"),
)


def check_free(held: Subscription) -> None:
    """Raises ``Refused`` while an order about it is open."""
    if open_changes(held):
        raise Refused(
            "service.open_order", _("This service has an order that is not done yet. End or pay that one first.")
        )
