"""Money from outside: transfers that buyers and sellers announce (``Intent``), and received money (``ProviderFact``)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User


class Provider(models.TextChoices):
    """Source of information about received money."""

    OFFLINE = "offline", _("Bank transfer")


class Intent(models.Model):
    """A transfer announced by a buyer as a top-up, or by a seller to pay a debt, until it arrives or expires (money.md
    §2, business-rules §8.2)."""

    class Status(models.TextChoices):
        CREATED = "created", pgettext_lazy("transfer", "Creating")
        PENDING = "pending", pgettext_lazy("transfer", "Waiting for payment")
        IN_REVIEW = "in_review", pgettext_lazy("transfer", "Checking proof")
        SUCCEEDED = "succeeded", pgettext_lazy("transfer", "Booked")
        FAILED = "failed", pgettext_lazy("transfer", "Proof not accepted")
        EXPIRED = "expired", pgettext_lazy("transfer", "Expired")
        WITHDRAWN = "withdrawn", pgettext_lazy("transfer", "Withdrawn")

    number = models.CharField(max_length=16, unique=True)
    """Reference that the buyer writes on the transfer (``base.ids.transfer_reference``)."""
    provider = models.CharField(max_length=16, choices=Provider)
    status = models.CharField(max_length=16, choices=Status)
    user = models.ForeignKey(User, models.PROTECT, related_name="intents", db_index=False)
    """The buyer, or the person who announced it for a seller."""
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """Seller that pays its debt; null for a buyer's top-up."""
    amount_minor = models.PositiveBigIntegerField()
    """Announced amount; the received amount is in the fact."""
    currency = models.CharField(max_length=3)
    purpose = models.CharField(max_length=64, blank=True, default="")
    """Number of the order that waits for it, if any."""
    pay_to = models.JSONField(default=dict)
    """Bank account shown to the buyer (``base.payment_settings.BankAccount``)."""
    created_at = models.DateTimeField()
    waits_until = models.DateTimeField()
    proof_at = models.DateTimeField(null=True, default=None)
    """When the latest proof was uploaded."""
    check_by = models.DateTimeField(null=True, default=None)
    """Deadline for the operator's check in working time; null when no check is pending."""
    opinion = models.CharField(max_length=500, blank=True, default="")
    """Reason for rejecting the proof, for the buyer."""
    decided_by = models.CharField(max_length=254, blank=True, default="")
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="intent_of_something")]
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="intent_of_user"),
            models.Index(fields=["user", "status", "-id"], name="intent_of_user_status"),
            models.Index(
                fields=["user", "-id"], condition=Q(status__in=["pending", "in_review"]), name="intent_open_of_user"
            ),
            models.Index(fields=["status", "-id"], name="intent_status"),
            models.Index(fields=["check_by"], condition=Q(status="in_review"), name="intent_to_check"),
            models.Index(fields=["purpose"], condition=~Q(purpose=""), name="intent_purpose"),
            models.Index(fields=["seller", "-id"], condition=Q(seller__isnull=False), name="intent_of_seller"),
            models.Index(
                fields=["seller", "-id"], condition=Q(status__in=["pending", "in_review"]), name="intent_open_of_seller"
            ),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def takes_proof(self) -> bool:
        """Also after expiry, because unmatched money may have arrived."""
        return self.status in STATUSES_WITH_PROOF


OPEN_STATUSES = (Intent.Status.PENDING, Intent.Status.IN_REVIEW)
STATUSES_WITH_PROOF = (*OPEN_STATUSES, Intent.Status.FAILED, Intent.Status.EXPIRED)


class ProviderFact(models.Model):
    """Received money, as on the bank statement. ``(provider, provider_no)`` is unique, so no money is booked twice."""

    class Status(models.TextChoices):
        UNMATCHED = "unmatched", pgettext_lazy("money", "Payer unknown")
        MATCHED = "matched", pgettext_lazy("money", "Assigned")
        RETURNED = "returned", pgettext_lazy("money", "Sent back")
        VOID = "void", pgettext_lazy("money", "Entered by mistake")

    provider = models.CharField(max_length=16, choices=Provider)
    provider_no = models.CharField(max_length=64)
    """The bank's number of the transaction."""
    status = models.CharField(max_length=16, choices=Status)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    corrected_minor = models.PositiveBigIntegerField(null=True, default=None)
    """Amount after a correction of unmatched money; ``amount_minor`` keeps the original entry."""
    payer = models.CharField(max_length=200, blank=True, default="")
    """Sender, as on the statement."""
    words = models.CharField(max_length=200, blank=True, default="")
    """Text of the transfer."""
    note = models.CharField(max_length=200, blank=True, default="")
    """Note of the operator who matched or returned it."""
    seen_at = models.DateTimeField()
    """When it was entered."""
    seen_by = models.CharField(max_length=254)
    ended_at = models.DateTimeField(null=True, default=None)
    """When it was matched or returned."""
    ended_by = models.CharField(max_length=254, blank=True, default="")
    bounces = models.PositiveSmallIntegerField(default=0)
    """Number of returns that the bank could not deliver."""
    intent = models.OneToOneField(Intent, models.PROTECT, null=True, default=None, related_name="fact")
    user = models.ForeignKey(User, models.PROTECT, null=True, default=None, related_name="+")
    """Buyer whose balance received it."""
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """Seller that paid a debt with it."""
    arrival = models.OneToOneField("payments.Transfer", models.PROTECT, related_name="fact")
    """First booking: onto a balance or into suspense."""
    moved = models.OneToOneField(
        "payments.Transfer", models.PROTECT, null=True, default=None, related_name="moved_fact"
    )
    """Booking out of suspense."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "provider_no"], name="provider_fact_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="provider_fact_of_something"),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "-id"], name="provider_fact_status")]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor if self.corrected_minor is None else self.corrected_minor, self.currency)

    @property
    def booked_id(self) -> int:
        """Key of the latest booking."""
        return self.moved_id or self.arrival_id
