"""Data about the instances in a push, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Max, Min
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.models import Move
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import charging_of
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.open_api.usage_items import BadItem, Item, LoadedItems

from .judge import Instance
from .meters import accumulates_by, meters_of
from .models import Package


class MeterTerms(NamedTuple):
    """Collection cycle and accumulation period of a meter's records."""

    cycle: str
    by: str


class KnownInstances(Struct, frozen=True, kw_only=True):
    instances: Mapping[str, Instance]
    """By the seller's name."""
    meters: Mapping[int, MeterTerms]
    buyers: Mapping[int, int]
    packages: frozenset[int]
    deducted_from: Mapping[int, int]
    """By package, the service from which it is deducted."""

    def package(self, item: Item | BadItem, instance: Instance | None) -> Instance | None:
        """Return the package that an item names, if it belongs to the same buyer and not to another service; otherwise
        None."""
        if isinstance(item, BadItem) or not item.package_instance_id or instance is None:
            return None
        package = self.instances.get(item.package_instance_id)
        if package is None or package.subscription not in self.packages:
            return None
        if self.deducted_from.get(package.subscription, instance.subscription) != instance.subscription:
            return None
        return package if self.buyers[package.subscription] == self.buyers[instance.subscription] else None


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
    """None, like the next two, if the service has no meter yet."""
    model: str | None
    accumulation: str | None


_NAMED = """
SELECT s.id, s.buyer_id, s.instance_id, s.status, s.started_at, o.product_id, o.charging_mode, o.stops_when_used_up, e.status, m.cycle, m.model,
 m.accumulation
FROM subscriptions_subscription s JOIN catalog_offer o ON o.id = s.offer_id JOIN identity_seller e ON e.id = s.seller_id
 LEFT JOIN metering_meter m ON m.subscription_id = s.id
WHERE s.seller_id = %s AND NOT (s.instance_id = '') AND """


def query(seller: int, loaded: LoadedItems) -> rows.Statement:
    """Return the statement whose result ``known_instances`` reads."""
    instance_names = set(loaded.instances())
    instance_names.update(
        item.package_instance_id for item in loaded.items if isinstance(item, Item) and item.package_instance_id
    )
    condition, among_parameters = rows.among("s.instance_id", instance_names)
    return _NAMED + condition, [seller, *among_parameters]


def known_instances(answer: Iterable[tuple[Any, ...]]) -> KnownInstances:
    """Return the instances of this seller only; names of other sellers remain unknown."""
    instance_rows = [_Row._make(row) for row in answer]
    terms_by_key = {row.pk: charging_of(row.charging_mode, stops=bool(row.stops)) for row in instance_rows}
    counted_keys = {pk for pk, terms in terms_by_key.items() if terms.postpaid or terms.uses}
    meters = _meters(instance_rows, counted_keys)
    packages = frozenset(pk for pk, terms in terms_by_key.items() if terms.quota)
    frozen, closed_at = _ends([row.pk for row in instance_rows if row.status != Subscription.Status.ACTIVE])
    return KnownInstances(
        instances={
            row.instance_id: Instance(
                subscription=row.pk, product_id=row.product_id, counted=row.pk in counted_keys,
                retired=row.seller_status == Seller.Status.EXITED or row.pk not in meters,
                started_at=rows.aware(row.started_at) if row.started_at else None,
                frozen_at=frozen.get(row.pk), closed_at=closed_at.get(row.pk),
            )
            for row in instance_rows
        },
        meters=meters,
        buyers={row.pk: row.buyer for row in instance_rows},
        packages=packages,
        deducted_from=dict(Package.objects.filter(pk__in=packages).values_list("pk", "service")) if packages else {},
    )  # fmt: skip


def _meters(instance_rows: Iterable[_Row], counted_keys: Collection[int]) -> dict[int, MeterTerms]:
    meters = {
        row.pk: MeterTerms(row.cycle, accumulates_by(row.model or "", row.accumulation or ""))
        for row in instance_rows
        if row.pk in counted_keys and row.cycle is not None
    }
    if missing_keys := set(counted_keys) - meters.keys():
        created_meters = meters_of(missing_keys)
        meters |= {
            pk: MeterTerms(meter.cycle, accumulates_by(meter.model, meter.accumulation))
            for pk, meter in created_meters.items()
        }
    return meters


def _ends(subscriptions: list[int]) -> tuple[Mapping[int, datetime], Mapping[int, datetime]]:
    """Return when these were frozen, for any reason, and when they were closed."""
    if not subscriptions:
        return {}, {}
    active = Freeze.objects.filter(subscription__in=subscriptions, lifted_at=None).values_list("subscription")
    moves = Move.objects.filter(
        lifecycle=SUBSCRIPTION.name, subject__in=[str(pk) for pk in subscriptions], event=SubscriptionEvent.RELEASE
    ).values_list("subject")
    closed_at = {int(subject): at for subject, at in moves.annotate(at=Max("at"))}
    return dict(active.annotate(since=Min("since"))), closed_at
