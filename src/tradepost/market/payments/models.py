"""The ledger: accounts, transfers and their entries. Entries of a transfer sum to zero; nothing is ever changed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User


class Account(models.Model):
    """A place where money is.

    Only a buyer's account keeps its balance beside its entries, under the row's lock, since it must not be overdrawn.
    The others have a sum up to one of their entries, to which the later ones are added when asked for: every payment
    passes through *clearing*, and a row that all payments lock would make them wait for each other. See ``kept_sums``.

    Signs: an account's balance is what the market owes its owner; ``cash`` is negative by what came in.
    """

    class Kind(models.TextChoices):
        BUYER = "buyer", _("Buyer's balance")
        SELLER = "seller", _("Owed to the seller")
        CLEARING = "clearing", _("Paid, not delivered yet")
        CASH = "cash", _("Money that came from outside")
        SUSPENSE = "suspense", _("Came, but whose it is is not known")
        DEBT = "debt", _("Owed by the buyer for usage")
        """Zero or less: a charge that the balance did not cover."""
        UNCOLLECTED = "uncollected", _("Charged for the seller, not paid by the buyer yet")
        PAYABLE = "payable", _("To be paid out to the seller")
        """Of statements that were agreed to, less the fee; a transfer out of the market's bank ends it."""
        FEE = "fee", _("The market's own fee")

    kind = models.CharField(max_length=16, choices=Kind)
    user = models.ForeignKey(User, models.PROTECT, null=True, default=None)
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None)
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)
    """Of a buyer's account; stays zero on the others."""
    summed_minor = models.BigIntegerField(default=0, db_default=0)
    """Of the others: the sum of their entries up to and with ``summed_through``."""
    summed_through = models.BigIntegerField(default=0, db_default=0)
    """Key of an entry; those after it are not in the sum."""

    class Meta:
        indexes = [
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
            models.CheckConstraint(condition=Q(balance_minor__gte=0), name="account_not_overdrawn"),
        ]

    @property
    def balance(self) -> Money:
        """What is on it now; a query for the accounts that keep no balance. A sum that is moved on meanwhile does no harm:
        the entries after the one that this row names are the same."""
        if self.kind == self.Kind.BUYER:
            return Money(self.balance_minor, self.currency)
        since = self.entries.filter(pk__gt=self.summed_through).aggregate(total=Sum("amount_minor"))["total"] or 0
        return Money(self.summed_minor + since, self.currency)


class Transfer(models.Model):
    """One movement of money with a reason. ``(reason, reference)`` is unique: the same thing is never booked twice."""

    class Reason(models.TextChoices):
        TOP_UP = "top_up", _("Top-up")
        """Money came from outside: onto a buyer's balance, or into suspense. The reference is the bank's, so that one number
        is booked once, wherever the money went."""
        PAYMENT = "payment", _("Payment")
        REFUND = "refund", _("Refund")
        EARNED = "earned", _("Delivered to the buyer")
        TAKEN_BACK = "taken_back", _("Taken back for a refund")
        ASSIGNED = "assigned", _("Assigned to its buyer")
        SENT_BACK = "sent_back", _("Sent back to who paid it")
        CHARGED = "charged", _("Usage")
        COLLECTED = "collected", _("Payment for usage")
        CREDITED = "credited", _("Credit for usage")
        SETTLED = "settled", _("Statement agreed to")
        PAID_OUT = "paid_out", _("Paid out to the seller")

    reason = models.CharField(max_length=16, choices=Reason)
    reference = models.CharField(max_length=64)
    order_number = models.CharField(max_length=64, blank=True, default="", db_index=True)
    """What was paid for; empty for a top-up. What clearing holds for an order can never be less than nothing."""
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
    """One side of a transfer. Triggers of the migration refuse any change or deletion."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries", db_index=False)
    amount_minor = models.BigIntegerField()
    balance_after_minor = models.BigIntegerField(null=True, default=None)
    """On a buyer's account."""
    statement_kind = models.CharField(max_length=16, choices=Transfer.Reason, blank=True, default="", db_default="")
    """On a buyer's account: the transfer's reason as its statement names it, which is read by it."""
    at = models.DateTimeField(null=True, default=None)
    """The same of the transfer's moment."""

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
    """What all accounts of a kind hold together, up to one of their entries: see ``kept_sums``."""

    kind = models.CharField(max_length=16, choices=Account.Kind)
    currency = models.CharField(max_length=3)
    summed_minor = models.BigIntegerField(default=0)
    summed_through = models.BigIntegerField(default=0)
    """Key of an entry: the same in all rows that were moved on together. Those after it are not in the sum."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "currency"], name="kind_total_once")]


# The models of money on its way stand in a file of their own; Django finds them here.
from . import intent_models  # noqa: E402, F401
