"""Tables of the asset center: assets, their versions, and uploads."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.content_hash import ContentHash
from tradepost.market.product_types.contract import AssetKind


class Asset(models.Model):
    """A deliverable of products, in versions (business-rules §2.6)."""

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
    """A file of an asset, which never changes. A new version has its own label. An update is another file under the
    same label, which replaces it for new buyers once approved."""

    class Status(models.TextChoices):
        CHECKING = "checking", _("Being checked")
        REVIEW = "review", _("Under review")
        APPROVED = "approved", _("Approved")
        REPLACED = "replaced", _("Replaced by an update")
        FAILED = "failed", _("Check failed")
        APPEALED = "appealed", _("Under appeal")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Verdict(models.TextChoices):
        NONE = "", _("Not checked yet")
        CLEAN = "clean", _("No malware found")
        INFECTED = "infected", _("Infected")
        NOT_SCANNED = "not_scanned", _("Not scanned")

    asset = models.ForeignKey(Asset, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    """Counted from 1 within the asset."""
    label = models.CharField(max_length=40)
    """The seller's version number: "2.4.1"."""
    notes = models.CharField(max_length=1000, blank=True, default="")
    updates = models.ForeignKey("self", models.PROTECT, null=True, default=None, related_name="updated_by")
    file_name = models.CharField(max_length=120)
    bytes = models.PositiveBigIntegerField()
    sha256 = ContentHash(without_file=Q(file_gone=True) | Q(status="checking"), blank=True, default="")
    """Hash of the file, and its name in ``base.files``; empty until the file was read. It is moved there during the
    check."""
    file_gone = models.BooleanField(default=False)
    """Whether the file was deleted after the retention period; the row stays."""
    format = models.CharField(max_length=16, blank=True, default="")
    """Format detected from the content (``asset_formats``)."""
    status = models.CharField(max_length=16, choices=Status, default=Status.CHECKING)
    verdict = models.CharField(max_length=16, choices=Verdict, blank=True, default=Verdict.NONE)
    report = models.JSONField(default=dict)
    """The scanners' results (``scan_contract.Report``)."""
    confirmed_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    """The operator who approved a file that was not scanned."""
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
    """A finding that an operator declared a false positive: it no longer blocks this file (§2.7). Another file has
    another hash, so only files that were seen are accepted."""

    seller = models.ForeignKey("identity.Seller", models.PROTECT, related_name="+", db_index=False)
    sha256 = models.CharField(max_length=64)
    code = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    submission = models.BigIntegerField()
    """Key of the accepted appeal, which has the operator's reason."""
    by = models.CharField(max_length=254)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["seller", "sha256", "fingerprint"], name="asset_false_positive_once")
        ]


class Upload(models.Model):
    """A file being uploaded, and later the record of the upload: daily limits count rows by purpose.

    Files of assets use the tus protocol (``tus``); files of licenses use it or a single call
    (``licenses/receive``)."""

    class Purpose(models.TextChoices):
        ASSET = "asset", "asset"
        LICENSE = "license", "license"

    class Status(models.TextChoices):
        OPEN = "open", "open"
        COMPLETE = "complete", "complete"
        TERMINATED = "terminated", "terminated"
        EXPIRED = "expired", "expired"

    token = models.CharField(max_length=43, unique=True)
    """Part of its URL, and the name of its incomplete file."""
    seller = models.ForeignKey("identity.Seller", models.PROTECT, related_name="uploads", db_index=False)
    purpose = models.CharField(max_length=16, choices=Purpose, default=Purpose.ASSET)
    asset = models.ForeignKey(Asset, models.PROTECT, null=True, default=None, related_name="uploads")
    """None for the file of a license."""
    label = models.CharField(max_length=40, blank=True, default="")
    notes = models.CharField(max_length=1000, blank=True, default="")
    updates = models.ForeignKey(AssetVersion, models.PROTECT, null=True, default=None, related_name="+")
    about = models.CharField(max_length=64, blank=True, default="")
    """For a license: the event ID of its application."""
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """For a license: the hash that its seller announced; empty if it is sent with the file."""
    file_name = models.CharField(max_length=1024, blank=True, default="")
    metadata = models.TextField(blank=True, default="")
    """``Upload-Metadata`` as received, which the protocol requires to be returned."""
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    """Bytes stored on disk. For a license, updated only when the transfer is interrupted."""
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
    """The scan of a document outside of the asset center, identified by its content (``file_scans``)."""

    sha256 = models.CharField(max_length=64)
    store = models.CharField(max_length=16, blank=True, default="")
    """Folder of the document, below the files folder."""
    bytes = models.PositiveBigIntegerField()
    verdict = models.CharField(max_length=16, choices=AssetVersion.Verdict, blank=True, default="")
    """Empty until the scan has ended."""
    report = models.JSONField(default=dict)
    """``scan_contract.Report``."""
    created_at = models.DateTimeField()
    scanned_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["sha256", "store"], name="file_scan_once")]
