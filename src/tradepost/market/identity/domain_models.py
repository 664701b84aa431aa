"""Domains of sellers: registered without path, proven, and checked again (saas-v2 §1.2)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Domain(models.Model):
    """A host for a seller's production addresses, once the seller has proven ownership."""

    class Status(models.TextChoices):
        PENDING = "pending", pgettext_lazy("domain", "Not verified yet")
        VERIFIED = "verified", pgettext_lazy("domain", "Verified")
        LAPSED = "lapsed", pgettext_lazy("domain", "Verification expired")

    class How(models.TextChoices):
        """The method of verification."""

        NONE = "", ""
        HTTPS = "https", _("by the file, over https")
        HTTP = "http", _("by the file, over http")
        DNS = "dns", _("by the DNS record")
        SANDBOX = "sandbox", _("because the name points to this machine in a sandbox")
        LEGACY = "legacy", _("because its addresses are older than domain verification")

    seller = models.ForeignKey("identity.Seller", models.CASCADE, related_name="domains")
    host = models.CharField(_("Domain"), max_length=253)
    """In lower case; internationalised names in xn-- form."""
    token = models.CharField(max_length=64)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    how = models.CharField(max_length=8, choices=How, default=How.NONE, blank=True)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, default=None)
    checked_at = models.DateTimeField(null=True, default=None)
    failures = models.PositiveIntegerField(default=0)
    """Checks in a row that did not find the proof of a verified domain."""
    seen = models.JSONField(default=list)
    """The results of the last check, by method: ``domain_proof.Seen`` as JSON. Empty if the proof was found."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "host"], name="domain_once"),
            models.UniqueConstraint(
                fields=["host"],
                condition=Q(status="verified", how__in=["https", "http", "dns"]),
                name="domain_proven_once",
            ),
        ]

    def __str__(self) -> str:
        return self.host
