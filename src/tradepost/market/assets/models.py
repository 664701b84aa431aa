"""Pictures that sellers handed in, and what refers to them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tradepost.market.identity.models import Seller, User


class Picture(models.Model):
    """A picture of a seller; its sizes lie in ``base.files`` under the same hash. Two sellers may have handed in the same."""

    class Purpose(models.TextChoices):
        COMPANY_LOGO = "company_logo", _("Company logo")
        PRODUCT_LOGO = "product_logo", _("Product logo")
        PRODUCT_MAIN = "product_main", _("Main picture")
        DESCRIPTION = "description", _("Picture of the description")

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="pictures")
    sha256 = models.CharField(max_length=64)
    """Of the file that was handed in."""
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
