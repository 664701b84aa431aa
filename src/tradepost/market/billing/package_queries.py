"""Packages and the charges that they reduce: find the charge of a deduction, and check both."""

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
    """Return the charge of each deduction, by deduction key."""
    collections = {deduction.collection_id for deduction in deductions}
    services = {deduction.cell.service_id for deduction in deductions}
    charges = Charge.objects.filter(collection__in=collections, subscription__in=services)
    charge_keys: dict[tuple[int, int, datetime], int] = {
        (collection, service, start): pk
        for pk, collection, service, start in charges.values_list(
            "pk", "collection", "subscription", "accumulation__start"
        )
    }
    return {
        deduction.pk: charge_keys[charge_place]
        for deduction in deductions
        if (charge_place := (deduction.collection_id, deduction.cell.service_id, deduction.cell.accumulation_start))
        in charge_keys
    }


class PackageDeduction(Struct, frozen=True):
    package: int
    quantity: Decimal


def by_package(charge: Charge) -> list[PackageDeduction]:
    """Return the deductions of a charge by package. No query if no package is involved."""
    if not charge.deducted:
        return []
    deductions = Deduction.objects.filter(
        collection=charge.collection_id, cell__service=charge.subscription_id,
        cell__accumulation_start=charge.accumulation.start,
    )  # fmt: skip
    sums = deductions.values_list("package").annotate(total=Sum("delta")).order_by("package")
    return [PackageDeduction(package, units(total)) for package, total in sums if total]


UNLIMITED = 2**62
"""Larger than any usage."""


def covered_by_packages(service: Subscription, begin: datetime, end: datetime, *, now: datetime) -> int:
    """Return usage of [``begin``, ``end``) that packages cover: deductions and remaining quotas. Unlimited for a
    service that stops when its package is used up."""
    packages = list(Package.objects.filter(service=service))
    if not packages:
        return 0
    if stops_at(packages, now):
        return UNLIMITED
    deducted_charges = Charge.objects.filter(
        subscription=service, accumulation__start__gte=begin, accumulation__start__lt=end
    ).aggregate(total=Sum(F("deducted") + F("free")))["total"] or 0  # fmt: skip
    holding = Quota.objects.filter(service=service, starts_at__lte=now, ends_at__gt=now, package__closed_at=None)
    return deducted_charges + (holding.aggregate(total=Sum("remaining"))["total"] or 0)


MAX_EXPLAINED = 100


def deductions_of_charge(charge: Charge) -> list[Deduction]:
    """Return the deductions of a charge in order of use, at most ``MAX_EXPLAINED``."""
    deductions = Deduction.objects.filter(
        collection=charge.collection, cell__service=charge.subscription_id,
        cell__accumulation_start=charge.accumulation.start,
    )  # fmt: skip
    ordered_deductions = deductions.select_related("cell", "package__subscription__offer").order_by(
        "cell__starts_at", "pk"
    )
    return list(ordered_deductions[:MAX_EXPLAINED])


def problems() -> list[str]:
    """Check that each quota equals its amount less deductions, and each charge splits its usage completely."""
    deducted_amounts = dict(Deduction.objects.values_list("quota").annotate(Sum("delta")))
    messages = [
        f"quota {quota.pk} says {quota.remaining} is left, its deductions {quota.amount - deducted_amounts.get(quota.pk, 0)}"
        for quota in Quota.objects.order_by("pk").iterator(chunk_size=500)
        if quota.amount - deducted_amounts.get(quota.pk, 0) != quota.remaining
    ]
    of_package = Charge.objects.exclude(deducted=0, free=0).select_related("collection", "accumulation")
    for charge in of_package.order_by("pk").iterator(chunk_size=500):
        messages += _problems_of(charge)
    return messages


def _problems_of(charge: Charge) -> list[str]:
    collection, start = charge.collection, charge.accumulation.start
    used_quantity = Record.objects.filter(
        subscription=charge.subscription_id, pk__gt=collection.after_id, pk__lte=collection.upto_id,
        cycle=collection.cycle, accumulation_start=start,
    ).aggregate(total=Sum(F("sign") * F("quantity")))["total"] or 0  # fmt: skip
    deducted_amount = Deduction.objects.filter(
        collection=collection, cell__service=charge.subscription_id, cell__accumulation_start=start
    ).aggregate(total=Sum("delta"))["total"] or 0  # fmt: skip
    charged_quantity = charge.quantity_after - charge.quantity_before + charge.deducted + charge.free
    problems = []
    if used_quantity != charged_quantity:
        problems.append(f"charge {charge.pk} splits {charged_quantity}, its records say {used_quantity}")
    if deducted_amount != charge.deducted:
        problems.append(
            f"charge {charge.pk} says that {charge.deducted} was deducted, its deductions {deducted_amount}"
        )
    return problems
