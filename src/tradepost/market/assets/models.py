"""Uploaded pictures and documents, and references to them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.content_hash import ContentHash
from tradepost.market.identity.models import Seller, User

VARIANTS = {"card": 480, "page": 1200, "zoom": 2400}
"""Size of a picture → its maximum width in pixels; pictures are never enlarged."""


class Picture(models.Model):
    """A picture of a seller, or of the market itself (without seller). ``base.files`` has its sizes under the same
    hash; two sellers may upload the same picture."""

    class Purpose(models.TextChoices):
        COMPANY_LOGO = "company_logo", _("Company logo")
        PRODUCT_LOGO = "product_logo", _("Product logo")
        PRODUCT_MAIN = "product_main", _("Main picture")
        DESCRIPTION = "description", _("Picture of the description")
        MARKET_LOGO = "market_logo", _("Logo")
        MARKET_ICON = "market_icon", _("Browser icon")

    seller = models.ForeignKey(Seller, models.CASCADE, null=True, related_name="pictures")
    sha256 = ContentHash(parts=tuple(f"{variant}.webp" for variant in VARIANTS))
    """Hash of the uploaded file; only its sizes are stored."""
    purpose = models.CharField(max_length=16, choices=Purpose)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    """In pixels, as shown: after rotation to upright."""
    bytes = models.PositiveIntegerField()
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sha256", "seller", "purpose"], name="picture_once"),
            models.UniqueConstraint(
                fields=["sha256", "purpose"], condition=models.Q(seller__isnull=True), name="picture_of_market_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["seller", "created_at"], name="picture_of_seller")]


class PictureUse(models.Model):
    """A reference to a picture: ``product:12``, ``version:45``, ``seller:3``. Only a visible reference makes a
    picture public; unreferenced pictures are deleted later."""

    owner = models.CharField(max_length=64)
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="uses")
    visible = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "picture"], name="picture_use_once")]


class Proof(models.Model):
    """A document that a seller uploads for reviewers: a certificate, a letter. Not shown to others (business-rules
    §2.3); ``base.files`` has the original file.

    Without a seller, it is a document that a person sent to the market, and belongs to that person."""

    class Kind(models.TextChoices):
        PDF = "application/pdf", "PDF"
        JPEG = "image/jpeg", "JPG"
        PNG = "image/png", "PNG"

    seller = models.ForeignKey(Seller, models.CASCADE, null=True, related_name="proofs")
    sha256 = ContentHash()
    kind = models.CharField(max_length=16, choices=Kind)
    name = models.CharField(max_length=120)
    """File name, as the seller named it."""
    bytes = models.PositiveIntegerField()
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sha256", "seller"], name="proof_once"),
            models.UniqueConstraint(
                fields=["sha256", "by"], condition=models.Q(seller__isnull=True), name="proof_of_person_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["seller", "created_at"], name="proof_of_seller")]


class ProofUse(models.Model):
    """A reference to a proof: ``version:45``, ``intent:7``. Unreferenced proofs are deleted later."""

    owner = models.CharField(max_length=64)
    proof = models.ForeignKey(Proof, models.PROTECT, related_name="uses")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "proof"], name="proof_use_once")]


# The models of the asset center have their own file; Django finds them here.
from . import asset_models  # noqa: E402, F401
