"""Categories, products, specs, SKUs and offers. Texts come in Chinese and English side by side."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import Charging, charging, modes_that
from tradepost.protocols.commands import ChargingMode

from .grant_models import ProductGrant

__all__ = ["Category", "Offer", "Product", "ProductGrant", "Sku", "Spec"]

NONE = Decimal(0)


def _exactly(is_so: Callable[[Charging], object], has: Q, has_not: Q | None = None) -> Q:
    """Rows of the modes of which something is so have it, and all others have it not."""
    modes = Q(charging_mode__in=modes_that(is_so))
    return (modes & has) | (~modes & (~has if has_not is None else has_not))


class Category(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64)
    icon = models.CharField(max_length=64, default="package")
    position = models.PositiveIntegerField(default=0)


class Product(models.Model):
    """What a seller lists (business-rules §2)."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ON_SALE = "on_sale", _("On sale")
        STOPPED = "stopped", _("Sales stopped")

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="products")
    category = models.ForeignKey(Category, models.PROTECT, related_name="products")
    product_type = models.CharField(max_length=32)
    slug = models.SlugField(max_length=96, unique=True)
    name = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64)
    summary = models.CharField(max_length=200)
    summary_en = models.CharField(max_length=200)
    description = models.TextField()
    """Seller's HTML, sanitised when it is shown."""
    description_en = models.TextField()
    guide = models.TextField(blank=True)
    """How to start after the purchase: shown on the product page and with the access data."""
    guide_en = models.TextField(blank=True)
    picture = models.TextField(blank=True)
    """SVG drawing, sanitised when it is listed and served with its own content type."""
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=32, blank=True)
    extend_params = models.JSONField(default=list)
    """Up to three inputs asked at checkout: ``[{"name": …, "label": …, "label_en": …, "required": true}]``."""
    asks_mobile = models.BooleanField(default=False)
    asks_email = models.BooleanField(default=False)
    access_by_message = models.BooleanField(default=False)
    """The seller sends access data by SMS or mail, so the interface may stay silent (saas-v2 §3.2)."""
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    listed_at = models.DateTimeField(null=True, default=None)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["status", "category", "-id"], name="product_shelf")]

    def __str__(self) -> str:
        return self.name


class Spec(models.Model):
    """A specification of a product, for example an edition. ``attributes`` says what a buyer chooses:
    ``[{"code": "users", "name": "用户数", "name_en": "Users", "values": [{"code": "10", "name": …, "name_en": …}]}]``."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="specs")
    name = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64)
    attributes = models.JSONField(default=list)
    position = models.PositiveIntegerField(default=0)


class Sku(models.Model):
    """One priced combination of attribute values. With a quantity attribute, ``quantity_max`` is above zero."""

    spec = models.ForeignKey(Spec, models.CASCADE, related_name="skus")
    code = models.CharField(max_length=64, unique=True)
    values = models.JSONField(default=dict)
    """Attribute code → value code."""
    quantity_name = models.CharField(max_length=32, blank=True)
    quantity_name_en = models.CharField(max_length=32, blank=True)
    quantity_min = models.PositiveIntegerField(default=1)
    quantity_max = models.PositiveIntegerField(default=1)
    quantity_step = models.PositiveIntegerField(default=1)


class Offer(models.Model):
    """One SKU in one period type: what the protocols call productId (month and year are two offers)."""

    class PeriodType(models.TextChoices):
        NONE = "", _("once")
        MONTH = "month", pgettext_lazy("period", "month")
        YEAR = "year", pgettext_lazy("period", "year")

    MODES = [(m.value, m.value) for m in ChargingMode]

    sku = models.ForeignKey(Sku, models.CASCADE, related_name="offers")
    product_id = models.CharField(max_length=64, unique=True)
    charging_mode = models.CharField(max_length=16, choices=MODES)
    period_type = models.CharField(max_length=8, choices=PeriodType, blank=True)
    price_minor = models.PositiveBigIntegerField()
    """For one period and one unit of quantity, in minor units; zero for what is postpaid."""
    currency = models.CharField(max_length=3)
    period_numbers = models.JSONField(default=list)
    """Sellable durations, for example ``[1, 3, 6]``; empty for what has no end."""
    usage_unit = models.CharField(max_length=32, blank=True, default="", db_default="")
    """What is counted, in the plural as a seller names quantities (calls, GB); empty for what is not metered."""
    usage_unit_en = models.CharField(max_length=32, blank=True, default="", db_default="")
    usage_price = models.DecimalField(max_digits=16, decimal_places=8, default=NONE, db_default=NONE)
    """Of what is postpaid: the price of one unit of usage, in main units; finer than the smallest coin."""
    quota = models.DecimalField(max_digits=16, decimal_places=4, default=NONE, db_default=NONE)
    """Of a package: the usage that one period and one unit of quantity hold (decimals as on the wire, saas-v2 §3.2)."""
    on_sale = models.BooleanField(default=True)

    class Meta:
        constraints = [
            # Packages of several sizes are several offers of one SKU.
            models.UniqueConstraint(fields=["sku", "charging_mode", "period_type", "quota"], name="offer_once"),
            models.CheckConstraint(
                condition=_exactly(lambda c: c.ends, ~Q(period_type="")), name="offer_period_fits_mode"
            ),
            models.CheckConstraint(
                condition=_exactly(lambda c: c.metered, ~Q(usage_unit="")), name="offer_unit_fits_mode"
            ),
            models.CheckConstraint(
                condition=_exactly(lambda c: c.postpaid, Q(usage_price__gt=0, price_minor=0), Q(usage_price=0)),
                name="offer_usage_price_fits_mode",
            ),
            models.CheckConstraint(
                condition=_exactly(lambda c: c.quota, Q(quota__gt=0), Q(quota=0)), name="offer_quota_fits_mode"
            ),
        ]

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def charging(self) -> Charging:
        return charging(self.charging_mode)

    @property
    def plan(self) -> str:
        """How it is paid, in one word of a form: ``PERIOD-month``, ``ONE_TIME-``, ``ON_DEMAND_PKG-month-1000``."""
        size = f"-{self.quota.normalize():f}" if self.charging.quota else ""
        return f"{self.charging_mode}-{self.period_type}{size}"
