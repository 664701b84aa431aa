"""Products with their versions, and the projection of what is listed: specs, SKUs and offers.

A version is one document; ``Spec``, ``Sku``, ``Offer`` and ``Factor`` are what orders and searches need of the listed one, and
are never deleted. Texts come in Chinese and English side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.product_types.charging import PACKAGE_OF_USES, Charging, charging, modes_that
from tradepost.protocols.commands import ChargingMode

from .attribute_models import AttributeTemplate
from .category_models import Category
from .grant_models import ProductGrant
from .price_models import RESETS_WITHIN, PriceModel
from .shelf_models import Shelf, ShelfTerm

__all__ = [
    "NONE", "AttributeTemplate", "Category", "Factor", "Offer", "Product", "ProductGrant", "PurchaseLimit", "SalesTarget", "Shelf", "ShelfTerm",
    "Sku", "Spec", "Stock", "TargetBuyer", "UpgradeRule", "Version",
]  # fmt: skip

NONE = Decimal(0)


_USES = Q(charging_mode=str(PACKAGE_OF_USES.mode), quota__gt=0, stops_when_used_up=True) & ~Q(usage_unit="")
"""A package of uses: of its mode only some have a quota."""


def _exactly(is_so: Callable[[Charging], object], has: Q, has_not: Q | None = None) -> Q:
    """Rows of the modes of which something is so have it, and all others have it not."""
    modes = Q(charging_mode__in=modes_that(is_so))
    return (modes & has) | (~modes & (~has if has_not is None else has_not))


class Product(models.Model):
    """What a seller lists (business-rules §2)."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ON_SALE = "on_sale", _("On sale")
        FROZEN = "frozen", _("Trading frozen")
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
    flow = models.CharField(max_length=32, blank=True, default="", db_default="")
    """Of a supervised delivery (``product_types/flows``): what is bought now is delivered in it. Empty: nobody supervises it, or it
    was listed before its kind was supervised."""
    asks_mobile = models.BooleanField(default=False)
    asks_email = models.BooleanField(default=False)
    asks_user = models.BooleanField(default=False, db_default=False)
    """User ID and user name (saas-v1-license A2.1)."""
    access_by_message = models.BooleanField(default=False)
    """The seller sends access data by SMS or mail, so the interface may stay silent (saas-v2 §3.2)."""
    logo = models.CharField(max_length=64, blank=True, default="", db_default="")
    """SHA-256 of a picture (``assets``)."""
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    hidden = models.BooleanField(default=False, db_default=False)
    """Not in the store and its searches by the seller's wish: only who has the address of its page finds it. It survives a
    freeze (business-rules §2.8)."""
    listed_at = models.DateTimeField(null=True, default=None)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["status", "category", "-id"], name="product_shelf")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sold(self) -> bool:
        """Whether it can be bought now: it is on sale, and its company is not suspended."""
        return self.status == self.Status.ON_SALE and self.seller.is_selling


