"""Corrections of bookings: each is a second booking that refers to the first (decision 0107)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tradepost.market.base.money import Money


class Correction(models.Model):
    """One correction. ``(transfer, number)`` is unique, so no correction is booked twice."""

    transfer = models.ForeignKey("payments.Transfer", models.PROTECT, related_name="corrections", db_index=False)
    """The original booking, even after several corrections."""
    number = models.PositiveSmallIntegerField()
    """Number of the correction of this booking, from 1."""
    booked = models.OneToOneField("payments.Transfer", models.PROTECT, related_name="correction")
    account_before = models.ForeignKey("payments.Account", models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey("payments.Account", models.PROTECT, related_name="+", db_index=False)
    """Account that holds the money after the correction."""
    minor_before = models.BigIntegerField()
    minor = models.BigIntegerField()
    """Amount of the booking after the correction; zero if it was reversed."""
    owed_minor = models.BigIntegerField(default=0)
    """Debt caused by this correction, because the balance did not cover it."""
    reason = models.CharField(max_length=200)
    by_text = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["transfer", "number"], name="correction_once"),
            models.CheckConstraint(condition=Q(minor__gte=0, owed_minor__gte=0), name="correction_not_negative"),
        ]

    @property
    def before(self) -> Money:
        return Money(self.minor_before, self.account_before.currency)

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.account.currency)

    @property
    def owed(self) -> Money:
        return Money(self.owed_minor, self.account_before.currency)

    @property
    def moved(self) -> bool:
        """Whether the money was moved to another account."""
        return self.account_before_id != self.account_id
