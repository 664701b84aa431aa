"""The ledger: accounts, transfers and entries. The entries of a transfer sum to zero; nothing is ever changed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User


class Account(models.Model):
    """An account of the ledger.

    Only buyers' accounts store a balance, under the row's lock, because they must not be overdrawn. Other accounts
    store a sum up to one of their entries; later entries are added on reading. Every payment uses *clearing*, and a
    locked row would make payments wait (``kept_sums``).

    Signs: a balance is the market's debt to the owner; ``cash`` is negative by the received money.
    """

    class Kind(models.TextChoices):
        BUYER = "buyer", _("Buyer's balance")
        SELLER = "seller", _("Owed to the seller")
        CLEARING = "clearing", _("Paid, not delivered yet")
        CASH = "cash", _("External deposits")
        SUSPENSE = "suspense", _("Received, payer unknown")
        DEBT = "debt", _("Owed by the buyer for usage")
        """Zero or negative: charges that the balance did not cover."""
        UNCOLLECTED = "uncollected", _("Charged for the seller, not paid by the buyer yet")
        PAYABLE = "payable", _("To be paid out to the seller")
        """Net amounts of approved statements; a bank transfer to the seller clears it."""
        FEE = "fee", _("The market's own fee")
        HELD = "held", _("Held for withdrawals")

    kind = models.CharField(max_length=16, choices=Kind)
    user = models.ForeignKey(User, models.PROTECT, null=True, default=None)
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None)
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)
    """Balance of a buyer's account; zero for other accounts."""
    summed_minor = models.BigIntegerField(default=0, db_default=0)
    """Sum of the entries up to and including ``summed_through``, for accounts without a balance."""
    summed_through = models.BigIntegerField(default=0, db_default=0)
    """Key of the last entry in the sum."""
    may_owe_minor = models.BigIntegerField(default=0, db_default=0)
    """Lowest balance of a buyer's account after corrections, as a positive number (decision 0107)."""

    class Meta:
        indexes = [
            models.Index(fields=["-id"], condition=Q(balance_minor__lt=0), name="account_overdrawn"),
            models.Index(fields=["kind", "-id"], condition=~Q(kind="buyer"), name="account_of_kind"),
            models.Index(fields=["-summed_through"], condition=~Q(kind="buyer"), name="account_summed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "currency"], condition=Q(kind="buyer"), name="account_buyer"),
            models.UniqueConstraint(fields=["seller", "currency"], condition=Q(kind="seller"), name="account_seller"),
            models.UniqueConstraint(
                fields=["kind", "currency"], condition=Q(user=None, seller=None), name="account_market_once"
            ),
            models.UniqueConstraint(fields=["user", "currency"], condition=Q(kind="debt"), name="account_debt"),
            models.UniqueConstraint(
                fields=["seller", "currency"], condition=Q(kind="uncollected"), name="account_uncollected"
            ),
            models.UniqueConstraint(fields=["seller", "currency"], condition=Q(kind="payable"), name="account_payable"),
            models.CheckConstraint(
                condition=Q(balance_minor__gte=0) | Q(balance_minor__gte=-F("may_owe_minor")),
                name="account_not_overdrawn",
            ),
        ]

    @property
    def debt(self) -> Money:
        """Buyer's debt after a correction; zero if the balance is not negative."""
        return Money(max(-self.balance_minor, 0), self.currency)

    @property
    def balance(self) -> Money:
        """Present balance; a query for accounts that do not store it. A concurrent update of the sum does no harm:
        entries after this row's mark are the same."""
        if self.kind == self.Kind.BUYER:
            return Money(self.balance_minor, self.currency)
        since = self.entries.filter(pk__gt=self.summed_through).aggregate(total=Sum("amount_minor"))["total"] or 0
        return Money(self.summed_minor + since, self.currency)


class Transfer(models.Model):
    """One movement of money with a reason. ``(reason, reference)`` is unique, so nothing is booked twice."""

    class Reason(models.TextChoices):
        TOP_UP = "top_up", _("Top-up")
        """Money from outside: onto a balance, against a seller's debt, or into suspense. The reference is the bank's
        number, so each number is booked once."""
        PAYMENT = "payment", _("Payment")
        REFUND = "refund", _("Refund")
        EARNED = "earned", _("Delivered to the buyer")
        TAKEN_BACK = "taken_back", _("Deducted for a refund")
        ASSIGNED = "assigned", _("Assigned to its buyer")
        SENT_BACK = "sent_back", _("Returned to the payer")
        CHARGED = "charged", _("Usage")
        COLLECTED = "collected", _("Payment for usage")
        CREDITED = "credited", _("Credit for usage")
        SETTLED = "settled", _("Statement confirmed")
        PAID_OUT = "paid_out", _("Paid out to the seller")
        CORRECTED = "corrected", _("Correction")
        """Corrects an earlier booking, which does not change (decision 0107)."""
        WITHDRAWAL = "withdrawal", _("Withdrawal requested")
        WITHDRAWAL_RELEASED = "released", _("Withdrawal cancelled")
        WITHDRAWN = "withdrawn", _("Withdrawal paid")
        """The reference is the bank's number of the payment."""
        WITHDRAWAL_RETURNED = "wd_returned", _("Withdrawal returned by the bank")
        BOUNCED = "bounced", _("Returned payment sent back by the bank")
        """Money returned to its sender that the bank could not deliver."""

    reason = models.CharField(max_length=16, choices=Reason)
    reference = models.CharField(max_length=64)
    order_number = models.CharField(max_length=64, blank=True, default="", db_index=True)
    """Order that was paid; empty for a top-up. Clearing never holds a negative amount for an order."""
    note = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=128)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["reason", "-id"], name="transfer_reason"),
            models.Index(fields=["reference"], name="transfer_reference"),
        ]
        constraints = [models.UniqueConstraint(fields=["reason", "reference"], name="transfer_once")]


