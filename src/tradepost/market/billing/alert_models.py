"""Buyers' alerts about packages, and automatic repurchases (business-rules §9)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User

from .thresholds import Kind


class PackageAlert(models.Model):
    """Alert of a buyer for packages of one offer, or for all others; it also applies to repurchased packages."""

    class By(models.TextChoices):
        PERCENT = Kind.PERCENT.value, _("percent of the package")
        AMOUNT = Kind.AMOUNT.value, _("an amount")

    buyer = models.ForeignKey(User, models.CASCADE, related_name="package_alerts", db_index=False)
    offer = models.ForeignKey(Offer, models.CASCADE, null=True, related_name="+", db_index=False)
    """Null: for all packages without their own alert."""
    by = models.CharField(max_length=8, choices=By)
    threshold = models.BigIntegerField()
    """Percent, or ten-thousandths of a unit. Zero: only when used up."""
    repurchases_left = models.PositiveSmallIntegerField(default=0)
    """Remaining automatic repurchases of the same package."""
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["buyer", "offer"], condition=Q(offer__isnull=False), name="alert_once"),
            models.UniqueConstraint(fields=["buyer"], condition=Q(offer=None), name="alert_of_all_once"),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="alert_not_negative"),
            models.CheckConstraint(condition=Q(by="amount") | Q(threshold__lt=100), name="alert_percent"),
            models.CheckConstraint(
                condition=Q(offer__isnull=False) | Q(by="percent", repurchases_left=0), name="alert_of_all"
            ),
        ]

    @property
    def kind(self) -> Kind:
        return Kind(self.by)
