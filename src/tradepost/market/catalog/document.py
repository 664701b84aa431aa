"""The product document: typed sections in which a seller describes a product; a draft until it is sealed
(business-rules §2.3).

Every field has an empty value, because a draft may be incomplete; the checks before a submission report what is
missing. A document is stored with its version (``base/stored.py``), and sealed documents never change. So the classes
only grow: a new field with a default keeps the version, any other change needs the next one, with an upgrade."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from tradepost.market.base import stored
from tradepost.market.base.values import replace
from tradepost.market.product_types.charging import Charging, charging_of
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .price_models import Bands, PriceModel

NO_TEXT = Text(en="", zh="")
NONE = Decimal(0)


# --- specs and prices
# -------------------------------------------------------------------------------------------------


class Band(Struct, frozen=True, kw_only=True):
    """A band of a price by quantity: up to and including ``upto`` units (None: without limit), ``amount`` each, in
    main units."""

    upto: int | None = None
    amount: Decimal | None = None


class UsageBand(Struct, frozen=True, kw_only=True):
    """A band for usage, whose quantities have decimals."""

    upto: Decimal | None = None
    amount: Decimal | None = None


class Factor(Struct, frozen=True, kw_only=True):
    """A billing factor of an on-demand price (business-rules §3.2 计费因子)."""

    code: str = ""
    """Code in usage records."""
    unit: Text = NO_TEXT
    """The counted unit, in the plural as a seller names quantities (calls, GB)."""
    cycle: str = "hour"
    """How often usage is charged: hour, day, month."""
    accumulation: str = ""
    """Period over which usage is accumulated before bands apply: ``""`` (each record separately), day, month."""
    model: PriceModel = PriceModel.LINEAR
    amount: Decimal | None = None
    """Price of one unit, in main units, if the model has no bands."""
    bands: tuple[UsageBand, ...] = ()


class Price(Struct, frozen=True, kw_only=True):
    """A price of a SKU in one billing mode and period, which the protocols call productId (month and year are
    two)."""

    product_id: str = ""
    """Created when the draft is saved; the seller configures it in advance."""
    charging_mode: ChargingMode = ChargingMode.PERIOD
    period_type: str = ""
    """day, month, year; empty without an end."""
    period_numbers: tuple[int, ...] = ()
    """Sellable durations; the days of a trial."""
    model: PriceModel = PriceModel.LINEAR
    amount: Decimal | None = None
    """Price of one unit for one period, in main units, if the model has no bands. Zero if charged by usage."""
    bands: tuple[Band, ...] = ()
    trial: bool = False
    """Free for the days of ``period_numbers`` (business-rules §3.5)."""
    factors: tuple[Factor, ...] = ()
    """Of an on-demand price."""
    usage_unit: Text = NO_TEXT
    """Of a package: the unit of the factor from which it is deducted."""
    quota: Decimal = NONE
    """Of a package: the usage included for one period and one unit of quantity."""
    reset: str = ""
    """Of a package: when its quota is restored: ``""`` (never), month, year."""
    stops_when_used_up: bool = False
    """Of a package: the service then stops, and usage beyond it is free (business-rules §3.2)."""

    @property
    def charging(self) -> Charging:
        return charging_of(self.charging_mode, stops=self.stops_when_used_up)

    @property
    def unit(self) -> Text:
        """The counted unit of a metered price."""
        return self.factors[0].unit if self.factors else self.usage_unit


AMOUNT, DISK_SIZE, BAND_WIDTH = "amount", "diskSize", "bandWidth"
PARAMETERS = (AMOUNT, DISK_SIZE, BAND_WIDTH)
"""Parameters of numeric attributes: pieces or people, GB of disk, Mbit/s."""


class Quantity(Struct, frozen=True, kw_only=True):
    """A numeric attribute: what is bought by number (users, devices)."""

    name: Text = NO_TEXT
    least: int = 1
    most: int = 1
    step: int = 1
    parameter: str = AMOUNT
    """The parameter as which SaaS 1.0 sends it: one of ``PARAMETERS`` (saas-v1-license A2.1, business-rules §3.4)."""


class Value(Struct, frozen=True, kw_only=True):
    code: str = ""
    name: Text = NO_TEXT


class Attribute(Struct, frozen=True, kw_only=True):
    """An enum attribute, of which a buyer chooses one value."""

    code: str = ""
    name: Text = NO_TEXT
    values: tuple[Value, ...] = ()


class Sku(Struct, frozen=True, kw_only=True):
    """A combination of attribute values that is sold. Only selected and priced combinations are included
    (business-rules §3.4)."""

    code: str = ""
    """skuCode; created when the draft is saved."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Attribute code → value code."""
    quantity: Quantity | None = None
    prices: tuple[Price, ...] = ()


class Spec(Struct, frozen=True, kw_only=True):
    """A version, function or module of the product (business-rules §2.2)."""

    key: str = ""
    """Created when the draft is saved; never shown."""
    name: Text = NO_TEXT
    attributes: tuple[Attribute, ...] = ()
    skus: tuple[Sku, ...] = ()
    plans: tuple[Price, ...] = ()
    """Price columns that a seller has set up without a priced SKU yet; kept while the draft is edited."""
    quantity: Quantity | None = None
    """The same for a numeric attribute."""


# --- sections
# -----------------------------------------------------------------------------------------------------------


class Base(Struct, frozen=True, kw_only=True):
    """Name, summary and category."""

    name: Text = NO_TEXT
    summary: Text = NO_TEXT
    """One sentence, on cards and in searches."""
    highlights: tuple[Text, ...] = ()
    category: str = ""
    """Slug of a category."""


