"""The asset center's rows: what a seller keeps there, its versions, and files that are on their way in."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.content_hash import ContentHash
from tradepost.market.product_types.contract import AssetKind


class Asset(models.Model):
    """Something that products are delivered with, in versions (business-rules §2.6)."""

    KINDS: ClassVar = [
        (AssetKind.PACKAGE.value, _("Software package")),
        (AssetKind.IMAGE.value, _("Server image")),
        (AssetKind.FILE.value, _("Data file")),
    ]

    seller = models.ForeignKey("identity.Seller", models.PROTECT, related_name="assets", db_index=False)
    kind = models.CharField(max_length=16, choices=KINDS)
    name = models.CharField(max_length=100)
    by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["seller", "name"], name="asset_name_once")]
        indexes: ClassVar = [models.Index(fields=["seller", "-id"], name="asset_of_seller")]


class AssetVersion(models.Model):
    """One file of an asset, which never changes. To *add* a version gives it a label of its own; to *update* one is to hand
    in another file under the same label, which takes its place for new buyers once it is approved."""

    class Status(models.TextChoices):
        CHECKING = "checking", _("Being checked")
        REVIEW = "review", _("Under review")
        APPROVED = "approved", _("Approved")
        REPLACED = "replaced", _("Replaced by an update")
        FAILED = "failed", _("Check failed")
        APPEALED = "appealed", _("Appealed against")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Verdict(models.TextChoices):
        NONE = "", _("Not looked at yet")
        CLEAN = "clean", _("No malware found")
        INFECTED = "infected", _("Infected")
        NOT_SCANNED = "not_scanned", _("Not scanned")

    asset = models.ForeignKey(Asset, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    """Counted from 1 within the asset."""
    label = models.CharField(max_length=40)
    """As the seller calls it: "2.4.1"."""
    notes = models.CharField(max_length=1000, blank=True, default="")
    updates = models.ForeignKey("self", models.PROTECT, null=True, default=None, related_name="updated_by")
    file_name = models.CharField(max_length=120)
    bytes = models.PositiveBigIntegerField()
    sha256 = ContentHash(without_file=Q(file_gone=True) | Q(status="checking"), blank=True, default="")
    """Of the file, and its name in ``base.files``; empty until it was read. It comes there while it is being checked."""
    file_gone = models.BooleanField(default=False)
    """Whether the file was deleted after its time; what it was stands here for good."""
    format = models.CharField(max_length=16, blank=True, default="")
    """What it is, found by what is in it (``asset_formats``)."""
    status = models.CharField(max_length=16, choices=Status, default=Status.CHECKING)
    verdict = models.CharField(max_length=16, choices=Verdict, blank=True, default=Verdict.NONE)
    report = models.JSONField(default=dict)
    """What the scanners said (``scan_contract.Report``)."""
    confirmed_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    """The operator who answers for a file that was not scanned."""
    by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, default=None)
    decided_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["asset", "number"], name="asset_version_once")]
        indexes: ClassVar = [
            models.Index(fields=["sha256"], name="asset_version_file"),
            models.Index(fields=["status", "-id"], name="asset_version_status"),
        ]


class FalsePositive(models.Model):
    """A finding that an operator took for mistaken: it does not refuse this very file any more (§2.7). Another file is another
    hash, so that nothing is accepted of what nobody saw."""

    seller = models.ForeignKey("identity.Seller", models.PROTECT, related_name="+", db_index=False)
    sha256 = models.CharField(max_length=64)
    code = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    submission = models.BigIntegerField()
    """Key of the appeal that was accepted; the operator's reason stands there."""
    by = models.CharField(max_length=254)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["seller", "sha256", "fingerprint"], name="asset_false_positive_once")
        ]


class Upload(models.Model):
    """A file on its way in, and afterwards the record that it came: a day's limits count rows, by purpose. That of an asset
    comes by the tus protocol (``tus``); that of a license by it or in one call (``licenses/receive``)."""

    class Purpose(models.TextChoices):
        ASSET = "asset", "asset"
        LICENSE = "license", "license"

    class Status(models.TextChoices):
        OPEN = "open", "open"
        COMPLETE = "complete", "complete"
        TERMINATED = "terminated", "terminated"
        EXPIRED = "expired", "expired"

    token = models.CharField(max_length=43, unique=True)
    """Its name in its address, and of its file while it is not whole."""
    seller = models.ForeignKey("identity.Seller", models.PROTECT, related_name="uploads", db_index=False)
    purpose = models.CharField(max_length=16, choices=Purpose, default=Purpose.ASSET)
    asset = models.ForeignKey(Asset, models.PROTECT, null=True, default=None, related_name="uploads")
    """None for the file of a license."""
    label = models.CharField(max_length=40, blank=True, default="")
    notes = models.CharField(max_length=1000, blank=True, default="")
    updates = models.ForeignKey(AssetVersion, models.PROTECT, null=True, default=None, related_name="+")
    about = models.CharField(max_length=64, blank=True, default="")
    """Of a license: the event id of its application."""
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """Of a license: what its seller said that the file hashes to; empty where that comes with the file."""
    file_name = models.CharField(max_length=1024, blank=True, default="")
    metadata = models.TextField(blank=True, default="")
    """``Upload-Metadata`` as it came: the protocol wants it back."""
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    """Bytes that are safely on the disk; while the file of a license comes, those that were there when it last broke off."""
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    version = models.OneToOneField(AssetVersion, models.PROTECT, null=True, default=None, related_name="upload")
    by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(offset__lte=models.F("length")), name="upload_within_length"),
            models.CheckConstraint(condition=Q(asset__isnull=False) | Q(purpose="license"), name="upload_of_something"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller", "purpose", "created_at"], name="upload_of_purpose_and_day"),
            models.Index(fields=["expires_at"], name="upload_open", condition=Q(status="open")),
            models.Index(fields=["created_at"], name="upload_ended", condition=~Q(status="open")),
        ]


class FileScan(models.Model):
    """What the scanners found in a document that came in outside of the asset center, known by its content (``file_scans``)."""

    sha256 = models.CharField(max_length=64)
    store = models.CharField(max_length=16, blank=True, default="")
    """The folder that it lies in, below that of all files."""
    bytes = models.PositiveBigIntegerField()
    verdict = models.CharField(max_length=16, choices=AssetVersion.Verdict, blank=True, default="")
    """Empty until the scan ended."""
    report = models.JSONField(default=dict)
    """``scan_contract.Report``."""
    created_at = models.DateTimeField()
    scanned_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["sha256", "store"], name="file_scan_once")]
