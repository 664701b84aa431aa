"""Authorisation codes, and what sellers report of the software that runs under them (saas-v1-license §B2.3)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

CLIENT_LENGTH = 256


class LicenseCode(models.Model):
    """A code that the market made: one a service, or one for a seller to test its software with (no service).

    The row says what people and programs did with it. Whether it may be used now follows from the service alone
    (``code_status.py``): no row need be moved when that is frozen, renewed or released, and none can be forgotten.
    """

    class Status(models.TextChoices):
        ISSUED = "issued", _("Not taken yet")
        TAKEN = "taken", _("Taken")
        ACTIVE = "active", _("Activated")
        WITHDRAWN = "withdrawn", _("Given back")

    code = models.CharField(max_length=64, unique=True)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="license_codes", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="license_codes", db_index=False)
    subscription = models.OneToOneField(
        Subscription, models.PROTECT, null=True, default=None, related_name="license_code"
    )
    """None for a test code (business-rules §2.5)."""
    status = models.CharField(max_length=16, choices=Status, default=Status.ISSUED)
    issued_at = models.DateTimeField()
    ordered_at = models.DateTimeField()
    """When its order was placed: nothing came into effect before (openapi-jointkit §C.8)."""
    taken_at = models.DateTimeField(null=True, default=None)
    activated_at = models.DateTimeField(null=True, default=None)
    """When the software said so."""
    effective_at = models.DateTimeField(null=True, default=None)
    """Since when the software is in use: the paid time begins then."""
    queried_at = models.DateTimeField(null=True, default=None)
    """When it was asked about last, to a minute."""

    class Meta:
        indexes = [
            models.Index(fields=["seller", "-id"], name="license_code_seller"),
            models.Index(fields=["seller", "status", "-id"], name="license_code_seller_status"),
            models.Index(fields=["status", "-id"], name="license_code_status"),
            models.Index(fields=["product", "-id"], name="license_code_test", condition=Q(subscription=None)),
        ]


class SoftwareUsage(models.Model):
    """One client that was active under a code on a day, or how many there were (openapi-jointkit §C.10)."""

    license = models.ForeignKey(LicenseCode, models.PROTECT, related_name="usage", db_index=False)
    day = models.DateField()
    """By the market's own calendar."""
    client_id = models.CharField(max_length=CLIENT_LENGTH, blank=True, default="")
    """Empty where ``active_num`` says it."""
    active_num = models.PositiveIntegerField(null=True, default=None)
    """The greatest number that was reported of the day."""
    reported_at = models.DateTimeField()
    """When it was reported first."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["license", "day", "client_id"], name="software_usage_once")]
