"""Orders and their lines. A line keeps a snapshot of what was bought: later edits of the product do not change it."""

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
from tradepost.market.product_types.charging import Charging, charging
from tradepost.market.subscriptions.models import Subscription

from .auto_renewal_models import AutoRenewal
from .pricing import PriceLine, read_stored

__all__ = ["AutoRenewal", "LimitUse", "Order", "OrderLine", "ProductDay", "Quote", "SalesDay", "TrialUse"]

TAIL_AT = 13
"""Where the seven characters begin by which people tell each other an order's number (``ids.order_number``)."""


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
        """Who wanted it: the buyer, or the market at the time that the buyer set. In a sandbox an engineer tries changes out: orders that no buyer placed and that cost nothing."""

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
    idempotency_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    """Names the request that the order came from: the same one, sent again, makes no second order. Empty where it has none."""

    class Meta:
        indexes = [
            models.Index(fields=["buyer", "-id"], name="order_buyer"),
            models.Index(fields=["status", "-id"], name="order_status"),
            models.Index(Substr("number", TAIL_AT), name="order_tail"),
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
    """That of its order: what a person ordered of a product is found by both."""
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="order_lines", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT)
    offer = models.ForeignKey(Offer, models.PROTECT)
    version = models.ForeignKey(Version, models.PROTECT, related_name="+", db_index=False)
    """Of the product, as it was sold: its terms stay those of the line, whatever is listed later."""
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="order_lines", db_index=False
    )
    charging_mode = models.CharField(max_length=16)
    period_type = models.CharField(max_length=8, blank=True)
    period_number = models.PositiveIntegerField(default=0)
    quantity = models.PositiveIntegerField(default=1)
    amount_minor = models.PositiveBigIntegerField()
    list_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    """What it costs without any reduction: a try-out costs nothing and still says a price to the seller."""
    price_lines = models.JSONField(null=True, default=None)
    """How the price came about (``pricing.PriceLine``); null for what was ordered before it was kept."""
    change_terms = models.JSONField(null=True, default=None)
    """Of a change in use: all that its fee was computed from (``change_fee.Terms``)."""
    stock_taken = models.PositiveIntegerField(default=0, db_default=0)
    """What it took of the product's stock; given back when the order is cancelled or paid back."""
    until = models.DateTimeField(null=True, default=None)
    """Of a renewal that ends on the buyer's own day of the month (``align``): its end, as it was priced. Null: the end follows
    from the duration."""
    auto_period_type = models.CharField(max_length=8, blank=True, default="", db_default="")
    auto_periods = models.PositiveSmallIntegerField(default=0, db_default=0)
    """Of a purchase that is to be renewed automatically: what each renewal orders (month × 1); empty where it is not."""
    status = models.CharField(max_length=16, choices=Order.Status, default=Order.Status.UNPAID)
    """That of its order, which the lifecycle keeps here too: a seller's list is narrowed by it, and orders of all sellers are
    many."""
    reduced_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    """Of it, what was paid back before it was delivered: agreed on, or taken off a supervised delivery (``reduce``). Its seller
    earns the rest."""
    invoiced_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    """Of it, what stands on an invoice that was asked for or issued: ``invoices`` keeps it, under the order's lock. What is
    invoiced is not paid back (business-rules §4.7, §6.2)."""
    flow = models.CharField(max_length=32, blank=True, default="", db_default="")
    """Of a purchase: the flow in which people deliver it (``product_types/flows``); empty where nobody does."""
    for_server = models.BigIntegerField(null=True, default=None)
    """Key of the server that it is for, where its product runs on one (``compute``)."""
    usage_unit = models.CharField(max_length=32, blank=True, default="", db_default="")
    usage_unit_en = models.CharField(max_length=32, blank=True, default="", db_default="")
    usage_price = models.DecimalField(max_digits=16, decimal_places=8, default=NONE, db_default=NONE)
    """Of what is postpaid: the price of one unit of usage, in main units."""
    quota = models.DecimalField(max_digits=16, decimal_places=4, default=NONE, db_default=NONE)
    """Of a package: all the usage that was bought."""
    sku_code = models.CharField(max_length=64)
    linear = models.BooleanField(default=False)
    """Whether the SKU has a quantity attribute, so that linearValue is sent to the seller."""
    product_name = models.CharField(max_length=64)
    product_name_en = models.CharField(max_length=64)
    spec_name = models.CharField(max_length=64)
    spec_name_en = models.CharField(max_length=64)
    values = models.JSONField(default=list)
    """Chosen attributes in words: ``[{"name": …, "name_en": …, "value": …, "value_en": …}]``."""
    extend_params = models.JSONField(default=list)
    """``[{"name": …, "value": …}]`` as typed at checkout."""
    agreed_at = models.DateTimeField()
    buyer_agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, default=None, related_name="+", db_index=False
    )
    """The version that the buyer accepted with the order (``agreements``); null for orders that the market placed."""
    service_agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, default=None, related_name="+", db_index=False
    )
    """The same of the product service agreement, with the terms of ``version``; null also for orders before it was stored."""
    agreed_pay_minutes = models.PositiveIntegerField(default=0, db_default=0)
    """The time to pay that the accepted buyer agreement named; 0: not stored."""

    class Meta:
        indexes = [
            models.Index(fields=["seller", "-id"], name="line_seller"),
            models.Index(fields=["buyer", "product", "-order"], name="line_buyer_product"),
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
        """What of the amount was not paid back before the delivery."""
        return Money(self.amount_minor - self.reduced_minor, self.order.currency)

    @property
    def banded_lines(self) -> tuple[PriceLine, ...]:
        """How a price in bands, or of a part of a month, came about; nothing where there are none to tell."""
        lines = read_stored(self.price_lines)
        return lines if any(line.upto or line.above or line.days for line in lines) else ()

    @property
    def trial(self) -> bool:
        return self.order.order_type == Order.Type.TRIAL

    @property
    def quota_each(self) -> Decimal:
        """Of a package: the usage that it holds at a time. One that is full again each month or year holds as much then as it
        was sold for each of its periods, and no more at once for having been bought for several."""
        return self.quota / self.period_number if self.offer.reset and self.period_number else self.quota

    @property
    def list_amount(self) -> Money:
        return Money(self.list_minor, self.order.currency)

    @property
    def charging(self) -> Charging:
        return charging(self.charging_mode, stops=bool(self.quota))


class ProductDay(models.Model):
    """How often a product was bought on one day: see ``best_sellers``."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    lines = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "day"], name="product_day_once")]
        indexes = [models.Index(fields=["day"], name="product_day")]


class SalesDay(models.Model):
    """Order lines of one seller that were paid on one day, spread over a few rows: see ``sales``."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="sales_days", db_index=False)
    day = models.DateField()
    currency = models.CharField(max_length=3)
    part = models.PositiveSmallIntegerField()
    lines = models.PositiveBigIntegerField()
    amount_minor = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "day", "currency", "part"], name="sales_day_once")]


