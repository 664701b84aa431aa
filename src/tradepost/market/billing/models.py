"""Costs of usage: accumulated quantities, charges and their payments. Rates come from meters (``metering``)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.metering.models import Collection, Meter
from tradepost.market.payments.models import Transfer
from tradepost.market.subscriptions.models import Subscription

from .alert_models import PackageAlert

__all__ = ["Accumulation", "Allocation", "Arrears", "Charge", "PackageAlert", "UsageMonth"]


class Accumulation(models.Model):
    """Usage of a service in a month or day of the market's time zone, and the amount charged so far."""

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="accumulations", db_index=False)
    """Meter of the service."""
    start = models.DateTimeField()
    quantity = models.BigIntegerField(default=0)
    """In ten-thousandths of a unit."""
    exact = models.DecimalField(max_digits=38, decimal_places=12, default=0)
    """Exact price in main units."""
    charged_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meter", "start"], name="accumulation_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=0, charged_minor__gte=0), name="accumulation_not_negative"
            ),
        ]


class Charge(models.Model):
    """Charge of a collection for an accumulation: its new price less earlier charges. Negative: a credit."""

    collection = models.ForeignKey(Collection, models.PROTECT, related_name="charges", db_index=False)
    accumulation = models.ForeignKey(Accumulation, models.PROTECT, related_name="charges")
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="charges", db_index=False)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="charges", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="charges", db_index=False)
    quantity_before = models.BigIntegerField()
    quantity_after = models.BigIntegerField()
    exact_after = models.DecimalField(max_digits=38, decimal_places=12)
    deducted = models.BigIntegerField(default=0, db_default=0)
    """Usage deducted from packages, in ten-thousandths of a unit; negative if returned."""
    free = models.BigIntegerField(default=0, db_default=0)
    """Free usage, because the package stops the service when used up."""
    minor = models.BigIntegerField()
    open_minor = models.PositiveBigIntegerField(default=0)
    """Unpaid part of the charge."""
    waiting_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    """Part of a credit that waits for the return of an invoice (business-rules §6.2)."""
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "accumulation"], name="charge_once"),
            models.CheckConstraint(
                condition=Q(open_minor=0) | Q(minor__gt=0, open_minor__lte=F("minor")), name="charge_open_within"
            ),
            models.CheckConstraint(
                condition=Q(waiting_minor=0) | Q(minor__lt=0, waiting_minor__lte=-F("minor")),
                name="charge_waiting_within",
            ),
        ]
        indexes = [
            models.Index(fields=["buyer", "-id"], name="charge_buyer"),
            models.Index(fields=["seller", "-id"], name="charge_seller"),
            models.Index(fields=["subscription", "-id"], name="charge_subscription"),
            models.Index(fields=["subscription", "at"], name="charge_since"),
            models.Index(fields=["buyer", "currency", "id"], condition=Q(open_minor__gt=0), name="charge_open"),
            models.Index(fields=["-id"], condition=~Q(minor=0), name="charge_of_something"),
            models.Index(fields=["subscription", "id"], condition=Q(waiting_minor__gt=0), name="charge_waiting"),
            models.Index(
                fields=["seller", "buyer", "id"], condition=Q(waiting_minor__gt=0), name="charge_waiting_parties"
            ),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def open(self) -> Money:
        return Money(self.open_minor, self.currency)

    @property
    def waiting(self) -> Money:
        return Money(self.waiting_minor, self.currency)


class Allocation(models.Model):
    """Part of a charge that a ledger transfer paid or credited."""

    charge = models.ForeignKey(Charge, models.PROTECT, related_name="allocations")
    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="allocations")
    minor = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(minor__gt=0), name="allocation_of_something")]

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.charge.currency)


class UsageMonth(models.Model):
    """Payments for the usage of a service in one month of the market's time zone, and the invoiced part.

    ``usage_months`` and ``invoices`` change it under the lock of the buyer's account.
    """

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="usage_months", db_index=False)
    month = models.DateField()
    """First day of the month."""
    buyer = models.ForeignKey(User, models.PROTECT, related_name="usage_months", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="usage_months", db_index=False)
    currency = models.CharField(max_length=3)
    paid_minor = models.BigIntegerField(default=0)
    """Payments for this month's usage, less refunds."""
    invoiced_minor = models.BigIntegerField(default=0)
    """Part on requested or issued invoices."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "month"], name="usage_month_once"),
            models.CheckConstraint(
                condition=Q(invoiced_minor__gte=0, paid_minor__gte=F("invoiced_minor")),
                name="usage_month_invoiced_within",
            ),
        ]
        indexes = [
            models.Index(
                fields=["buyer", "seller", "-id"], condition=Q(paid_minor__gt=F("invoiced_minor")),
                name="usage_month_to_invoice",
            )
        ]  # fmt: skip

    @property
    def key(self) -> str:
        """Subscription and month, such as ``12:202610``."""
        return f"{self.subscription_id}:{self.month:%Y%m}"

    @property
    def paid(self) -> Money:
        return Money(self.paid_minor, self.currency)

    @property
    def invoiced(self) -> Money:
        return Money(self.invoiced_minor, self.currency)


class ProductHour(models.Model):
    """Usage and charges of a product's services per hour in the market's time zone (``tally``)."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="usage_hours", db_index=False)
    unit = models.CharField(max_length=32)
    unit_en = models.CharField(max_length=32)
    currency = models.CharField(max_length=3)
    hour = models.DateTimeField()
    quantity = models.BigIntegerField()
    """In ten-thousandths of a unit; records that begin in this hour, less voids."""
    minor = models.BigIntegerField()
    """Charges for this usage, at any time (``attribution``)."""

    class Meta:
        # The hour follows the product in the index: a chart reads one month, whatever the unit.
        constraints = [
            models.UniqueConstraint(fields=["product", "hour", "unit", "currency"], name="product_hour_once")
        ]


class TalliedCollection(models.Model):
    """Marks a collection as added to the hourly totals."""

    collection = models.OneToOneField(Collection, models.PROTECT, primary_key=True, related_name="tallied")


class Arrears(models.Model):
    """Arrears of a buyer, from the first charge that the balance did not cover until payment (business-rules §4.4)."""

    class Status(models.TextChoices):
        GRACE = "grace", _("Usable until the grace period ends")
        FROZEN = "frozen", _("Frozen")
        RELEASED = "released", _("Deleted")
        PAID = "paid", pgettext_lazy("arrears", "Paid")

    buyer = models.ForeignKey(User, models.PROTECT, related_name="arrears", db_index=False)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=8, choices=Status, default=Status.GRACE)
    level = models.CharField(max_length=2)
    """The buyer's level at the start; later changes do not apply."""
    began_at = models.DateTimeField()
    freezes_at = models.DateTimeField()
    releases_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["buyer", "currency"], condition=Q(ended_at=None), name="arrears_once")
        ]
        indexes = [
            models.Index(fields=["buyer", "-id"], name="arrears_buyer"),
            models.Index(fields=["releases_at", "id"], condition=Q(status="frozen"), name="arrears_frozen"),
            models.Index(fields=["-id"], condition=Q(ended_at=None), name="arrears_standing"),
        ]
