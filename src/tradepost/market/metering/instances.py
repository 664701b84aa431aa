"""What the market knows of the instances that a push names, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Max, Min

from tradepost.market.base.models import Move
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import charging
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.open_api.usage_items import BadItem, Item, Loaded

from .judge import Instance
from .meters import meters_of
from .models import Meter, Package


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    instances: Mapping[str, Instance]
    """By the seller's name for them."""
    meters: Mapping[int, Meter]
    buyers: Mapping[int, int]
    packages: frozenset[int]
    deducted_from: Mapping[int, int]
    """Of packages, by the service that each is deducted from."""

    def package(self, item: Item | BadItem, instance: Instance | None) -> Instance | None:
        """The package that an item names, of the same buyer and not of another service; None where it names none, or none
        such."""
        if isinstance(item, BadItem) or not item.package_instance_id or instance is None:
            return None
        found = self.instances.get(item.package_instance_id)
        if found is None or found.subscription not in self.packages:
            return None
        if self.deducted_from.get(found.subscription, instance.subscription) != instance.subscription:
            return None
        return found if self.buyers[found.subscription] == self.buyers[instance.subscription] else None


class _Row(NamedTuple):
    pk: int
    buyer_id: int
    instance_id: str
    status: str
    started_at: datetime | None
    offer__product_id: str
    offer__charging_mode: str
    seller__status: str


def known_instances(seller: int, loaded: Loaded) -> Known:
    """Those of this seller alone: the names of another's stay unknown."""
    named = set(loaded.instances())
    named.update(
        item.package_instance_id for item in loaded.items if isinstance(item, Item) and item.package_instance_id
    )
    asked = Subscription.objects.filter(seller=seller, instance_id__in=named).exclude(instance_id="")
    found = [_Row._make(row) for row in asked.values_list(*_Row._fields)]
    on_demand = {row.pk for row in found if charging(row.offer__charging_mode).postpaid}
    meters = meters_of(on_demand) if on_demand else {}
    packages = frozenset(row.pk for row in found if charging(row.offer__charging_mode).quota)
    frozen, closed = _ends([row.pk for row in found if row.status != Subscription.Status.ACTIVE])
    return Known(
        instances={
            row.instance_id: Instance(
                subscription=row.pk, product_id=row.offer__product_id, on_demand=row.pk in on_demand,
                retired=row.seller__status == Seller.Status.EXITED or row.pk not in meters,
                started_at=row.started_at, frozen_at=frozen.get(row.pk), closed_at=closed.get(row.pk),
            )
            for row in found
        },
        meters=meters,
        buyers={row.pk: row.buyer_id for row in found},
        packages=packages,
        deducted_from=dict(Package.objects.filter(pk__in=packages).values_list("pk", "service")) if packages else {},
    )  # fmt: skip


def _ends(subscriptions: list[int]) -> tuple[Mapping[int, datetime], Mapping[int, datetime]]:
    """Since when these are frozen, for whatever reason, and when they were closed."""
    if not subscriptions:
        return {}, {}
    standing = Freeze.objects.filter(subscription__in=subscriptions, lifted_at=None).values_list("subscription")
    moves = Move.objects.filter(
        lifecycle=SUBSCRIPTION.name, subject__in=[str(pk) for pk in subscriptions], event=SubscriptionEvent.RELEASE
    ).values_list("subject")
    closed = {int(subject): at for subject, at in moves.annotate(at=Max("at"))}
    return dict(standing.annotate(since=Min("since"))), closed
