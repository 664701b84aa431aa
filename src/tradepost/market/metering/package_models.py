"""Packages of usage: what they hold, and what was deducted from them (business-rules §3.2; design money.md §2).

A quantity is a whole number of ten-thousandths of the unit, as in records. Rows exist only for services that packages are
deducted from.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription


class Package(models.Model):
    """What a buyer bought of usage in advance, and the service on demand that it is deducted from; a package of uses is its own
    service."""

    subscription = models.OneToOneField(Subscription, models.PROTECT, primary_key=True, related_name="package")
    service = models.ForeignKey(Subscription, models.PROTECT, related_name="packages", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="packages", db_index=False)
    stops = models.BooleanField()
    """When it is used up the service stops, and what goes beyond it costs nothing (用完即停)."""
    reset = models.CharField(max_length=8, blank=True)
    """When it is full again: never, each month, each year from its beginning on."""
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    """Null where it never ends."""
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
    """What a package holds from ``starts_at`` to ``ends_at``: one for its whole time, or one for each reset."""

    package = models.ForeignKey(Package, models.PROTECT, related_name="quotas", db_index=False)
    service = models.ForeignKey(Subscription, models.PROTECT, related_name="+", db_index=False)
    """That of its package: they are deducted from together."""
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
    """What a service used in one hour, or the part of it between two edges of its quotas: the order in which is deducted."""

    service = models.ForeignKey(Subscription, models.PROTECT, related_name="+", db_index=False)
    named = models.ForeignKey(Package, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """The package that alone it takes from, where its seller named one that stops when used up."""
    starts_at = models.DateTimeField()
    accumulation_start = models.DateTimeField()
    quantity = models.BigIntegerField()
    free = models.BooleanField()
    """What no package covers of it costs nothing: the service stops when its package is used up."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "starts_at"], condition=Q(named=None), name="cell_once"),
            models.UniqueConstraint(
                fields=["service", "starts_at", "named"], condition=Q(named__isnull=False), name="cell_of_named_once"
            ),
        ]
        indexes = [models.Index(fields=["service", "starts_at"], name="cell_service")]


class Deduction(models.Model):
    """What a collection took from a quota for a cell; below zero what it gave back. A trigger refuses every change."""

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
