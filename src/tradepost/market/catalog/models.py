"""Products with their versions, and the projection of the listed version: specs, SKUs and offers.

A version is one document. ``Spec``, ``Sku``, ``Offer`` and ``Factor`` hold what orders and searches need of the
listed one, and are never deleted. Texts are in Chinese and English columns."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.product_types.charging import PACKAGE_OF_USES, Charging, charging_of, modes_with
from tradepost.protocols.commands import ChargingMode

from .attribute_models import AttributeTemplate
from .category_models import Category
from .grant_models import ProductGrant
from .price_models import RESETS_WITHIN, PriceModel
from .shelf_models import Shelf, ShelfTerm
from .synonym_models import Synonym, SynonymGroup

__all__ = [
    "NONE", "AttributeTemplate", "Category", "Factor", "Offer", "Product", "ProductGrant", "PurchaseLimit", "SalesTarget", "Shelf", "ShelfTerm",
    "Sku", "Spec", "Stock", "Synonym", "SynonymGroup", "TargetBuyer", "UpgradeRule", "Version",
]  # fmt: skip

NONE = Decimal(0)


_USES = Q(charging_mode=str(PACKAGE_OF_USES.mode), quota__gt=0, stops_when_used_up=True) & ~Q(usage_unit="")
"""A package of uses: other prices of its mode have no quota."""


def _exactly(predicate: Callable[[Charging], object], condition: Q, opposite: Q | None = None) -> Q:
    """Return the condition that rows of the modes with a property satisfy ``condition``, and all others do not."""
    modes = Q(charging_mode__in=modes_with(predicate))
    return (modes & condition) | (~modes & (~condition if opposite is None else opposite))


class Product(models.Model):
    """A product that a seller lists (business-rules §2)."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ON_SALE = "on_sale", _("On sale")
        FROZEN = "frozen", _("Sales suspended")
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
    """The seller's HTML, sanitised when it is shown."""
    description_en = models.TextField()
    guide = models.TextField(blank=True)
    """How to start after the purchase: shown on the product page and with the access data."""
    guide_en = models.TextField(blank=True)
    picture = models.TextField(blank=True)
    """SVG drawing, sanitised when it is listed and served with its own content type."""
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=32, blank=True)
    extend_params = models.JSONField(default=list)
    """Up to three inputs at checkout: ``[{"name": …, "label": …, "label_en": …, "required": true}]``."""
    flow = models.CharField(max_length=32, blank=True, default="", db_default="")
    """The flow of supervised delivery (``product_types/flows``) for new orders. Empty without supervision, or if
    listed before its kind was supervised."""
    asks_mobile = models.BooleanField(default=False)
    asks_email = models.BooleanField(default=False)
    asks_user = models.BooleanField(default=False, db_default=False)
    """User ID and user name (saas-v1-license A2.1)."""
    access_by_message = models.BooleanField(default=False)
    """The seller sends access data by SMS or mail, so the interface may return none (saas-v2 §3.2)."""
    logo = models.CharField(max_length=64, blank=True, default="", db_default="")
    """SHA-256 of a picture (``assets``)."""
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    hidden = models.BooleanField(default=False, db_default=False)
    """Hidden by the seller from store and search: found only by the address of its page. Kept during a suspension
    (business-rules §2.8)."""
    listed_at = models.DateTimeField(null=True, default=None)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["status", "category", "-id"], name="product_shelf")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sold(self) -> bool:
        """Whether it can be bought now: on sale, and its company is not suspended."""
        return self.status == self.Status.ON_SALE and self.seller.is_selling