class Version(models.Model):
    """A product as its seller described it at one time. A draft is edited; what is sealed never changes (a trigger holds it)."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SEALED = "sealed", _("Handed in")
        LISTED = "listed", _("Listed")
        RETIRED = "retired", _("Replaced")
        DROPPED = "dropped", _("Not listed")

    product = models.ForeignKey(Product, models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    base = models.ForeignKey("self", models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """The version that it was copied from."""
    document = models.JSONField()
    """``document.Document``, stored with its version."""
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """Of what was sealed; empty in a draft."""
    revision = models.PositiveIntegerField(default=0)
    """Counts saves of a draft."""
    revisions = models.JSONField(default=dict)
    """Section → the revision at which it was saved last: two tabs that write different sections do not disturb each other."""
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    created_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(User, models.SET_NULL, null=True, default=None, related_name="+", db_index=False)
    sealed_at = models.DateTimeField(null=True, default=None)
    listed_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "number"], name="version_number"),
            models.UniqueConstraint(
                fields=["product"], condition=Q(status__in=["draft", "sealed"]), name="version_open_once"
            ),
            models.UniqueConstraint(fields=["product"], condition=Q(status="listed"), name="version_listed_once"),
            models.CheckConstraint(condition=Q(status="draft") ^ ~Q(sha256=""), name="version_sealed_has_sha256"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} v{self.number}"


class Spec(models.Model):
    """A specification of a product, for example an edition. ``attributes`` says what a buyer chooses:
    ``[{"code": "users", "name": "用户数", "name_en": "Users", "values": [{"code": "10", "name": …, "name_en": …}]}]``."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="specs", db_index=False)
    key = models.CharField(max_length=32)
    """Of the document, by which a later version finds it again."""
    name = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64)
    attributes = models.JSONField(default=list)
    position = models.PositiveIntegerField(default=0)
    hidden = models.BooleanField(default=False, db_default=False)
    """Sold by its own link only (business-rules §2.8)."""
    stopped_at = models.DateTimeField(null=True, default=None)
    """Sales of it ended for good."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "key"], name="spec_key")]


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
    quantity_parameter = models.CharField(max_length=16, default="amount", db_default="amount")
    """As which parameter SaaS 1.0 sends the quantity (saas-v1-license A2.1)."""
    stopped_at = models.DateTimeField(null=True, default=None)


class Offer(models.Model):
    """One SKU in one period type: what the protocols call productId (month and year are two offers)."""

    class PeriodType(models.TextChoices):
        NONE = "", _("once")
        DAY = "day", pgettext_lazy("period", "day")
        MONTH = "month", pgettext_lazy("period", "month")
        YEAR = "year", pgettext_lazy("period", "year")

    MODES = [(m.value, m.value) for m in ChargingMode]
    MODELS = [(m.value, m.value) for m in PriceModel]

    sku = models.ForeignKey(Sku, models.CASCADE, related_name="offers")
    product_id = models.CharField(max_length=64, unique=True)
    charging_mode = models.CharField(max_length=16, choices=MODES)
    period_type = models.CharField(max_length=8, choices=PeriodType, blank=True)
    price_minor = models.PositiveBigIntegerField()
    """For one period and one unit of quantity, in minor units; zero for what is postpaid. Of a price in bands, that of the
    first."""
    model = models.CharField(max_length=8, choices=MODELS, default=PriceModel.LINEAR, db_default=PriceModel.LINEAR)
    bands = models.JSONField(default=list)
    """``[[upto or null, minor], …]`` of a price by tier or step; else empty."""
    trial = models.BooleanField(default=False, db_default=False)
    """Costs nothing for the days of ``period_numbers``, once (business-rules §3.5)."""
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
    reset_rule = models.CharField(max_length=8, blank=True, default="", db_default="")
    """Of a package: when its quota is full again: never, each month, each year."""
    stops_when_used_up = models.BooleanField(default=False, db_default=False)
    """Of a package: what goes beyond it costs nothing, since the service stops then (用完即停, business-rules §3.2)."""
    stopped_at = models.DateTimeField(null=True, default=None)
    on_sale = models.BooleanField(default=True)
    """Of the listed version, and neither it, its SKU nor its spec was stopped."""

    class Meta:
        constraints = [
            # Packages of several sizes are several offers of one SKU.
            models.UniqueConstraint(
                fields=["sku", "charging_mode", "period_type", "quota", "trial"], name="offer_once"
            ),
            models.CheckConstraint(
                condition=Q(model="linear", bands=[]) | (~Q(model="linear") & ~Q(bands=[])),
                name="offer_bands_fit_model",
            ),
            models.CheckConstraint(
                condition=_exactly(lambda c: c.ends, ~Q(period_type="")), name="offer_period_fits_mode"
            ),
            models.CheckConstraint(
                condition=_exactly(lambda c: c.metered, ~Q(usage_unit="")) | _USES, name="offer_unit_fits_mode"
            ),
            models.CheckConstraint(
                condition=_exactly(lambda c: c.postpaid, Q(usage_price__gt=0, price_minor=0), Q(usage_price=0)),
                name="offer_usage_price_fits_mode",
            ),
            models.CheckConstraint(
                condition=_exactly(lambda c: c.quota, Q(quota__gt=0), Q(quota=0)) | _USES, name="offer_quota_fits_mode"
            ),
        ]

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def least_unit(self) -> Money:
        """The lowest price of a unit: a price in bands is shown from there."""
        return Money(min([each for _upto, each in self.bands], default=self.price_minor), self.currency)

    @property
    def charging(self) -> Charging:
        return charging(self.charging_mode, stops=self.stops_when_used_up)

    @property
    def renewable(self) -> bool:
        """Whether its end can be moved. A trial ends, or becomes formal by an order of its own (business-rules §3.5)."""
        return self.charging.renewable and not self.trial

    @property
    def reset(self) -> str:
        """When its quota is full again within what it is sold for; empty: never."""
        return self.reset_rule if self.period_type in RESETS_WITHIN.get(self.reset_rule, ()) else ""

    @property
    def plan(self) -> str:
        """How it is paid, in one word of a form: ``PERIOD-month``, ``ONE_TIME-``, ``ON_DEMAND_PKG-month-1000``."""
        size = f"-{self.quota.normalize():f}" if self.charging.quota else ""
        return f"{self.charging_mode}-{self.period_type}{size}{'-trial' if self.trial else ''}"


class Factor(models.Model):
    """What is counted of an offer on demand, and what it costs (business-rules §3.2, §3.3)."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="factors", db_index=False)
    code = models.CharField(max_length=64)
    unit = models.CharField(max_length=32)
    unit_en = models.CharField(max_length=32)
    cycle = models.CharField(max_length=8)
    """hour, day, month: how often it is charged."""
    accumulation = models.CharField(max_length=8, blank=True, default="")
    model = models.CharField(max_length=8, choices=Offer.MODELS, default=PriceModel.LINEAR)
    price = models.DecimalField(max_digits=16, decimal_places=8)
    """Of one unit, in main units; of the first band where there are bands."""
    bands = models.JSONField(default=list)
    """``[[upto or null, price], …]``, decimals as text."""
    position = models.PositiveIntegerField(default=0)
    removed = models.BooleanField(default=False)
    """Of an earlier version: kept for what was sold."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["offer", "code"], name="factor_code")]


class UpgradeRule(models.Model):
    """A way from one SKU of a spec to another that a buyer may take while using it (saas-v2 §8.2)."""

    source = models.ForeignKey(Sku, models.CASCADE, related_name="upgrades", db_index=False)
    target = models.ForeignKey(Sku, models.CASCADE, related_name="upgraded_from")
    created_at = models.DateTimeField()
    lapsed_at = models.DateTimeField(null=True, default=None)
    why = models.CharField(max_length=32, blank=True, default="")
    """Why it lapsed; empty while it stands."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target"], condition=Q(lapsed_at=None), name="upgrade_rule_once")
        ]


