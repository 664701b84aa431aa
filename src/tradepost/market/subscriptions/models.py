"""Subscriptions, the paid periods of each, and the reasons for which one is frozen."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
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
        RELEASING = "releasing", _("Being released")
        RELEASED = "released", _("Released")
        FAILED = "failed", _("Could not be opened")

    class SellerState(models.TextChoices):
        """What the seller's server would say, as far as we know."""

        ACTIVE = "active", pgettext_lazy("subscription", "Active")
        FROZEN = "frozen", _("Frozen")
        UNKNOWN = "unknown", _("Unknown")

    class AtExpiry(models.TextChoices):
        """What its buyer wants at the end of the paid time (business-rules §4.5)."""

        KEEP = "keep", _("Keep it for the grace and retention time")
        RENEW = "renew", _("Renew it automatically")
        END = "end", _("Do not renew it: delete it at its end")

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
    formal_at = models.DateTimeField(null=True, default=None)
    """When the paid time of what was tried first began, or will begin; null for what never was a trial."""
    expires_at = models.DateTimeField(null=True, default=None)
    """End of the paid time, exclusive; null for one-time purchases."""
    reminded_until = models.DateTimeField(null=True, default=None)
    """What of its end should have been told until then was told, or left off."""
    freeze_at = models.DateTimeField(null=True, default=None)
    """When the grace is over; set at the end of the paid time by the level that its buyer has then, null before that."""
    release_at = models.DateTimeField(null=True, default=None)
    """When the seller is told to delete what nobody renewed; set with ``freeze_at``, and never made shorter."""
    at_expiry = models.CharField(max_length=8, choices=AtExpiry, default=AtExpiry.KEEP, db_default=AtExpiry.KEEP)
    auto_period_type = models.CharField(max_length=8, blank=True, default="", db_default="")
    """With ``auto_periods``: what an automatic renewal orders (month × 1); empty while there is none."""
    auto_periods = models.PositiveSmallIntegerField(default=0, db_default=0)
    bound = models.BooleanField(default=False, db_default=False)
    """A server uses it (``images``): a period image is not paid back meanwhile (business-rules §5)."""
    seller_state = models.CharField(
        max_length=8, choices=SellerState, default=SellerState.ACTIVE, db_default=SellerState.ACTIVE
    )

    class Meta:
        indexes = [
            models.Index(fields=["buyer", "-id"], name="subscription_buyer"),
            models.Index(fields=["buyer", "product", "-id"], name="subscription_buyer_product"),
            models.Index(fields=["seller", "-id"], name="subscription_seller"),
            models.Index(fields=["status", "-id"], name="subscription_status"),
            models.Index(fields=["seller", "status", "-id"], name="subscription_seller_status"),
        ]
        constraints = [
            # The instance first: operators look for one without knowing whose it is.
            models.UniqueConstraint(
                fields=["instance_id", "seller"], condition=~Q(instance_id=""), name="subscription_instance_once"
            )
        ]


class Period(models.Model):
    """Paid time of a subscription (计费周期), half-open, with what was paid for it.

    Base and trial periods of one subscription follow each other without a gap, but after a trial that had ended; the end of
    the last one that was not cancelled is the end of the subscription. What a change in use cost is booked as periods of its
    own, each within one of those.
    """

    class Kind(models.TextChoices):
        BASE = "base", _("Paid period")
        TRIAL = "trial", _("Trial period")
        CHANGE = "change", _("Change in use")

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="periods", db_index=False)
    line_number = models.CharField(max_length=64)
    """The order line that bought it. One line buys one period; a change buys a part of each that it covers."""
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.BASE)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    offer = models.ForeignKey(Offer, models.PROTECT)
    quantity = models.PositiveIntegerField()
    paid_minor = models.PositiveBigIntegerField()
    list_minor = models.PositiveBigIntegerField()
    """What it costs without any reduction."""
    currency = models.CharField(max_length=3)
    cancelled_at = models.DateTimeField(null=True, default=None)
    earned_at = models.DateTimeField(null=True, default=None)
    """When its money became the seller's: at its beginning (business-rules §8.2)."""

    class Meta:
        indexes = [models.Index(fields=["subscription", "starts_at"], name="period_subscription")]
        constraints = [
            models.UniqueConstraint(fields=["line_number", "starts_at"], name="period_line_once"),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="period_has_a_length"),
        ]


class Freeze(models.Model):
    """A reason (冻结) for which a subscription must not be usable: frozen is wanted if and only if one stands."""

    class Reason(models.TextChoices):
        EXPIRED = "expired", _("The paid time is over")
        OPERATOR = "operator", _("Frozen by hand")
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
