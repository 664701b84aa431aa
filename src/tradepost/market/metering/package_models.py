"""Usage packages: quotas and deductions (business-rules §3.2; design money.md §2).

Quantities are whole ten-thousandths of a unit, as in records. Rows exist only for services with packages.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription


class Package(models.Model):
    """Prepaid usage, and the pay-per-use service from which it is deducted. A package of uses is its own service."""

    subscription = models.OneToOneField(Subscription, models.PROTECT, primary_key=True, related_name="package")
    service = models.ForeignKey(Subscription, models.PROTECT, related_name="packages", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="packages", db_index=False)
    stops = models.BooleanField()
    """Whether the service stops when the package is used up; excess usage is then free (用完即停)."""
    reset = models.CharField(max_length=8, blank=True)
    """Reset period: none, or each month or year from its start."""
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    """Null without an end."""
    closed_at = models.DateTimeField(null=True, default=None)
    """When it was released before its end."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="package_has_a_length"),
        ]
        indexes = [
            models.Index(fields=["seller", "-subscription"], name="package_seller"),
            models.Index(fields=["service", "-subscription"], name="package_service"),
        ]


class Quota(models.Model):
    """Quota of a package from ``starts_at`` to ``ends_at``: one in total, or one per reset."""

    package = models.ForeignKey(Package, models.PROTECT, related_name="quotas", db_index=False)
    service = models.ForeignKey(Subscription, models.PROTECT, related_name="+", db_index=False)
    """Service of its package, whose quotas are deducted together."""
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["package", "starts_at"], name="quota_once"),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="quota_has_a_length"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("amount"), amount__gt=0), name="quota_remaining"
            ),
        ]
        indexes = [models.Index(fields=["service", "ends_at"], name="quota_service")]


class UsageCell(models.Model):
    """Usage of a service in one hour, or part of an hour between two quota boundaries; the unit of deduction."""

    service = models.ForeignKey(Subscription, models.PROTECT, related_name="+", db_index=False)
    named = models.ForeignKey(Package, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """The only package to deduct from, if the seller named one that stops when used up."""
    starts_at = models.DateTimeField()
    accumulation_start = models.DateTimeField()
    quantity = models.BigIntegerField()
    free = models.BooleanField()
    """Whether excess usage is free, because the service stops when its package is used up."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "starts_at"], condition=Q(named=None), name="cell_once"),
            models.UniqueConstraint(
                fields=["service", "starts_at", "named"], condition=Q(named__isnull=False), name="cell_of_named_once"
            ),
        ]
        indexes = [models.Index(fields=["service", "starts_at"], name="cell_service")]


class Deduction(models.Model):
    """Quantity that a collection deducted from a quota for a cell; negative if returned. A database trigger refuses
    changes."""

    package = models.ForeignKey(Package, models.PROTECT, related_name="deductions", db_index=False)
    quota = models.ForeignKey(Quota, models.PROTECT, related_name="deductions")
    cell = models.ForeignKey(UsageCell, models.PROTECT, related_name="deductions")
    collection = models.ForeignKey("metering.Collection", models.PROTECT, related_name="+", db_index=False)
    delta = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(delta=0), name="deduction_of_something"),
        ]
        indexes = [models.Index(fields=["package", "-id"], name="deduction_package")]
