"""Pictures that sellers handed in, and what refers to them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.content_hash import ContentHash
from tradepost.market.identity.models import Seller, User

VARIANTS = {"card": 480, "page": 1200, "zoom": 2400}
"""Name of a size of a picture → its largest width in pixels; none is made larger than it was handed in."""


class Picture(models.Model):
    """A picture of a seller; its sizes lie in ``base.files`` under the same hash. Two sellers may have handed in the same."""

    class Purpose(models.TextChoices):
        COMPANY_LOGO = "company_logo", _("Company logo")
        PRODUCT_LOGO = "product_logo", _("Product logo")
        PRODUCT_MAIN = "product_main", _("Main picture")
        DESCRIPTION = "description", _("Picture of the description")

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="pictures")
    sha256 = ContentHash(parts=tuple(f"{variant}.webp" for variant in VARIANTS))
    """Of the file that was handed in; its sizes are kept."""
    purpose = models.CharField(max_length=16, choices=Purpose)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    """In pixels, as it is shown: turned upright."""
    bytes = models.PositiveIntegerField()
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sha256", "seller", "purpose"], name="picture_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["seller", "created_at"], name="picture_of_seller")]


class PictureUse(models.Model):
    """Something that refers to a picture: ``product:12``, ``version:45``, ``seller:3``. Only what somebody can see makes a
    picture public; what nothing refers to is deleted in time."""

    owner = models.CharField(max_length=64)
    picture = models.ForeignKey(Picture, models.PROTECT, related_name="uses")
    visible = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "picture"], name="picture_use_once")]


class Proof(models.Model):
    """A document that a seller handed in for those who review: a certificate, a letter. Never shown to anybody else
    (business-rules §2.3); the file lies in ``base.files`` as it came. Without a seller it is what a person showed the market
    itself, and only theirs."""

    class Kind(models.TextChoices):
        PDF = "application/pdf", "PDF"
        JPEG = "image/jpeg", "JPG"
        PNG = "image/png", "PNG"

    seller = models.ForeignKey(Seller, models.CASCADE, null=True, related_name="proofs")
    sha256 = ContentHash()
    kind = models.CharField(max_length=16, choices=Kind)
    name = models.CharField(max_length=120)
    """Of the file, as the seller called it."""
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
    """Something that refers to a proof: ``version:45``, ``intent:7``. What nothing refers to is deleted in time."""

    owner = models.CharField(max_length=64)
    proof = models.ForeignKey(Proof, models.PROTECT, related_name="uses")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "proof"], name="proof_use_once")]


# The models of the asset center stand in a file of their own; Django finds them here.
from . import asset_models  # noqa: E402, F401
