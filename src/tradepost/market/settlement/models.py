"""Earnings of sellers, by entry of the ledger, and their statements (business-rules §8)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.orders.models import OrderLine
from tradepost.market.payments.models import Entry, Transfer
from tradepost.market.subscriptions.models import Subscription

from .fee import FeePolicy

REPAYMENT_PREFIX = "repaid:"
"""Prefix of the source of a seller's payment."""


def repayment_number(source: str) -> str:
    """Return the bank's number of a seller's payment from its source; empty for other sources."""
    return source.removeprefix(REPAYMENT_PREFIX) if source.startswith(REPAYMENT_PREFIX) else ""


class Category(models.TextChoices):
    """Category of products (§6.1, §8.2). The market sells only general products; sellers would first invoice joint
    ones."""

    GENERAL = "general", pgettext_lazy("deal category", "General products")


class Statement(models.Model):
    """Earnings of a seller in a category and month, less the market's fee."""

    class Status(models.TextChoices):
        """Statuses of §8.4."""

        COUNTERSIGN = "countersign", pgettext_lazy("statement", "Waiting for agreement")
        COUNTERSIGN_REJECTED = "rejected", pgettext_lazy("statement", "Rejected by the seller")
        TO_APPLY = "to_apply", pgettext_lazy("statement", "Agreed to")
        APPLICATION_FAILED = "apply_failed", pgettext_lazy("statement", "Payment could not be started")
        PAYING = "paying", pgettext_lazy("statement", "Payment in progress")
        PAYMENT_WRONG = "payment_wrong", pgettext_lazy("statement", "Incorrect bank details")
        REFUSED = "refused", pgettext_lazy("statement", "Payment refused")
        PAID = "paid", pgettext_lazy("statement", "Paid")

    number = models.CharField(max_length=32, unique=True)
    """Number shown to people, and reference in the ledger."""
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="statements", db_index=False)
    category = models.CharField(max_length=16, choices=Category)
    currency = models.CharField(max_length=3)
    month = models.DateField()
    """First day of the month in the market's time zone."""
    status = models.CharField(max_length=16, choices=Status, default=Status.COUNTERSIGN)
    gross_minor = models.BigIntegerField()
    """Earnings less refunds."""
    fee_minor = models.BigIntegerField()
    net_minor = models.PositiveBigIntegerField()
    """Amount to pay out."""
    issued_at = models.DateTimeField()
    sign_by = models.DateTimeField()
    """Deadline for a rejection; afterwards the statement counts as approved."""
    reason = models.CharField(max_length=500, blank=True, default="")
    """Latest reason for a rejection or a failed payment."""
    answer = models.CharField(max_length=500, blank=True, default="")
    """Operator's answer to a rejection."""
    signed_at = models.DateTimeField(null=True, default=None)
    settled = models.OneToOneField(Transfer, models.PROTECT, null=True, default=None, related_name="+")
    """Transfer of its amounts to fee and payable."""
    holder = models.CharField(max_length=128, blank=True, default="")
    """Recipient, from the seller's certification when the payment began."""
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


OPERATOR_STATUSES = (
    Statement.Status.COUNTERSIGN_REJECTED,
    Statement.Status.TO_APPLY,
    Statement.Status.APPLICATION_FAILED,
    Statement.Status.PAYING,
    Statement.Status.REFUSED,
)
"""Statuses that wait for an operator."""
SELLER_STATUSES = (Statement.Status.COUNTERSIGN, Statement.Status.PAYMENT_WRONG)
"""Statuses that wait for the seller."""


class FeeRule(models.Model):
    """A fee policy with its dates: general, per product type, per seller, or both."""

    name = models.CharField(max_length=64)
    """Shown on statements."""
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None, related_name="+")
    product_type = models.CharField(max_length=32, blank=True, default="")
    share = models.DecimalField(max_digits=5, decimal_places=4)
    """The seller's share of payments."""
    increments = models.JSONField(default=list)
    """``[[minor units, "0.01"], …]``: monthly payments for a product from which the share grows, and by how much."""
    starts = models.DateField()
    """First day of the first month, by payment."""
    ends = models.DateField(null=True, default=None)
    """First day of the month after the last."""
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    ended_by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Coalesce("seller", 0), "product_type", "starts", name="fee_rule_once"),
            models.CheckConstraint(condition=Q(share__gt=0, share__lte=1), name="fee_rule_share"),
        ]

    def __str__(self) -> str:
        return self.name

    def counts_in(self, month: date) -> bool:
        return self.starts <= month and (self.ends is None or month < self.ends)

    @property
    def policy(self) -> FeePolicy:
        steps = tuple((int(start), Decimal(increment)) for start, increment in self.increments)
        return FeePolicy(share=self.share, name=self.name, increments=steps)


class StatementLine(models.Model):
    """Amount of one order line, or of a service's usage in a month, on a statement, with its fee."""

    statement = models.ForeignKey(Statement, models.CASCADE, related_name="lines", db_index=False)
    source = models.CharField(max_length=80)
    """``line:<number>`` or ``usage:<subscription>:<yyyymm>``, whose fee is rounded once over all statements.
    ``repaid:<bank number>``: payment of the seller, without a fee."""
    product = models.ForeignKey(Product, models.PROTECT, null=True, related_name="+", db_index=False)
    """Null for a payment of the seller."""
    line = models.ForeignKey(OrderLine, models.PROTECT, null=True, related_name="+", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="+", db_index=False)
    """Service of the usage; null for an order line."""
    base_minor = models.BigIntegerField()
    rate = models.DecimalField(max_digits=5, decimal_places=4)
    """The market's share of the base."""
    fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    inputs = models.JSONField()
    """Inputs of the fee (``fee.FeeInputs``)."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "statement"], name="statement_line_once"),
            models.CheckConstraint(condition=Q(base_minor=F("fee_minor") + F("net_minor")), name="statement_line_sums"),
        ]
        indexes: ClassVar = [models.Index(fields=["statement", "id"], name="statement_line")]

    @property
    def repaid(self) -> str:
        """The bank's number of the seller's payment; otherwise empty."""
        return repayment_number(self.source)

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
    """Part of an entry of a seller's account, by source; the items of an entry add up to it (money.md §2)."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=80)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    product = models.ForeignKey(Product, models.PROTECT, null=True, related_name="+", db_index=False)
    line = models.ForeignKey(OrderLine, models.PROTECT, null=True, related_name="+", db_index=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, null=True, related_name="+", db_index=False)
    minor = models.BigIntegerField()
    paid_month = models.DateField()
    """First day of the month in which the buyer paid, which decides the increment of the share (§8.3)."""
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
    def repaid(self) -> str:
        """The bank's number of the seller's payment; otherwise empty."""
        return repayment_number(self.source)

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)


class OpenSum(models.Model):
    """Sum of a seller's items without a statement, in one currency (``open_sums``)."""

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    earned_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField()
    """Zero or negative."""
    items = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["seller", "currency"], name="open_sum_once")]

    @property
    def total(self) -> Money:
        return Money(self.earned_minor + self.refunded_minor, self.currency)


class PaidMonth(models.Model):
    """Payments for a product in a month, including later refunded ones, which decide the share (§8.3)."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    month = models.DateField()
    minor = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "currency", "month"], name="paid_month_once")
        ]


class Progress(models.Model):
    """A single row: the last entry of the ledger that has items."""

    through = models.BigIntegerField(default=0)
