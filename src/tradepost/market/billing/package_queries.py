"""Packages beside the charges that they save: where a deduction was charged, and what must hold of both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Sum
from msgspec import Struct

from tradepost.market.metering.deduction import stops_at
from tradepost.market.metering.models import Deduction, Package, Quota, Record
from tradepost.market.metering.seller_queries import units
from tradepost.market.subscriptions.models import Subscription

from .models import Charge


def charges_of(deductions: Sequence[Deduction]) -> dict[int, int]:
    """By deduction, the charge of the collection and accumulation that it was a part of."""
    collections = {one.collection_id for one in deductions}
    services = {one.cell.service_id for one in deductions}
    found = Charge.objects.filter(collection__in=collections, subscription__in=services)
    places: dict[tuple[int, int, datetime], int] = {
        (collection, service, start): pk
        for pk, collection, service, start in found.values_list(
            "pk", "collection", "subscription", "accumulation__start"
        )
    }
    return {
        one.pk: places[place]
        for one in deductions
        if (place := (one.collection_id, one.cell.service_id, one.cell.accumulation_start)) in places
    }


class OfPackage(Struct, frozen=True):
    package: int
    quantity: Decimal


def by_package(charge: Charge) -> list[OfPackage]:
    """What its collection took from each package for its accumulation; of a charge that no package has a part in nothing is
    asked."""
    if not charge.deducted:
        return []
    found = Deduction.objects.filter(
        collection=charge.collection_id, cell__service=charge.subscription_id,
        cell__accumulation_start=charge.accumulation.start,
    )  # fmt: skip
    sums = found.values_list("package").annotate(total=Sum("delta")).order_by("package")
    return [OfPackage(package, units(total)) for package, total in sums if total]


WHATEVER = 2**62
"""More than anybody uses."""


def covered_by_packages(service: Subscription, begin: datetime, end: datetime, *, now: datetime) -> int:
    """Usage of [``begin``, ``end``) that costs nothing by the unit: what packages took of it, and what is left of those that
    hold now. Of a service that stops when its package is used up nothing more is charged."""
    packages = list(Package.objects.filter(service=service))
    if not packages:
        return 0
    if stops_at(packages, now):
        return WHATEVER
    charged = Charge.objects.filter(
        subscription=service, accumulation__start__gte=begin, accumulation__start__lt=end
    ).aggregate(total=Sum(F("deducted") + F("free")))["total"] or 0  # fmt: skip
    holding = Quota.objects.filter(service=service, starts_at__lte=now, ends_at__gt=now, package__closed_at=None)
    return charged + (holding.aggregate(total=Sum("remaining"))["total"] or 0)


MOST_EXPLAINED = 100


def deductions_of_charge(charge: Charge) -> list[Deduction]:
    """What its collection took from packages for its accumulation, in the order of use; of very many the first."""
    found = Deduction.objects.filter(
        collection=charge.collection, cell__service=charge.subscription_id,
        cell__accumulation_start=charge.accumulation.start,
    )  # fmt: skip
    ordered = found.select_related("cell", "package__subscription__offer").order_by("cell__starts_at", "pk")
    return list(ordered[:MOST_EXPLAINED])


def problems() -> list[str]:
    """What does not hold: each quota is its amount less its deductions, and usage of a charge is what was deducted, what costs
    nothing, and what is accumulated."""
    taken = dict(Deduction.objects.values_list("quota").annotate(Sum("delta")))
    found = [
        f"quota {quota.pk} says {quota.remaining} is left, its deductions {quota.amount - taken.get(quota.pk, 0)}"
        for quota in Quota.objects.order_by("pk").iterator(chunk_size=500)
        if quota.amount - taken.get(quota.pk, 0) != quota.remaining
    ]
    of_package = Charge.objects.exclude(deducted=0, free=0).select_related("collection", "accumulation")
    for charge in of_package.order_by("pk").iterator(chunk_size=500):
        found += _problems_of(charge)
    return found


def _problems_of(charge: Charge) -> list[str]:
    collection, start = charge.collection, charge.accumulation.start
    used = Record.objects.filter(
        subscription=charge.subscription_id, pk__gt=collection.after_id, pk__lte=collection.upto_id,
        cycle=collection.cycle, accumulation_start=start,
    ).aggregate(total=Sum(F("sign") * F("quantity")))["total"] or 0  # fmt: skip
    deducted = Deduction.objects.filter(
        collection=collection, cell__service=charge.subscription_id, cell__accumulation_start=start
    ).aggregate(total=Sum("delta"))["total"] or 0  # fmt: skip
    said = charge.quantity_after - charge.quantity_before + charge.deducted + charge.free
    problems = []
    if used != said:
        problems.append(f"charge {charge.pk} splits {said}, its records say {used}")
    if deducted != charge.deducted:
        problems.append(f"charge {charge.pk} says that {charge.deducted} was deducted, its deductions {deducted}")
    return problems
