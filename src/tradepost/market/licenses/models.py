"""Applications for licenses. Authorisation codes are in ``code_models``."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.content_hash import ContentHash
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

from .code_models import LicenseCode, SoftwareUsage

__all__ = ["FINGERPRINT_LENGTH", "LicenseCode", "LicenseRequest", "SoftwareUsage"]
FINGERPRINT_LENGTH = 1024
FOLDER = "licenses"
"""Folder of large licenses in the files folder."""


class LicenseRequest(models.Model):
    """A buyer's application for the license of one machine and one term (getLicenseAsync, saas-v1-license §B3)."""

    class Status(models.TextChoices):
        ASKING = "asking", _("Requesting from the seller")
        PROMISED = "promised", _("The seller is creating it")
        REFUSED = "refused", _("Not granted")
        DELIVERED = "delivered", _("Delivered")
        WITHDRAWN = "withdrawn", pgettext_lazy("license request", "Withdrawn")

    event_id = models.CharField(max_length=64, unique=True)
    """The market's id of the application, with which the seller delivers (openapi-jointkit §C.7)."""
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="license_requests", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="license_requests", db_index=False)
    fingerprint = models.CharField(max_length=FINGERPRINT_LENGTH, blank=True)
    fingerprint_hash = models.CharField(max_length=64)
    term = models.CharField(max_length=32, blank=True)
    """End of the paid time that the license covers, in ISO format; empty if it has no end. A renewal is another
    term."""
    status = models.CharField(max_length=16, choices=Status, default=Status.ASKING)
    verdict = models.CharField(max_length=32, blank=True, default="")
    """Why the license was refused: a result code, or the name of a fault."""
    sealed_license = models.TextField(blank=True, default="")
    """Sealed text, or the Base64 of a small file. A large file is on the disk instead (``license_files``)."""
    file_name = models.CharField(max_length=1024, blank=True, default="")
    """Name of a delivered file; empty for a text."""
    sha256 = ContentHash(folder=FOLDER, without_file=~models.Q(sealed_license=""), blank=True, default="")
    """Hash of the license and name of its file on the disk; empty for licenses from before hashes were stored."""
    size = models.PositiveBigIntegerField(null=True, default=None)
    """Size of the license in bytes; None without a hash."""
    asked_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "fingerprint_hash", "term"], name="license_request_machine_and_term"
            )
        ]
        indexes = [
            models.Index(fields=["subscription", "-id"], name="license_request_subscription"),
            models.Index(fields=["-asked_at", "-id"], name="license_request_newest"),
            models.Index(fields=["seller", "-asked_at", "-id"], name="license_request_of_seller"),
            models.Index(fields=["seller", "status", "-asked_at", "-id"], name="license_request_of_seller_st"),
            models.Index(fields=["status", "-asked_at", "-id"], name="license_request_of_status"),
        ]
