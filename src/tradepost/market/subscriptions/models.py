"""Subscriptions, their paid periods and their freezes."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import Seller, User


class Subscription(models.Model):
    """A service (资源实例). ``instance_id`` is the seller's name for it, empty until the seller answers."""

    class Status(models.TextChoices):
        OPENING = "opening", _("Opening")
        ACTIVE = "active", pgettext_lazy("subscription", "Active")
        FROZEN = "frozen", _("Frozen")
        RELEASING = "releasing", _("Being released")
        RELEASED = "released", _("Released")
        FAILED = "failed", _("Never opened")

    class SellerState(models.TextChoices):
        """Last known state at the seller."""

        ACTIVE = "active", pgettext_lazy("subscription", "Active")
        FROZEN = "frozen", _("Frozen")
        UNKNOWN = "unknown", _("Unknown")

    class AtExpiry(models.TextChoices):
        """The buyer's choice for the end of the paid time (business-rules §4.5)."""

        KEEP = "keep", _("Keep it for the grace and retention periods")
        RENEW = "renew", _("Renew it automatically")
        END = "end", _("Do not renew: delete it when it expires")

    buyer = models.ForeignKey(User, models.PROTECT, related_name="subscriptions")
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="subscriptions")
    product = models.ForeignKey(Product, models.PROTECT, related_name="subscriptions")
    offer = models.ForeignKey(Offer, models.PROTECT)
    quantity = models.PositiveIntegerField(default=1)
    order_line_number = models.CharField(max_length=64, unique=True)
    instance_id = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=16, choices=Status, default=Status.OPENING)
    sealed_access = models.TextField(blank=True, default="")
    """Sealed JSON of ``AppInfo``; empty until the seller provides it."""
    sealed_license = models.TextField(blank=True, default="")
    """Sealed license text, if the seller's answer is a license (saas-v1-license B1)."""
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, default=None)
    formal_at = models.DateTimeField(null=True, default=None)
    """Start of the paid time after a trial; null for services without a trial."""
    expires_at = models.DateTimeField(null=True, default=None)
    """End of the paid time, exclusive; null for one-time purchases."""
    reminded_until = models.DateTimeField(null=True, default=None)
    """Reminders up to this moment were sent or skipped."""
    freeze_at = models.DateTimeField(null=True, default=None)
    """End of the grace; set at the end of the paid time by the buyer's level, null before."""
    release_at = models.DateTimeField(null=True, default=None)
    """When the seller is asked to delete a service without renewal; set with ``freeze_at`` and never moved to an
    earlier time."""
    at_expiry = models.CharField(max_length=8, choices=AtExpiry, default=AtExpiry.KEEP, db_default=AtExpiry.KEEP)
    auto_period_type = models.CharField(max_length=8, blank=True, default="", db_default="")
    """With ``auto_periods``: duration of an automatic renewal (month × 1); empty without automatic renewal."""
    auto_periods = models.PositiveSmallIntegerField(default=0, db_default=0)
    bound = models.BooleanField(default=False, db_default=False)
    """Whether a server uses it (``images``); such a period image is not refundable (business-rules §5)."""
    seller_state = models.CharField(
        max_length=8, choices=SellerState, default=SellerState.ACTIVE, db_default=SellerState.ACTIVE
    )

    class Meta:
        indexes = [
            models.Index(fields=["buyer", "-id"], name="subscription_buyer"),
            # Searches by product name read the newest of each product (``base.ends_of_lists``).
            models.Index(fields=["buyer", "product", "status", "-id"], name="subscription_buyer_kind_status"),
            models.Index(fields=["buyer", "status", "-id"], name="subscription_buyer_status"),
            models.Index(fields=["seller", "-id"], name="subscription_seller"),
            models.Index(fields=["status", "-id"], name="subscription_status"),
            models.Index(fields=["seller", "status", "-id"], name="subscription_seller_status"),
        ]
        constraints = [
            # The instance first: operators search by instance without knowing its seller.
            models.UniqueConstraint(
                fields=["instance_id", "seller"], condition=~Q(instance_id=""), name="subscription_instance_once"
            )
        ]


class Period(models.Model):
    """Paid time of a subscription (计费周期), half-open, with its price.

    Base and trial periods of a subscription are contiguous, except after an ended trial. The end of the last period
    that is not cancelled is the end of the subscription. The fee of a change is stored as separate periods within
    those.
    """

    class Kind(models.TextChoices):
        BASE = "base", _("Paid period")
        TRIAL = "trial", _("Trial period")
        CHANGE = "change", _("Change in use")

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="periods", db_index=False)
    line_number = models.CharField(max_length=64)
    """Order line that paid for it. A line pays for one period; a change pays for part of each period that it covers."""
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.BASE)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    offer = models.ForeignKey(Offer, models.PROTECT)
    quantity = models.PositiveIntegerField()
    paid_minor = models.PositiveBigIntegerField()
    list_minor = models.PositiveBigIntegerField()
    """Price without reductions."""
    currency = models.CharField(max_length=3)
    cancelled_at = models.DateTimeField(null=True, default=None)
    earned_at = models.DateTimeField(null=True, default=None)
    """When the seller earned the payment: at the start of the period (business-rules §8.2)."""

    class Meta:
        indexes = [models.Index(fields=["subscription", "starts_at"], name="period_subscription")]
        constraints = [
            models.UniqueConstraint(fields=["line_number", "starts_at"], name="period_line_once"),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="period_has_a_length"),
        ]


class Freeze(models.Model):
    """A reason (冻结) to freeze a subscription. It should be frozen exactly while it has an active reason."""

    class Reason(models.TextChoices):
        EXPIRED = "expired", _("Paid period ended")
        OPERATOR = "operator", _("Frozen manually")
        ARREARS = "arrears", _("Usage was not paid")
        USED_UP = "used_up", _("Its package is used up")

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="freezes", db_index=False)
    reason = models.CharField(max_length=16, choices=Reason)
    since = models.DateTimeField()
    actor = models.CharField(max_length=128)
    note = models.CharField(max_length=500, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "reason"], condition=Q(lifted_at=None), name="freeze_reason_stands_once"
            )
        ]
        indexes = [
            models.Index(fields=["subscription", "id"], name="freeze_subscription"),
            models.Index(
                fields=["subscription"], name="freeze_by_operator", condition=Q(reason="operator", lifted_at=None)
            ),
        ]
