"""Refunds (退订): what a buyer has paid back of a service, or asks for, and of which order lines it is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

from .refund_terms import Way


class Refund(models.Model):
    """One refund. What needs nobody's consent is paid in the transaction that asks for it."""

    class Status(models.TextChoices):
        SELLER_REVIEW = "seller_review", _("The seller is asked")
        APPEALED = "appealed", _("The operator decides")
        APPROVED = "approved", pgettext_lazy("refund", "Agreed")
        REFUNDED = "refunded", pgettext_lazy("refund", "Paid back")
        REJECTED = "rejected", pgettext_lazy("refund", "Refused")
        WITHDRAWN = "withdrawn", pgettext_lazy("refund", "Withdrawn")

    class Kind(models.TextChoices):
        CANCEL_RENEWAL = Way.CANCEL_RENEWAL.value, _("Renewal taken back before it began")
        NO_REASON = Way.NO_REASON.value, _("Unsubscribed without a reason")
        UNUSED = Way.UNUSED.value, _("What was left of the paid time")
        END = Way.END.value, _("Pay-per-use service ended")
        NEGOTIATED = Way.NEGOTIATED.value, _("Agreed with the seller")

    kind = models.CharField(max_length=16, choices=Kind)
    status = models.CharField(max_length=16, choices=Status)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="refunds", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="refunds", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="refunds", db_index=False)
    order = models.OneToOneField("orders.Order", models.PROTECT, null=True, default=None, related_name="refund")
    """The order of the type UNSUBSCRIBE; none while it is only asked for."""
    amount_minor = models.PositiveBigIntegerField()
    """What is asked for, or was paid back, beside what has not begun."""
    unbegun_minor = models.PositiveBigIntegerField(default=0)
    """What was paid back of a time that had not begun, on top of what was agreed on."""
    currency = models.CharField(max_length=3)
    requested_at = models.DateTimeField()
    reason = models.CharField(max_length=1000, blank=True, default="")
    """Of the buyer, for the seller."""
    shows_phone = models.BooleanField(default=False)
    """The buyer agreed that the seller sees the telephone number (business-rules §4.7)."""
    contact_at = models.DateTimeField(null=True, default=None)
    """From when on the buyer is told to speak to the seller, who has said nothing."""
    appeal_at = models.DateTimeField(null=True, default=None)
    """From when on the buyer may ask the operator to decide."""
    appealed_at = models.DateTimeField(null=True, default=None)
    appeal = models.CharField(max_length=1000, blank=True, default="")
    opinion = models.CharField(max_length=1000, blank=True, default="")
    """Of whoever decided, for the buyer."""
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
            models.Index(fields=["buyer", "-id"], name="refund_buyer"),
            models.Index(fields=["seller", "-id"], name="refund_seller"),
            models.Index(fields=["seller", "status", "-id"], name="refund_seller_status"),
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
    """What of one order line a refund paid back."""

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="lines")
    line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="refund_lines")
    paid_minor = models.PositiveBigIntegerField()
    """What was paid for it and not paid back before."""
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
