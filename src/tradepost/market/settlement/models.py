"""What sellers earned, entry by entry of the ledger, and the statements by which it is paid out (business-rules §8)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.orders.models import OrderLine
from tradepost.market.payments.models import Entry, Transfer
from tradepost.market.subscriptions.models import Subscription


class Category(models.TextChoices):
    """Of what is sold (§6.1, §8.2). The market sells general products alone; joint ones would be invoiced by the seller first."""

    GENERAL = "general", pgettext_lazy("deal category", "General products")


class Statement(models.Model):
    """What one seller earned with products of a category in a month, less the market's fee."""

    class Status(models.TextChoices):
        """§8.4."""

        COUNTERSIGN = "countersign", pgettext_lazy("statement", "To be agreed to")
        COUNTERSIGN_REJECTED = "rejected", pgettext_lazy("statement", "Rejected by the seller")
        TO_APPLY = "to_apply", pgettext_lazy("statement", "Agreed to")
        APPLICATION_FAILED = "apply_failed", pgettext_lazy("statement", "Payment could not be begun")
        PAYING = "paying", pgettext_lazy("statement", "Being paid")
        PAYMENT_WRONG = "payment_wrong", pgettext_lazy("statement", "Bank details are wrong")
        REFUSED = "refused", pgettext_lazy("statement", "Payment refused")
        PAID = "paid", pgettext_lazy("statement", "Paid")

    number = models.CharField(max_length=32, unique=True)
    """For people, and the reference under which the ledger knows it."""
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="statements", db_index=False)
    category = models.CharField(max_length=16, choices=Category)
    currency = models.CharField(max_length=3)
    month = models.DateField()
    """Its first day, in the market's zone."""
    status = models.CharField(max_length=16, choices=Status, default=Status.COUNTERSIGN)
    gross_minor = models.BigIntegerField()
    """Earned, less what was paid back."""
    fee_minor = models.BigIntegerField()
    net_minor = models.PositiveBigIntegerField()
    """What is paid out."""
    issued_at = models.DateTimeField()
    sign_by = models.DateTimeField()
    """Until when its seller may reject it; then it stands as agreed to."""
    reason = models.CharField(max_length=500, blank=True, default="")
    """Why its seller rejected it, or why it could not be paid: the last that somebody said."""
    answer = models.CharField(max_length=500, blank=True, default="")
    """Of an operator, to a seller that had rejected it."""
    signed_at = models.DateTimeField(null=True, default=None)
    settled = models.OneToOneField(Transfer, models.PROTECT, null=True, default=None, related_name="+")
    """Moved what it says into fee and payable."""
    holder = models.CharField(max_length=128, blank=True, default="")
    """To whom it is paid: the seller's certification as it was when the payment was begun."""
    bank = models.CharField(max_length=128, blank=True, default="")
    branch = models.CharField(max_length=128, blank=True, default="")
    sealed_account = models.TextField(blank=True, default="")
    account_hint = models.CharField(max_length=16, blank=True, default="")
    paid_at = models.DateTimeField(null=True, default=None)
    paid = models.OneToOneField(Transfer, models.PROTECT, null=True, default=None, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["seller", "category", "currency", "month"], name="statement_once"),
            models.CheckConstraint(
                condition=Q(gross_minor=F("fee_minor") + F("net_minor"), net_minor__gt=0), name="statement_sums"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller", "-id"], name="statement_seller"),
            models.Index(fields=["seller", "status", "-id"], name="statement_seller_status"),
            models.Index(fields=["status", "-id"], name="statement_status"),
            models.Index(
                fields=["id"],
                name="statement_waiting",
                condition=Q(status__in=["rejected", "to_apply", "apply_failed", "paying", "refused"]),
            ),
        ]

    @property
    def gross(self) -> Money:
        return Money(self.gross_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.currency)

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.currency)


WAITING = (
    Statement.Status.COUNTERSIGN_REJECTED,
    Statement.Status.TO_APPLY,
    Statement.Status.APPLICATION_FAILED,
    Statement.Status.PAYING,
    Statement.Status.REFUSED,
)
"""An operator does something next."""
OF_THE_SELLER = (Statement.Status.COUNTERSIGN, Statement.Status.PAYMENT_WRONG)
"""The seller does."""


class StatementLine(models.Model):
    """Of a statement, what one order line or the usage of one service in a month comes to, and how its fee came about."""

    statement = models.ForeignKey(Statement, models.CASCADE, related_name="lines", db_index=False)
    source = models.CharField(max_length=80)
    """``line:<number>`` or ``usage:<subscription>:<yyyymm>``: over all statements the fee of one is rounded once."""
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    line = models.ForeignKey(OrderLine, models.PROTECT, null=True, related_name="+", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="+", db_index=False)
    """The service whose usage it is; null for an order line."""
    base_minor = models.BigIntegerField()
    rate = models.DecimalField(max_digits=5, decimal_places=4)
    """The market's part of the base."""
    fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    inputs = models.JSONField()
    """All that the fee was computed from (``fee.Inputs``)."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "statement"], name="statement_line_once"),
            models.CheckConstraint(condition=Q(base_minor=F("fee_minor") + F("net_minor")), name="statement_line_sums"),
        ]
        indexes: ClassVar = [models.Index(fields=["statement", "id"], name="statement_line")]

    @property
    def base(self) -> Money:
        return Money(self.base_minor, self.statement.currency)

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.statement.currency)

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.statement.currency)


class SettlementItem(models.Model):
    """A part of an entry of a seller's account, by what it is of: the items of an entry add up to it (money.md §2)."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=80)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    line = models.ForeignKey(OrderLine, models.PROTECT, null=True, related_name="+", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="+", db_index=False)
    minor = models.BigIntegerField()
    paid_month = models.DateField()
    """First day of the month in which it was paid by its buyer: the increment of the share goes by it (§8.3)."""
    settles_at = models.DateTimeField()
    statement = models.ForeignKey(
        Statement, models.PROTECT, null=True, default=None, related_name="items", db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "source"], name="settlement_item_once"),
            models.CheckConstraint(condition=~Q(minor=0), name="settlement_item_not_of_nothing"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["seller", "currency", "settles_at"], condition=Q(statement=None), name="settlement_item_open"
            ),
            models.Index(fields=["seller", "-id"], condition=Q(statement=None), name="settlement_item_latest"),
            models.Index(fields=["statement", "id"], name="settlement_item_statement"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)


class PaidMonth(models.Model):
    """What buyers paid for a product in a month, whatever was paid back later: the share goes by it (§8.3)."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    month = models.DateField()
    minor = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "currency", "month"], name="paid_month_once")
        ]


class Progress(models.Model):
    """One row: up to which entry of the ledger there are items."""

    through = models.BigIntegerField(default=0)
