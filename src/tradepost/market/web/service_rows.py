"""Services in lists: details that distinguish services of one name, and the date when a frozen one is deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from tradepost.market.billing.arrears import open_arrears_of
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.orders.place import chosen_values
from tradepost.market.subscriptions.models import Freeze, Subscription

ID_TAIL_LENGTH = 8
"""Number of last characters of an instance id, which distinguish instances."""


class ServiceRow(Struct, frozen=True, kw_only=True):
    subscription: Subscription
    values: Sequence[Mapping[str, str]]
    """Chosen attributes with their labels, such as a region."""
    reasons: frozenset[str] = frozenset()
    """Reasons of its freezes."""
    ends_at: datetime | None = None
    """When a frozen service ends unless someone acts; None without a date."""
    is_deleted: bool = False
    """Whether the seller or the cloud then deletes its data."""

    @property
    def linear(self) -> bool:
        """Return whether the buyer chose a quantity."""
        return self.subscription.offer.sku.quantity_max > 1

    @property
    def order(self) -> str:
        """Return the number of the order that bought it."""
        return self.subscription.order_line_number.rpartition("-")[0] or self.subscription.order_line_number

    @property
    def tail(self) -> str:
        """Return the end of its instance id; "" until the seller has sent the id."""
        return self.subscription.instance_id[-ID_TAIL_LENGTH:]


def rows_of(services: Sequence[Subscription]) -> list[ServiceRow]:
    """Return a row for each service. Its product, offer, SKU and spec must be loaded. Two queries for all frozen
    services, none if there are none."""
    frozen = [service for service in services if service.status == Subscription.Status.FROZEN]
    reasons = _reasons(frozen)
    debtor_ids = [service.buyer_id for service in frozen if Freeze.Reason.ARREARS in reasons[service.pk]]
    releases = (
        {(service.buyer_id, service.currency): service.releases_at for service in open_arrears_of(debtor_ids)}
        if debtor_ids
        else {}
    )
    return [
        _row(service, frozenset(reasons[service.pk]), releases.get((service.buyer_id, service.offer.currency)))
        for service in services
    ]


def _reasons(frozen: Sequence[Subscription]) -> Mapping[int, set[str]]:
    reasons: defaultdict[int, set[str]] = defaultdict(set)
    if frozen:
        active = Freeze.objects.filter(subscription__in=frozen, lifted_at=None)
        for subscription, reason in active.values_list("subscription_id", "reason"):
            reasons[subscription].add(reason)
    return reasons


def _row(service: Subscription, reasons: frozenset[str], debt_ends: datetime | None) -> ServiceRow:
    dates = []
    if Freeze.Reason.EXPIRED in reasons and service.release_at is not None:
        dates.append(service.release_at)
    if Freeze.Reason.ARREARS in reasons and debt_ends is not None:
        dates.append(debt_ends)
    return ServiceRow(
        subscription=service, values=chosen_values(service.offer.sku), reasons=reasons, ends_at=min(dates, default=None),
        is_deleted=bool(dates) and deleted_by(service) in {DeletedBy.SELLER, DeletedBy.CLOUD},
    )  # fmt: skip
