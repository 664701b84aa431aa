"""Models of refunds (退订): amounts refunded or requested for a service, by order line."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

from .refund_terms import RefundWay


class Refund(models.Model):
    """One refund. A refund that needs no consent is paid in the transaction that creates it."""

    class Status(models.TextChoices):
        SELLER_REVIEW = "seller_review", _("Seller's answer pending")
        APPEALED = "appealed", _("Operator's decision pending")
        APPROVED = "approved", pgettext_lazy("refund", "Agreed")
        REFUNDED = "refunded", pgettext_lazy("refund", "Refunded")
        REJECTED = "rejected", pgettext_lazy("refund", "Refused")
        WITHDRAWN = "withdrawn", pgettext_lazy("refund", "Withdrawn")

    class Kind(models.TextChoices):
        CANCEL_RENEWAL = RefundWay.CANCEL_RENEWAL.value, _("Renewal cancelled before it started")
        NO_REASON = RefundWay.NO_REASON.value, _("Unsubscribed without a reason")
        UNUSED = RefundWay.UNUSED.value, _("Remaining paid period")
        END = RefundWay.END.value, _("Pay-per-use service ended")
        NEGOTIATED = RefundWay.NEGOTIATED.value, _("Negotiated refund")

    kind = models.CharField(max_length=16, choices=Kind)
    status = models.CharField(max_length=16, choices=Status)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="refunds", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="refunds", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="refunds", db_index=False)
    order = models.OneToOneField("orders.Order", models.PROTECT, null=True, default=None, related_name="refund")
    """Order of type UNSUBSCRIBE; null while the refund is only requested."""
    amount_minor = models.PositiveBigIntegerField()
    """Requested or refunded amount, without periods that have not begun."""
    unbegun_minor = models.PositiveBigIntegerField(default=0)
    """Amount refunded for periods that had not begun, in addition to ``amount_minor``."""
    currency = models.CharField(max_length=3)
    requested_at = models.DateTimeField()
    reason = models.CharField(max_length=1000, blank=True, default="")
    """Reason from the buyer, for the seller."""
    shows_phone = models.BooleanField(default=False)
    """Whether the buyer allows the seller to see the telephone number (business-rules §4.7)."""
    contact_at = models.DateTimeField(null=True, default=None)
    """When the buyer is advised to contact a seller who has not answered."""
    appeal_at = models.DateTimeField(null=True, default=None)
    """When the buyer may appeal to the operator."""
    appealed_at = models.DateTimeField(null=True, default=None)
    appeal = models.CharField(max_length=1000, blank=True, default="")
    opinion = models.CharField(max_length=1000, blank=True, default="")
    """Explanation of the decision, for the buyer."""
    decided_at = models.DateTimeField(null=True, default=None)
    decided_by = models.CharField(max_length=254, blank=True, default="")
    by_operator = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(status__in=["seller_review", "appealed"]), name="refund_open_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["buyer", "-requested_at", "-id"], name="refund_of_buyer"),
            models.Index(fields=["seller", "-requested_at", "-id"], name="refund_of_seller"),
            models.Index(fields=["buyer", "status", "-requested_at", "-id"], name="refund_of_buyer_by_status"),
            models.Index(fields=["seller", "status", "-requested_at", "-id"], name="refund_of_seller_by_status"),
            models.Index(fields=["status", "-id"], name="refund_status"),
            models.Index(fields=["subscription", "-id"], name="refund_subscription"),
            models.Index(
                fields=["buyer", "requested_at"], condition=Q(kind="no_reason"), name="refund_no_reason_of_buyer"
            ),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def total(self) -> Money:
        return Money(self.amount_minor + self.unbegun_minor, self.currency)

    @property
    def open(self) -> bool:
        return self.status in OPEN_REFUNDS


OPEN_REFUNDS = (Refund.Status.SELLER_REVIEW, Refund.Status.APPEALED)


class RefundLine(models.Model):
    """Refunded part of one order line."""

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="lines")
    line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="refund_lines")
    paid_minor = models.PositiveBigIntegerField()
    """Amount paid for the line and not refunded before."""
    back_minor = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["refund", "line"], name="refund_line_once"),
            models.CheckConstraint(condition=Q(back_minor__lte=models.F("paid_minor")), name="refund_line_within"),
        ]

    @property
    def paid(self) -> Money:
        return Money(self.paid_minor, self.refund.currency)

    @property
    def back(self) -> Money:
        return Money(self.back_minor, self.refund.currency)


class DeliveryRefund(models.Model):
    """Refund of an order line without a request: the order was not delivered, or its price was reduced before
    acceptance. Written with the transfer and never changed (``delivery_refunds``)."""

    class Kind(models.TextChoices):
        UNDELIVERED = "undelivered", _("Order not delivered")
        ENDED = "ended", _("Delivery ended before completion")
        REDUCED = "reduced", _("Price reduced before acceptance")
        RETURNED = "returned", _("Code returned")
        UNBEGUN = "unbegun", _("Paid period that did not begin")

    kind = models.CharField(max_length=16, choices=Kind)
    line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="delivery_refunds", db_index=False)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="delivery_refunds", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="delivery_refunds", db_index=False)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=64)
    """Reference of the transfer in the ledger; one transfer may refund several lines of an order."""
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["line", "reference"], name="delivery_refund_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="delivery_refund_positive"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["buyer", "-at", "-id"], name="delivery_refund_of_buyer"),
            models.Index(fields=["seller", "-at", "-id"], name="delivery_refund_of_seller"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