class Media(Struct, frozen=True, kw_only=True):
    """SHA-256 of uploaded pictures (``assets``), or a drawing."""

    logo: str = ""
    pictures: tuple[str, ...] = ()
    drawing: str = ""
    """SVG, sanitised when it is saved and again when it is shown."""

    @property
    def hashes(self) -> frozenset[str]:
        """Hashes of all pictures of the section."""
        return frozenset({self.logo, *self.pictures} - {""})


class Description(Struct, frozen=True, kw_only=True):
    """The seller's HTML, sanitised when it is shown."""

    body: Text = NO_TEXT
    pictures: tuple[str, ...] = ()

    @property
    def hashes(self) -> frozenset[str]:
        return frozenset(self.pictures)


class Guide(Struct, frozen=True, kw_only=True):
    """How to start after the purchase: shown on the product page and with the access data."""

    body: Text = NO_TEXT


class Support(Struct, frozen=True, kw_only=True):
    """Support contacts and hours."""

    hours: Text = NO_TEXT
    content: Text = NO_TEXT
    email: str = ""
    phone: str = ""


class ExtendParam(Struct, frozen=True, kw_only=True):
    """An input at checkout (business-rules §2.3: at most three)."""

    name: str = ""
    label: Text = NO_TEXT
    required: bool = False


class Purchase(Struct, frozen=True, kw_only=True):
    """Inputs requested from a buyer, and the visibility of the product."""

    extend_params: tuple[ExtendParam, ...] = ()
    asks_mobile: bool = False
    asks_email: bool = False
    asks_user: bool = False
    """Whether the seller receives user ID and user name, to name its administrator account (saas-v1-license A2.1)."""
    access_by_message: bool = False
    """The seller sends access data by SMS or mail, so the interface may return none (saas-v2 §3.2)."""
    terms: Text = NO_TEXT
    """The seller's additions to the product service agreement (business-rules §1.5), in plain text."""
    public: bool = True
    """If false, the product is found only by the address of its page."""


class Pricing(Struct, frozen=True, kw_only=True):
    specs: tuple[Spec, ...] = ()


APPLICATION = "application"
"""Key of the answer with the ``app_id`` of the credential with which members of enterprises sign in, for kinds that
support it."""
ASSET = "asset"
"""Key of the answer with the asset version with which the product is delivered, for kinds that need one."""


class Details(Struct, frozen=True, kw_only=True):
    """Answers to the questions of the kind (``ProductType.fields``): code → answer. Proofs: code → SHA-256."""

    fields: Mapping[str, str] = field(default_factory=dict)
    proofs: Mapping[str, str] = field(default_factory=dict)


class Discovery(Struct, frozen=True, kw_only=True):
    """Words by which searches find the product (SEO)."""

    keywords: Text = NO_TEXT
    tags: tuple[str, ...] = ()


@stored.version(1)
class Document(Struct, frozen=True, kw_only=True):
    """All data of a product except what changes on sale (hidden, stopped, stock, limits), which has columns."""

    product_type: str
    base: Base = field(default_factory=Base)
    media: Media = field(default_factory=Media)
    description: Description = field(default_factory=Description)
    guide: Guide = field(default_factory=Guide)
    support: Support = field(default_factory=Support)
    purchase: Purchase = field(default_factory=Purchase)
    pricing: Pricing = field(default_factory=Pricing)
    details: Details = field(default_factory=Details)
    discovery: Discovery = field(default_factory=Discovery)

    def prices(self) -> Iterator[tuple[Spec, Sku, Price]]:
        for spec in self.pricing.specs:
            for sku in spec.skus:
                for price in sku.prices:
                    yield spec, sku, price

    def pictures(self) -> frozenset[str]:
        """SHA-256 of every picture of the document."""
        return self.media.hashes | self.description.hashes

    def proofs(self) -> set[str]:
        """SHA-256 of every proof of the document."""
        return set(self.details.proofs.values()) - {""}

    def modes(self) -> frozenset[ChargingMode]:
        """Charging modes in which it is sold."""
        return frozenset(price.charging_mode for _spec, _sku, price in self.prices())


SECTIONS: Mapping[str, type] = {
    "base": Base, "media": Media, "description": Description, "guide": Guide, "support": Support,
    "purchase": Purchase, "pricing": Pricing, "details": Details, "discovery": Discovery,
}  # fmt: skip
"""Name of a section → its class, in the order in which a seller fills them in."""


def dump(document: Document) -> dict[str, Any]:
    return stored.dump(document)


def load(plain: Mapping[str, Any]) -> Document:
    """Raises the errors of ``stored.load``."""
    return stored.load(Document, plain)


def digest(plain: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a stored document, independent of the order of its members."""
    return hashlib.sha256(
        json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ).hexdigest()


def with_section(document: Document, name: str, value: object) -> Document:
    """Return the document with one section replaced. Raises ``TypeError`` for a value of another section."""
    if type(value) is not SECTIONS[name]:
        raise TypeError(f"section {name} is no {type(value).__name__}")
    return replace(document, **{name: value})


def minor_bands(price: Price, digits: int) -> list[tuple[int | None, int]]:
    """Return the bands of a complete price in minor units."""
    return [(band.upto, int((band.amount or NONE).scaleb(digits))) for band in price.bands]


def usage_bands(factor: Factor) -> Bands[Decimal]:
    return [(band.upto, band.amount or NONE) for band in factor.bands]
