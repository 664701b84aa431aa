"""Orders and their lines. A line stores a snapshot of the purchase, so later edits of the product do not change it."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Substr
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.money import Money
from tradepost.market.catalog.models import NONE, Offer, Product, PurchaseLimit, Spec, Version
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.models import Seller, User
from tradepost.market.product_types.charging import Charging, charging_of
from tradepost.market.subscriptions.models import Subscription

from .auto_renewal_models import AutoRenewal
from .pricing import PriceLine, read_stored

__all__ = [
    "AutoRenewal",
    "DeliveryDay",
    "LimitUse",
    "Order",
    "OrderLine",
    "ProductDay",
    "Quote",
    "SalesDay",
    "TrialUse",
]

ENDING_POSITION = 14
"""Position of the last six characters in an order number (``ids.order_number``), by which people search for orders."""


class Order(models.Model):
    class Type(models.TextChoices):
        NEW = "NEW", _("New purchase")
        TRIAL = "TRIAL", _("Trial")
        TRIAL_TO_FORMAL = "TRIAL_TO_FORMAL", _("Trial to formal")
        RENEW = "RENEW", _("Renewal")
        CHANGE = "CHANGE", _("Change")
        UNSUBSCRIBE = "UNSUBSCRIBE", _("Unsubscription")

    class Status(models.TextChoices):
        UNPAID = "unpaid", _("Pending payment")
        PROCESSING = "processing", _("Processing")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        REFUNDED = "refunded", _("Refunded")

    class Origin(models.TextChoices):
        """Who placed the order: the buyer, the market as an automatic renewal, or an engineer in a sandbox at no cost."""

        BUYER = "buyer", _("Buyer")
        TIMER = "timer", _("Automatic renewal")
        SANDBOX = "sandbox", _("Try-out in the sandbox")

    number = models.CharField(max_length=64, unique=True)
    order_type = models.CharField(max_length=16, choices=Type)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="orders", db_index=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.UNPAID)
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.BUYER, db_default=Origin.BUYER)
    total_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    placed_at = models.DateTimeField()
    pay_before = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, default=None)
    ended_at = models.DateTimeField(null=True, default=None)
    undelivered_at = models.DateTimeField(null=True, default=None)
    """When the order was refunded as undelivered. Null for other orders and sandbox orders."""
    idempotency_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    """Identifies the request that placed the order; a repeated request places no second order. Empty without one."""

    class Meta:
        indexes = [
            models.Index(fields=["buyer", "-id"], name="order_buyer"),
            models.Index(fields=["buyer", "status", "-id"], name="order_buyer_status"),
            models.Index(fields=["status", "-id"], name="order_status"),
            models.Index(Substr("number", ENDING_POSITION), name="order_ending"),
            models.Index(
                fields=["undelivered_at"], condition=Q(undelivered_at__isnull=False), name="order_undelivered_at"
            ),
            models.Index(fields=["-id"], condition=Q(undelivered_at__isnull=False), name="order_undelivered"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["buyer", "idempotency_key"], condition=~Q(idempotency_key=""), name="order_idempotency_key"
            )
        ]

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    number = models.CharField(max_length=64, unique=True)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="order_lines", db_index=False)
    """Buyer of the order, copied for the index by buyer and product."""
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="order_lines", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, db_index=False)
    offer = models.ForeignKey(Offer, models.PROTECT)
    version = models.ForeignKey(Version, models.PROTECT, related_name="+", db_index=False)
    """Version of the product at purchase, whose terms apply to the line."""
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="order_lines", db_index=False
    )
    charging_mode = models.CharField(max_length=16)
    period_type = models.CharField(max_length=8, blank=True)
    period_number = models.PositiveIntegerField(default=0)
    quantity = models.PositiveIntegerField(default=1)
    amount_minor = models.PositiveBigIntegerField()
    list_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    """Price without reductions. A sandbox order costs nothing, but reports this price to the seller."""
    price_lines = models.JSONField(null=True, default=None)
    """Price breakdown (``pricing.PriceLine``); null for older orders without one."""
    change_terms = models.JSONField(null=True, default=None)
    """Terms of a change, from which its fee was computed (``change_fee.Terms``)."""
    stock_taken = models.PositiveIntegerField(default=0, db_default=0)
    """Units taken from the product's stock, released when the order is cancelled or refunded."""
    until = models.DateTimeField(null=True, default=None)
    """End of a renewal that is aligned to a day of the month (``align``). Null: the duration decides the end."""
    auto_period_type = models.CharField(max_length=8, blank=True, default="", db_default="")
    auto_periods = models.PositiveSmallIntegerField(default=0, db_default=0)
    """Duration of each automatic renewal after this purchase (month × 1); empty without automatic renewal."""
    status = models.CharField(max_length=16, choices=Order.Status, default=Order.Status.UNPAID)
    """Status of the order, copied by the lifecycle for the indexes of sellers' lists."""
    reduced_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    """Part of the amount refunded before delivery (``reduce``). The seller earns the rest."""
    invoiced_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    """Part of the amount on a requested or issued invoice; ``invoices`` updates it under the order's lock. Invoiced
    amounts cannot be refunded (business-rules §4.7, §6.2)."""
    flow = models.CharField(max_length=32, blank=True, default="", db_default="")
    """Delivery flow of a purchase delivered by people (``product_types/flows``); otherwise empty."""
    for_server = models.BigIntegerField(null=True, default=None)
    """Key of the server for which the product was ordered (``compute``)."""
    usage_unit = models.CharField(max_length=32, blank=True, default="", db_default="")
    usage_unit_en = models.CharField(max_length=32, blank=True, default="", db_default="")
    usage_price = models.DecimalField(max_digits=16, decimal_places=8, default=NONE, db_default=NONE)
    """Price of one unit of postpaid usage, in main units."""
    quota = models.DecimalField(max_digits=16, decimal_places=4, default=NONE, db_default=NONE)
    """Total usage bought with a package."""
    sku_code = models.CharField(max_length=64)
    linear = models.BooleanField(default=False)
    """Whether the SKU has a quantity attribute, so that linearValue is sent to the seller."""
    product_name = models.CharField(max_length=64)
    product_name_en = models.CharField(max_length=64)
    spec_name = models.CharField(max_length=64)
    spec_name_en = models.CharField(max_length=64)
    values = models.JSONField(default=list)
    """Names of the chosen attributes: ``[{"name": …, "name_en": …, "value": …, "value_en": …}]``."""
    extend_params = models.JSONField(default=list)
    """``[{"name": …, "value": …}]`` as entered at checkout."""
    agreed_at = models.DateTimeField()
    buyer_agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, default=None, related_name="+", db_index=False
    )
    """Version that the buyer accepted with the order (``agreements``); null for orders placed by the market."""
    service_agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, default=None, related_name="+", db_index=False
    )
    """Accepted product service agreement, with the terms of ``version``; null for orders placed by the market and older
    orders."""
    agreed_pay_minutes = models.PositiveIntegerField(default=0, db_default=0)
    """Payment time in minutes stated in the accepted buyer agreement; 0: not stored."""

    class Meta:
        indexes = [
            models.Index(fields=["seller", "-id"], name="line_seller"),
            # Searches by product name read the newest lines of each product (``base.ends_of_lists``).
            models.Index(fields=["buyer", "product", "status", "-order"], name="line_buyer_product_status"),
            models.Index(fields=["product", "status", "-id"], name="line_product_status"),
            models.Index(fields=["buyer", "-id"], name="line_agreements", condition=Q(buyer_agreement__isnull=False)),
            models.Index(fields=["subscription", "id"], name="line_subscription"),
            models.Index(fields=["seller", "status", "-id"], name="line_seller_status"),
            models.Index(
                fields=["buyer", "seller", "-id"],
                condition=Q(status="completed", invoiced_minor=0, amount_minor__gt=0),
                name="line_to_invoice",
            ),
            models.Index(fields=["for_server", "-id"], condition=Q(for_server__isnull=False), name="line_for_server"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reduced_minor__lte=models.F("amount_minor")), name="line_reduced_within"
            ),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.order.currency)

    @property
    def reduced(self) -> Money:
        return Money(self.reduced_minor, self.order.currency)

    @property
    def left(self) -> Money:
        """Amount less refunds before delivery."""
        return Money(self.amount_minor - self.reduced_minor, self.order.currency)

    @property
    def banded_lines(self) -> tuple[PriceLine, ...]:
        """Price lines that need an explanation: bands or part of a month; otherwise empty."""
        lines = read_stored(self.price_lines)
        return lines if any(line.upto or line.above or line.days for line in lines) else ()

    @property
    def trial(self) -> bool:
        return self.order.order_type == Order.Type.TRIAL

    @property
    def quota_each(self) -> Decimal:
        """Usage of a package per period. A package that resets each month or year holds the quota of one period, not of
        all periods bought."""
        return self.quota / self.period_number if self.offer.reset and self.period_number else self.quota

    @property
    def list_amount(self) -> Money:
        return Money(self.list_minor, self.order.currency)

    @property
    def charging(self) -> Charging:
        return charging_of(self.charging_mode, stops=bool(self.quota))


