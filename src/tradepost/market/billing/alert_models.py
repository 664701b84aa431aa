"""What a buyer wants to be told of packages, and whether the market buys the next one (business-rules §9)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User

from .low import Kind


class PackageAlert(models.Model):
    """Of one buyer, for packages of one offer, or for all others. Those that are bought again come under it too."""

    class By(models.TextChoices):
        PERCENT = Kind.PERCENT.value, _("percent of the package")
        AMOUNT = Kind.AMOUNT.value, _("an amount")

    buyer = models.ForeignKey(User, models.CASCADE, related_name="package_alerts", db_index=False)
    offer = models.ForeignKey(Offer, models.CASCADE, null=True, related_name="+", db_index=False)
    """Null: of all packages that have no alert of their own."""
    by = models.CharField(max_length=8, choices=By)
    threshold = models.BigIntegerField()
    """Percent, or ten-thousandths of a unit. Zero: only when nothing is left."""
    repurchases_left = models.PositiveSmallIntegerField(default=0)
    """How often the same package is bought again by itself from now on."""
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