class PurchaseLimit(models.Model):
    """How much of a product, or of one spec, one buyer may buy (business-rules §3.7)."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="limits", db_index=False)
    spec_key = models.CharField(max_length=32, blank=True, default="")
    """Empty for the whole product."""
    maximum = models.PositiveIntegerField()
    """Units of quantity; 1: once."""
    until_expiry = models.BooleanField(default=False)
    """What expired or was released does not count any more."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "spec_key"], name="limit_once")]


class SalesTarget(models.Model):
    """To whom a product, or one spec, is sold (business-rules §3.7). None: to everybody."""

    class Audience(models.TextChoices):
        COMPANIES = "companies", _("Companies")
        PEOPLE = "people", _("Individuals")
        LISTED = "listed", _("Listed buyers")
        HOLDERS = "holders", _("Buyers of another product")

    product = models.ForeignKey(Product, models.CASCADE, related_name="targets", db_index=False)
    spec_key = models.CharField(max_length=32, blank=True, default="")
    audience = models.CharField(max_length=16, choices=Audience)
    holders_of = models.ForeignKey(Product, models.CASCADE, null=True, default=None, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "spec_key"], name="target_once")]


class TargetBuyer(models.Model):
    """One of the listed buyers of a sales target."""

    target = models.ForeignKey(SalesTarget, models.CASCADE, related_name="buyers", db_index=False)
    customer_id = models.CharField(max_length=32)
    email = models.EmailField()
    """As the seller typed it; both must be the buyer's."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["target", "customer_id"], name="target_buyer_once")]


class Stock(models.Model):
    """How many of a product there are to sell, where its kind has stock (business-rules §3.7)."""

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="stock")
    total = models.PositiveIntegerField(default=999)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(used__lte=F("total")), name="stock_not_oversold")]

    @property
    def left(self) -> int:
        return self.total - self.used
