"""What is left of packages, and what was deducted from them: for the pages of buyer, seller and operator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

from .models import Deduction, Package, Quota
from .seller_queries import units

PAGE = 25
MOST_BESIDE_A_SERVICE = 20
"""Packages that stand on the page of the service that they are deducted from: the newest."""


class Standing(Struct, frozen=True, kw_only=True):
    """A package, with the quota that holds now, or the last one that did."""

    package: Package
    amount: Decimal
    left: Decimal
    full_again_at: datetime | None
    """None where it never is within its time."""
    over: bool
    """Its time is over, or it was released."""

    @property
    def used(self) -> Decimal:
        return self.amount - self.left

    @property
    def percent_left(self) -> int:
        """Whole percents, rounded down: what is not nothing is not shown as everything."""
        return int(self.left * 100 / self.amount) if self.amount else 0

    @property
    def used_up(self) -> bool:
        return not self.over and self.left == 0


def standings(packages: Sequence[Package], *, now: datetime) -> list[Standing]:
    """In their order; one query for all of them."""
    latest: dict[int, Quota] = {}
    begun = Quota.objects.filter(package__in=packages, starts_at__lte=now).order_by("starts_at")
    for quota in begun:
        latest[quota.package_id] = quota
    return [_standing(package, latest.get(package.pk), now) for package in packages]


def _standing(package: Package, quota: Quota | None, now: datetime) -> Standing:
    ended = [moment for moment in (package.ends_at, package.closed_at) if moment is not None and moment <= now]
    again = quota.ends_at if quota is not None and quota.ends_at != package.ends_at and not ended else None
    return Standing(
        package=package, amount=units(quota.amount if quota else 0), left=units(quota.remaining if quota else 0),
        full_again_at=again, over=bool(ended),
    )  # fmt: skip


def package_of(subscription: Subscription) -> Package | None:
    return Package.objects.select_related("service__product", "service__offer").filter(pk=subscription.pk).first()


def has_deductions(package: Package) -> bool:
    """Whether anything was ever deducted: from then on the market counts the package, not its seller."""
    return Deduction.objects.filter(package=package).exists()


def packages_of_service(service: Subscription, *, now: datetime) -> list[Standing]:
    """The newest first."""
    found = Package.objects.filter(service=service).select_related("subscription__offer", "service").order_by("-pk")
    return standings(list(found[:MOST_BESIDE_A_SERVICE]), now=now)


def packages_about(held: Subscription, *, now: datetime) -> list[Standing]:
    """Of a package itself, and of a service those that are deducted from it."""
    if held.offer.charging.quota:
        own = Package.objects.filter(pk=held.pk).select_related("subscription__offer", "service")
        return standings(list(own), now=now)
    return packages_of_service(held, now=now) if held.offer.charging.postpaid else []


def packages_of_seller(seller: Seller, *, now: datetime, after: str = "") -> Page[Standing]:
    """Sold and opened, the newest first."""
    found = Package.objects.filter(seller=seller)
    listed = page(
        found.select_related("subscription__offer", "subscription__product", "subscription__buyer", "service"),
        after=after, size=PAGE,
    )  # fmt: skip
    return Page(standings(listed.rows, now=now), listed.next_key)


def deductions_of(package: Package, *, after: str = "") -> Page[Deduction]:
    """The newest first; below zero what was given back, since records of before came late or were taken back."""
    found = Deduction.objects.filter(package=package).select_related("cell", "collection")
    return page(found, after=after, size=PAGE)
