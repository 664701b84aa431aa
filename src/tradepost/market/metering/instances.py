"""What the market knows of the instances that a push names, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Max, Min
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.models import Move
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import charging
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.open_api.usage_items import BadItem, Item, Loaded

from .judge import Instance
from .meters import accumulates_by, meters_of
from .models import Package


class Counts(NamedTuple):
    """What of a meter its records are stored with: when they are collected, and by which time they add up."""

    cycle: str
    by: str


class Known(Struct, frozen=True, kw_only=True):
    instances: Mapping[str, Instance]
    """By the seller's name for them."""
    meters: Mapping[int, Counts]
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
    buyer: int
    instance_id: str
    status: str
    started_at: datetime | str | None
    product_id: str
    charging_mode: str
    stops: bool
    seller_status: str
    cycle: str | None
    """With the next two None where there is no meter yet."""
    model: str | None
    accumulation: str | None


_NAMED = """
SELECT s.id, s.buyer_id, s.instance_id, s.status, s.started_at, o.product_id, o.charging_mode, o.stops_when_used_up, e.status, m.cycle, m.model,
 m.accumulation
FROM subscriptions_subscription s JOIN catalog_offer o ON o.id = s.offer_id JOIN identity_seller e ON e.id = s.seller_id
 LEFT JOIN metering_meter m ON m.subscription_id = s.id
WHERE s.seller_id = %s AND NOT (s.instance_id = '') AND """


def asked(seller: int, loaded: Loaded) -> rows.Statement:
    """The question whose answer ``known_instances`` reads."""
    named = set(loaded.instances())
    named.update(
        item.package_instance_id for item in loaded.items if isinstance(item, Item) and item.package_instance_id
    )
    condition, among = rows.among("s.instance_id", named)
    return _NAMED + condition, [seller, *among]


def known_instances(answer: Iterable[tuple[Any, ...]]) -> Known:
    """Those of one seller alone: the names of another's stay unknown."""
    found = [_Row._make(row) for row in answer]
    sold = {row.pk: charging(row.charging_mode, stops=bool(row.stops)) for row in found}
    counted = {pk for pk, one in sold.items() if one.postpaid or one.uses}
    meters = _meters(found, counted)
    packages = frozenset(pk for pk, one in sold.items() if one.quota)
    frozen, closed = _ends([row.pk for row in found if row.status != Subscription.Status.ACTIVE])
    return Known(
        instances={
            row.instance_id: Instance(
                subscription=row.pk, product_id=row.product_id, counted=row.pk in counted,
                retired=row.seller_status == Seller.Status.EXITED or row.pk not in meters,
                started_at=rows.aware(row.started_at) if row.started_at else None,
                frozen_at=frozen.get(row.pk), closed_at=closed.get(row.pk),
            )
            for row in found
        },
        meters=meters,
        buyers={row.pk: row.buyer for row in found},
        packages=packages,
        deducted_from=dict(Package.objects.filter(pk__in=packages).values_list("pk", "service")) if packages else {},
    )  # fmt: skip


def _meters(found: Iterable[_Row], counted: Collection[int]) -> dict[int, Counts]:
    meters = {
        row.pk: Counts(row.cycle, accumulates_by(row.model or "", row.accumulation or ""))
        for row in found
        if row.pk in counted and row.cycle is not None
    }
    if missing := set(counted) - meters.keys():
        made = meters_of(missing)
        meters |= {pk: Counts(one.cycle, accumulates_by(one.model, one.accumulation)) for pk, one in made.items()}
    return meters


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
