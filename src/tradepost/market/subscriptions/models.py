"""Subscriptions and the sealed data with which a buyer reaches the instance."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import Seller, User


class Subscription(models.Model):
    """An instance (资源实例). ``instance_id`` is the seller's name for it, empty until the seller answered."""

    class Status(models.TextChoices):
        OPENING = "opening", _("Opening")
        ACTIVE = "active", pgettext_lazy("subscription", "Active")
        FROZEN = "frozen", _("Frozen")
        RELEASED = "released", _("Released")
        FAILED = "failed", _("Could not be opened")

    buyer = models.ForeignKey(User, models.PROTECT, related_name="subscriptions")
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="subscriptions")
    product = models.ForeignKey(Product, models.PROTECT, related_name="subscriptions")
    offer = models.ForeignKey(Offer, models.PROTECT)
    quantity = models.PositiveIntegerField(default=1)
    order_line_number = models.CharField(max_length=64, unique=True)
    instance_id = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=16, choices=Status, default=Status.OPENING)
    sealed_access = models.TextField(blank=True, default="")
    """Sealed JSON of ``AppInfo``; empty until the seller gave it."""
    sealed_license = models.TextField(blank=True, default="")
    """Sealed text of the license, where the seller's answer is one (saas-v1-license B1)."""
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, default=None)
    expires_at = models.DateTimeField(null=True, default=None)
    """End of the paid time, exclusive; null for one-time purchases."""

    class Meta:
        indexes = [models.Index(fields=["buyer", "-id"], name="subscription_buyer")]
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "instance_id"], condition=~Q(instance_id=""), name="subscription_instance"
            )
        ]