class ProductDay(models.Model):
    """Purchases of a product on one day (``best_sellers``)."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    lines = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "day"], name="product_day_once")]
        indexes = [models.Index(fields=["day"], name="product_day")]


class DeliveryDay(models.Model):
    """Orders delivered on one day (``delivery_days``)."""

    day = models.DateField(unique=True)
    delivered = models.PositiveBigIntegerField()


class SalesDay(models.Model):
    """Paid order lines of a seller on one day, spread over several rows (``sales``)."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="sales_days", db_index=False)
    day = models.DateField()
    currency = models.CharField(max_length=3)
    part = models.PositiveSmallIntegerField()
    lines = models.PositiveBigIntegerField()
    amount_minor = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "day", "currency", "part"], name="sales_day_once")]


class Quote(models.Model):
    """Quote that an order used: the shown price, its validity and its breakdown."""

    token = models.CharField(max_length=32)
    """Identifies the quote."""
    order = models.OneToOneField(Order, models.CASCADE, related_name="quote")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(Version, models.PROTECT, related_name="+", db_index=False)
    """Version of the product when the quote was shown."""
    quantity = models.PositiveIntegerField()
    periods = models.PositiveIntegerField()
    total_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    lines = models.JSONField()
    """``pricing.PriceLine`` objects that add up to the total; empty for a change, whose line stores the terms."""
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField()

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class LimitUse(models.Model):
    """Units of a purchase limit that a buyer has used at the last order. Its lock serializes orders from two tabs."""

    limit = models.ForeignKey(PurchaseLimit, models.CASCADE, related_name="uses", db_index=False)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="+")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["limit", "buyer"], name="limit_use_once")]


class TrialUse(models.Model):
    """Trial of a specification by a buyer, allowed once (business-rules §3.5). Deleted if the trial could not be
    delivered."""

    buyer = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    spec = models.ForeignKey(Spec, models.PROTECT, related_name="+", db_index=False)
    order = models.OneToOneField(Order, models.CASCADE, related_name="trial_use")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["buyer", "spec"], name="trial_use_once")]


# Models of refunds are in another module; the import registers them with Django.
from . import refund_models  # noqa: E402, F401
