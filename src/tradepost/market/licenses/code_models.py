"""Authorisation codes, and usage of the software as sellers report it (saas-v1-license §B2.3)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

CLIENT_LENGTH = 256


class LicenseCode(models.Model):
    """An authorisation code for a service, or, without a service, for a seller's tests.

    The status records what was done with the code. The service alone decides whether the code is valid now
    (``code_status.py``), so no row changes when the service is frozen, renewed or released.
    """

    class Status(models.TextChoices):
        ISSUED = "issued", _("Not taken yet")
        TAKEN = "taken", _("Taken")
        ACTIVE = "active", _("Activated")
        WITHDRAWN = "withdrawn", _("Returned")

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
    """When the order was placed. The effective time cannot be earlier (openapi-jointkit §C.8)."""
    taken_at = models.DateTimeField(null=True, default=None)
    activated_at = models.DateTimeField(null=True, default=None)
    """When the software reported the activation."""
    effective_at = models.DateTimeField(null=True, default=None)
    """When the software came into use and the paid time started."""
    queried_at = models.DateTimeField(null=True, default=None)
    """Time of the last status query, to the minute."""

    class Meta:
        indexes = [
            models.Index(fields=["seller", "-id"], name="license_code_seller"),
            models.Index(fields=["seller", "status", "-id"], name="license_code_seller_status"),
            models.Index(fields=["status", "-id"], name="license_code_status"),
            models.Index(fields=["product", "-id"], name="license_code_test", condition=Q(subscription=None)),
        ]


class SoftwareUsage(models.Model):
    """A client that was active under a code on a day, or the number of clients (openapi-jointkit §C.10)."""

    license = models.ForeignKey(LicenseCode, models.PROTECT, related_name="usage", db_index=False)
    day = models.DateField()
    """The day in the market's time zone."""
    client_id = models.CharField(max_length=CLIENT_LENGTH, blank=True, default="")
    """Empty if ``active_num`` has the number of clients."""
    active_num = models.PositiveIntegerField(null=True, default=None)
    """The greatest number reported for the day."""
    reported_at = models.DateTimeField()
    """Time of the first report."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["license", "day", "client_id"], name="software_usage_once")]
