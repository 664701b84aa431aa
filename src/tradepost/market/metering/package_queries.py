"""Read packages and their deductions, for buyers, sellers and operators."""

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
MAX_ON_SERVICE_PAGE = 20
"""Latest packages shown on the page of their service."""


class PackageBalance(Struct, frozen=True, kw_only=True):
    """A package with its present quota, or its last one."""

    package: Package
    amount: Decimal
    left: Decimal
    full_again_at: datetime | None
    """None if it does not reset again."""
    over: bool
    """Whether its time has ended or it was released."""

    @property
    def used(self) -> Decimal:
        return self.amount - self.left

    @property
    def percent_left(self) -> int:
        """Whole percent, rounded down."""
        return int(self.left * 100 / self.amount) if self.amount else 0

    @property
    def used_up(self) -> bool:
        return not self.over and self.left == 0


def balances(packages: Sequence[Package], *, now: datetime) -> list[PackageBalance]:
    """Return the balances of these packages in order, in one query."""
    latest_quotas: dict[int, Quota] = {}
    quotas = Quota.objects.filter(package__in=packages, starts_at__lte=now).order_by("starts_at")
    for quota in quotas:
        latest_quotas[quota.package_id] = quota
    return [_balance(package, latest_quotas.get(package.pk), now) for package in packages]


def _balance(package: Package, quota: Quota | None, now: datetime) -> PackageBalance:
    past_ends = [moment for moment in (package.ends_at, package.closed_at) if moment is not None and moment <= now]
    refilled_at = quota.ends_at if quota is not None and quota.ends_at != package.ends_at and not past_ends else None
    return PackageBalance(
        package=package, amount=units(quota.amount if quota else 0), left=units(quota.remaining if quota else 0),
        full_again_at=refilled_at, over=bool(past_ends),
    )  # fmt: skip


def package_of(subscription: Subscription) -> Package | None:
    return Package.objects.select_related("service__product", "service__offer").filter(pk=subscription.pk).first()


def has_deductions(package: Package) -> bool:
    """Return whether usage was ever deducted. From then on the market counts the package, not the seller."""
    return Deduction.objects.filter(package=package).exists()


def packages_of_service(service: Subscription, *, now: datetime) -> list[PackageBalance]:
    """Return the packages of a service, newest first."""
    packages = Package.objects.filter(service=service).select_related("subscription__offer", "service").order_by("-pk")
    return balances(list(packages[:MAX_ON_SERVICE_PAGE]), now=now)


def packages_about(subscription: Subscription, *, now: datetime) -> list[PackageBalance]:
    """Return the package itself, or the packages of a service."""
    if subscription.offer.charging.quota:
        packages = Package.objects.filter(pk=subscription.pk).select_related("subscription__offer", "service")
        return balances(list(packages), now=now)
    return packages_of_service(subscription, now=now) if subscription.offer.charging.postpaid else []


def packages_of_seller(seller: Seller, *, now: datetime, after: str = "", size: int = PAGE) -> Page[PackageBalance]:
    """Return the seller's opened packages, newest first."""
    packages = Package.objects.filter(seller=seller)
    package_page = page(
        packages.select_related("subscription__offer", "subscription__product", "subscription__buyer", "service"),
        after=after, size=size,
    )  # fmt: skip
    return Page(balances(package_page.rows, now=now), package_page.next_key)


def deductions_of(package: Package, *, after: str = "") -> Page[Deduction]:
    """Return the deductions of a package, newest first; negative after late or voided records."""
    deductions = Deduction.objects.filter(package=package).select_related("cell", "collection")
    return page(deductions, after=after, size=PAGE)
