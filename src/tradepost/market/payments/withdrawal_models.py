"""Withdrawals: payments from a buyer's balance to a bank account (decision 0107)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.identity.models import User


class Withdrawal(models.Model):
    """One withdrawal. The money is held from the request until it is paid or back on the balance."""

    class Status(models.TextChoices):
        REQUESTED = "requested", pgettext_lazy("withdrawal", "Being checked")
        APPROVED = "approved", pgettext_lazy("withdrawal", "Approved, to be paid")
        PAID = "paid", pgettext_lazy("withdrawal", "Paid to the bank account")
        REJECTED = "rejected", pgettext_lazy("withdrawal", "Rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("withdrawal", "Withdrawn")
        RETURNED = "returned", pgettext_lazy("withdrawal", "Returned by the bank")

    number = models.CharField(max_length=16, unique=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.REQUESTED)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    holder = models.CharField(max_length=128)
    bank = models.CharField(max_length=128)
    branch = models.CharField(max_length=128, blank=True, default="")
    sealed_account = models.TextField()
    account_hint = models.CharField(max_length=16)
    """Last digits, for pages."""
    requested_at = models.DateTimeField()
    approved_by = models.CharField(max_length=254, blank=True, default="")
    approved_at = models.DateTimeField(null=True, default=None)
    bank_number = models.CharField(max_length=64, blank=True, default="")
    """The bank's number of the payment."""
    paid_at = models.DateTimeField(null=True, default=None)
    reason = models.CharField(max_length=500, blank=True, default="")
    """Reason for the rejection or the bank's return, for the buyer."""
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="withdrawal_of_something"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="withdrawal_of_user"),
            models.Index(fields=["status", "-id"], name="withdrawal_status"),
            models.Index(
                fields=["user", "id"], condition=Q(status__in=["requested", "approved"]), name="withdrawal_open_of_user"
            ),
            models.Index(fields=["id"], condition=Q(status__in=["requested", "approved"]), name="withdrawal_open"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


OPEN_STATUSES = (Withdrawal.Status.REQUESTED, Withdrawal.Status.APPROVED)
"""States in which money is held."""