class Quote(models.Model):
    """A price as it was shown to a buyer who then ordered by it: what was promised, until when, and how it came about."""

    token = models.CharField(max_length=32)
    """Names what was shown; a form that is sent again with another choice would use it twice."""
    order = models.OneToOneField(Order, models.CASCADE, related_name="quote")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(Version, models.PROTECT, related_name="+", db_index=False)
    """Of the product, when it was shown."""
    quantity = models.PositiveIntegerField()
    periods = models.PositiveIntegerField()
    total_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    lines = models.JSONField()
    """``pricing.PriceLine``, which add up to the total; none for a change in use, whose line keeps the terms."""
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField()

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class LimitUse(models.Model):
    """How much of a purchase limit one buyer has used, as counted at the buyer's last order; its lock makes two tabs wait for
    each other."""

    limit = models.ForeignKey(PurchaseLimit, models.CASCADE, related_name="uses", db_index=False)
    buyer = models.ForeignKey(User, models.PROTECT, related_name="+")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["limit", "buyer"], name="limit_use_once")]


class TrialUse(models.Model):
    """That a buyer has, or had, the trial of a spec: once (business-rules §3.5). Gone when it could not be delivered."""

    buyer = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    spec = models.ForeignKey(Spec, models.PROTECT, related_name="+", db_index=False)
    order = models.OneToOneField(Order, models.CASCADE, related_name="trial_use")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["buyer", "spec"], name="trial_use_once")]


# Refunds stand in a file of their own; Django finds them here.
from . import refund_models  # noqa: E402, F401