class Version(models.Model):
    """A product as its seller described it at one time. A draft is editable; a sealed version never changes (enforced
    by a trigger)."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SEALED = "sealed", _("Submitted")
        LISTED = "listed", _("Listed")
        RETIRED = "retired", _("Replaced")
        DROPPED = "dropped", _("Not listed")

    product = models.ForeignKey(Product, models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    base = models.ForeignKey("self", models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """The version from which it was copied."""
    document = models.JSONField()
    """``document.Document``, stored with its version."""
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """Hash of the sealed document; empty in a draft."""
    revision = models.PositiveIntegerField(default=0)
    """Number of saves of a draft."""
    revisions = models.JSONField(default=dict)
    """Section → the revision at which it was last saved, so that two tabs can edit different sections."""
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
    """A specification of a product, for example an edition. ``attributes`` are the buyer's choices: ``[{"code":
    "users", "name": "用户数", "name_en": "Users", "values": [{"code": "10", "name": …, "name_en": …}]}]``."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="specs", db_index=False)
    key = models.CharField(max_length=32)
    """Key in the document, by which a later version finds the row."""
    name = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64)
    attributes = models.JSONField(default=list)
    position = models.PositiveIntegerField(default=0)
    hidden = models.BooleanField(default=False, db_default=False)
    """Sold only by its own link (business-rules §2.8)."""
    stopped_at = models.DateTimeField(null=True, default=None)
    """When its sales ended permanently."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "key"], name="spec_key")]


class Sku(models.Model):
    """A priced combination of attribute values. With a quantity attribute, ``quantity_max`` is above zero."""

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
    """The parameter as which SaaS 1.0 sends the quantity (saas-v1-license A2.1)."""
    stopped_at = models.DateTimeField(null=True, default=None)


class Offer(models.Model):
    """A SKU in one billing mode and period, which the protocols call productId (month and year are two offers)."""

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
    """Price of one period and one unit of quantity, in minor units; zero if postpaid. With bands, that of the first
    band."""
    model = models.CharField(max_length=8, choices=MODELS, default=PriceModel.LINEAR, db_default=PriceModel.LINEAR)
    bands = models.JSONField(default=list)
    """``[[upto or null, minor], …]`` of a price by tier or step; otherwise empty."""
    trial = models.BooleanField(default=False, db_default=False)
    """Free for the days of ``period_numbers``, once per buyer (business-rules §3.5)."""
    currency = models.CharField(max_length=3)
    period_numbers = models.JSONField(default=list)
    """Sellable durations, for example ``[1, 3, 6]``; empty without an end."""
    usage_unit = models.CharField(max_length=32, blank=True, default="", db_default="")
    """The counted unit, in the plural as a seller names quantities (calls, GB); empty if not metered."""
    usage_unit_en = models.CharField(max_length=32, blank=True, default="", db_default="")
    usage_price = models.DecimalField(max_digits=16, decimal_places=8, default=NONE, db_default=NONE)
    """If postpaid: the price of one unit of usage, in main units, with more decimals than the currency."""
    quota = models.DecimalField(max_digits=16, decimal_places=4, default=NONE, db_default=NONE)
    """Of a package: the usage included for one period and one unit of quantity (decimals as in the protocol, saas-v2
    §3.2)."""
    reset_rule = models.CharField(max_length=8, blank=True, default="", db_default="")
    """Of a package: when its quota is restored: never, each month, each year."""
    stops_when_used_up = models.BooleanField(default=False, db_default=False)
    """Of a package: usage beyond it is free, because the service then stops (用完即停, business-rules §3.2)."""
    stopped_at = models.DateTimeField(null=True, default=None)
    on_sale = models.BooleanField(default=True)
    """Part of the listed version, and neither it, its SKU nor its spec is stopped."""

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
        """The lowest price of a unit, which pages show for a price in bands."""
        return Money(min([price for _upto, price in self.bands], default=self.price_minor), self.currency)

    @property
    def charging(self) -> Charging:
        return charging_of(self.charging_mode, stops=self.stops_when_used_up)

    @property
    def renewable(self) -> bool:
        """Whether its end can be extended. A trial ends, or becomes a paid service by a separate order
        (business-rules §3.5)."""
        return self.charging.renewable and not self.trial

    @property
    def reset(self) -> str:
        """When its quota is restored within the period for which it is sold; empty: never."""
        return self.reset_rule if self.period_type in RESETS_WITHIN.get(self.reset_rule, ()) else ""

    @property
    def plan(self) -> str:
        """The billing mode and period as a form value: ``PERIOD-month``, ``ONE_TIME-``,
        ``ON_DEMAND_PKG-month-1000``."""
        size = f"-{self.quota.normalize():f}" if self.charging.quota else ""
        return f"{self.charging_mode}-{self.period_type}{size}{'-trial' if self.trial else ''}"


class Factor(models.Model):
    """A billing factor of an on-demand offer, with its price (business-rules §3.2, §3.3)."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="factors", db_index=False)
    code = models.CharField(max_length=64)
    unit = models.CharField(max_length=32)
    unit_en = models.CharField(max_length=32)
    cycle = models.CharField(max_length=8)
    """How often it is charged: hour, day, month."""
    accumulation = models.CharField(max_length=8, blank=True, default="")
    model = models.CharField(max_length=8, choices=Offer.MODELS, default=PriceModel.LINEAR)
    price = models.DecimalField(max_digits=16, decimal_places=8)
    """Price of one unit, in main units; of the first band if there are bands."""
    bands = models.JSONField(default=list)
    """``[[upto or null, price], …]``, decimals as text."""
    position = models.PositiveIntegerField(default=0)
    removed = models.BooleanField(default=False)
    """Belongs to an earlier version; kept for existing services."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["offer", "code"], name="factor_code")]


class UpgradeRule(models.Model):
    """A change from one SKU of a spec to another that a buyer may make during the service (saas-v2 §8.2)."""

    source = models.ForeignKey(Sku, models.CASCADE, related_name="upgrades", db_index=False)
    target = models.ForeignKey(Sku, models.CASCADE, related_name="upgraded_from")
    created_at = models.DateTimeField()
    lapsed_at = models.DateTimeField(null=True, default=None)
    why = models.CharField(max_length=32, blank=True, default="")
    """Why it lapsed; empty while in force."""

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
    """Expired and released services do not count."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "spec_key"], name="limit_once")]


class SalesTarget(models.Model):
    """Who can buy a product, or one spec (business-rules §3.7). Without a row, everyone can."""

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
    """A listed buyer of a sales target."""

    target = models.ForeignKey(SalesTarget, models.CASCADE, related_name="buyers", db_index=False)
    customer_id = models.CharField(max_length=32)
    email = models.EmailField()
    """As the seller entered it; both must match the buyer."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["target", "customer_id"], name="target_buyer_once")]


class Stock(models.Model):
    """Stock of a product, if its kind has stock (business-rules §3.7)."""

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="stock")
    total = models.PositiveIntegerField(default=999)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(used__lte=F("total")), name="stock_not_oversold")]

    @property
    def left(self) -> int:
        return self.total - self.used