class Entry(models.Model):
    """One side of a transfer. Database triggers refuse changes and deletions."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries", db_index=False)
    amount_minor = models.BigIntegerField()
    balance_after_minor = models.BigIntegerField(null=True, default=None)
    """Set for buyers' accounts."""
    statement_kind = models.CharField(max_length=16, choices=Transfer.Reason, blank=True, default="", db_default="")
    """For buyers' accounts: the transfer's reason as the statement names it, for its index."""
    at = models.DateTimeField(null=True, default=None)
    """For buyers' accounts: time of the transfer."""

    class Meta:
        indexes = [
            models.Index(fields=["account", "-id"], name="entry_account"),
            models.Index(
                fields=["account", "statement_kind", "-id"], condition=~Q(statement_kind=""), name="entry_of_a_kind"
            ),
            models.Index(fields=["account", "at", "id"], condition=Q(at__isnull=False), name="entry_of_a_day"),
        ]
        constraints = [models.CheckConstraint(condition=~Q(amount_minor=0), name="entry_not_zero")]


class KindTotal(models.Model):
    """Total of all accounts of a kind up to an entry (``kept_sums``)."""

    kind = models.CharField(max_length=16, choices=Account.Kind)
    currency = models.CharField(max_length=3)
    summed_minor = models.BigIntegerField(default=0)
    summed_through = models.BigIntegerField(default=0)
    """Key of the last entry in the sum; equal in all rows of one update."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "currency"], name="kind_total_once")]


class DayTotal(models.Model):
    """Total of one reason on all buyers' balances on one day (``day_totals``)."""

    day = models.DateField()
    """In the market's time zone at the time of the update."""
    kind = models.CharField(max_length=16, choices=Transfer.Reason)
    currency = models.CharField(max_length=3)
    transfers = models.BigIntegerField()
    minor = models.BigIntegerField()
    """Negative for payments, which reduce balances."""
    summed_through = models.BigIntegerField(default=0, db_default=0)
    """Key of the last entry at the time of the update. The largest value of all rows is the mark."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "kind", "currency"], name="day_total_once")]
        indexes = [models.Index(fields=["-summed_through"], name="day_total_through")]


# Models in other files; the imports register them with Django.
from . import correction_models, intent_models, withdrawal_models  # noqa: E402, F401
