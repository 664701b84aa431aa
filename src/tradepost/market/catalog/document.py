"""A product as its seller describes it: one typed document of sections, a draft until it is sealed (business-rules §2.3).

Everything may be missing in a draft, so every field has an empty value; what lacks is said by the checks before a submission.
A document is stored with its version (``base/stored.py``); what was sealed is never changed, so the classes only grow:
a field that gets a default keeps the version, any other change is the next, with an upgrade.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from tradepost.market.base import stored
from tradepost.market.base.values import replace
from tradepost.market.product_types.charging import Charging, charging
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .price_models import Bands, PriceModel

NO_TEXT = Text(en="", zh="")
NONE = Decimal(0)


# --- what is sold and for how much ------------------------------------------------------------------------------------


class Band(Struct, frozen=True, kw_only=True):
    """One step of a price by quantity: up to and with ``upto`` units (None: all that are more), ``amount`` each, in main
    units."""

    upto: int | None = None
    amount: Decimal | None = None


class UsageBand(Struct, frozen=True, kw_only=True):
    """The same for usage, whose quantities have decimals."""

    upto: Decimal | None = None
    amount: Decimal | None = None


class Factor(Struct, frozen=True, kw_only=True):
    """What is counted of a price on demand (business-rules §3.2 计费因子)."""

    code: str = ""
    """Of usage records."""
    unit: Text = NO_TEXT
    """What is counted, in the plural as a seller names quantities (calls, GB)."""
    cycle: str = "hour"
    """How often usage is charged: hour, day, month."""
    accumulation: str = ""
    """Over what time usage adds up before bands are looked for: ``""`` (each record by itself), day, month."""
    model: PriceModel = PriceModel.LINEAR
    amount: Decimal | None = None
    """Of one unit, in main units, where the model has no bands."""
    bands: tuple[UsageBand, ...] = ()


class Price(Struct, frozen=True, kw_only=True):
    """One way to pay for a SKU: what the protocols call productId (month and year are two)."""

    product_id: str = ""
    """Minted when the draft is saved; the seller configures it beforehand."""
    charging_mode: ChargingMode = ChargingMode.PERIOD
    period_type: str = ""
    """day, month, year; empty for what has no end."""
    period_numbers: tuple[int, ...] = ()
    """Sellable durations; of a trial its days."""
    model: PriceModel = PriceModel.LINEAR
    amount: Decimal | None = None
    """Of one unit for one period, in main units, where the model has no bands. Zero of what is charged by usage."""
    bands: tuple[Band, ...] = ()
    trial: bool = False
    """Given for nothing for the days of ``period_numbers`` (business-rules §3.5)."""
    factors: tuple[Factor, ...] = ()
    """Of what is on demand."""
    usage_unit: Text = NO_TEXT
    """Of a package: the unit of the factor that it is deducted from."""
    quota: Decimal = NONE
    """Of a package: the usage that one period and one unit of quantity hold."""
    reset: str = ""
    """Of a package: when its quota is full again: ``""`` (never), month, year."""
    stops_when_used_up: bool = False
    """Of a package: the service stops then, and what was used beyond it costs nothing (business-rules §3.2)."""

    @property
    def charging(self) -> Charging:
        return charging(self.charging_mode, stops=self.stops_when_used_up)

    @property
    def unit(self) -> Text:
        """What is counted, of prices that are metered."""
        return self.factors[0].unit if self.factors else self.usage_unit


AMOUNT, DISK_SIZE, BAND_WIDTH = "amount", "diskSize", "bandWidth"
PARAMETERS = (AMOUNT, DISK_SIZE, BAND_WIDTH)
"""Of numeric attributes: pieces or people, GB of disk, Mbit/s."""


class Quantity(Struct, frozen=True, kw_only=True):
    """A numeric attribute: what is bought by number (users, devices)."""

    name: Text = NO_TEXT
    least: int = 1
    most: int = 1
    step: int = 1
    parameter: str = AMOUNT
    """As which parameter SaaS 1.0 sends it: one of ``PARAMETERS`` (saas-v1-license A2.1, business-rules §3.4)."""


class Value(Struct, frozen=True, kw_only=True):
    code: str = ""
    name: Text = NO_TEXT


class Attribute(Struct, frozen=True, kw_only=True):
    """An enum attribute: what a buyer chooses one value of."""

    code: str = ""
    name: Text = NO_TEXT
    values: tuple[Value, ...] = ()


class Sku(Struct, frozen=True, kw_only=True):
    """One combination of attribute values that is sold. Only what is ticked and priced is here (business-rules §3.4)."""

    code: str = ""
    """skuCode; minted when the draft is saved."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Attribute code → value code."""
    quantity: Quantity | None = None
    prices: tuple[Price, ...] = ()


class Spec(Struct, frozen=True, kw_only=True):
    """A version, function or module of the product (business-rules §2.2)."""

    key: str = ""
    """Minted when the draft is saved; never shown."""
    name: Text = NO_TEXT
    attributes: tuple[Attribute, ...] = ()
    skus: tuple[Sku, ...] = ()
    plans: tuple[Price, ...] = ()
    """Ways to pay that a seller laid out and has no SKU with a price for yet: they are kept while the draft is written."""
    quantity: Quantity | None = None
    """The same of a numeric attribute."""


# --- the sections -----------------------------------------------------------------------------------------------------


class Base(Struct, frozen=True, kw_only=True):
    """What it is called and where it stands."""

    name: Text = NO_TEXT
    summary: Text = NO_TEXT
    """One sentence, on cards and in searches."""
    highlights: tuple[Text, ...] = ()
    category: str = ""
    """Slug of a category."""


class Media(Struct, frozen=True, kw_only=True):
    """How it looks: SHA-256 of pictures that were handed in (``assets``), or a drawing."""

    logo: str = ""
    pictures: tuple[str, ...] = ()
    drawing: str = ""
    """SVG, sanitised when it is saved and again when it is shown."""

    @property
    def hashes(self) -> frozenset[str]:
        """Of all pictures that it refers to."""
        return frozenset({self.logo, *self.pictures} - {""})


class Description(Struct, frozen=True, kw_only=True):
    """What it does: HTML of the seller, sanitised when it is shown."""

    body: Text = NO_TEXT
    pictures: tuple[str, ...] = ()

    @property
    def hashes(self) -> frozenset[str]:
        return frozenset(self.pictures)


class Guide(Struct, frozen=True, kw_only=True):
    """How to start after the purchase: shown on the product page and with the access data."""

    body: Text = NO_TEXT


class Support(Struct, frozen=True, kw_only=True):
    """Who answers, and when."""

    hours: Text = NO_TEXT
    content: Text = NO_TEXT
    email: str = ""
    phone: str = ""


class ExtendParam(Struct, frozen=True, kw_only=True):
    """An input asked at checkout (business-rules §2.3: at most three)."""

    name: str = ""
    label: Text = NO_TEXT
    required: bool = False


class Purchase(Struct, frozen=True, kw_only=True):
    """What is asked of a buyer, and who may find the product."""

    extend_params: tuple[ExtendParam, ...] = ()
    asks_mobile: bool = False
    asks_email: bool = False
    asks_user: bool = False
    """Whether the seller gets user ID and user name, to name its administrator account by them (saas-v1-license A2.1)."""
    access_by_message: bool = False
    """The seller sends access data by SMS or mail, so the interface may stay silent (saas-v2 §3.2)."""
    terms: Text = NO_TEXT
    """What the seller adds to the product service agreement (business-rules §1.5), in plain text."""
    public: bool = True
    """Otherwise only who has the address of its page finds it."""


class Pricing(Struct, frozen=True, kw_only=True):
    specs: tuple[Spec, ...] = ()


APPLICATION = "application"
"""Among the answers: the ``app_id`` of the credential by which people of enterprises sign in, for kinds that may have one."""
ASSET = "asset"
"""Among the answers: the key of the version of an asset that the product is delivered with, for kinds that need one."""


class Details(Struct, frozen=True, kw_only=True):
    """Answers to what its kind of product asks (``ProductType.fields``): code → what was typed. Proofs: code → SHA-256."""

    fields: Mapping[str, str] = field(default_factory=dict)
    proofs: Mapping[str, str] = field(default_factory=dict)


class Discovery(Struct, frozen=True, kw_only=True):
    """Words that searches should find it by (SEO)."""

    keywords: Text = NO_TEXT
    tags: tuple[str, ...] = ()


@stored.version(1)
class Document(Struct, frozen=True, kw_only=True):
    """All of a product but what changes while it is sold (hidden, stopped, stock, limits): those are columns."""

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
        """SHA-256 of every picture that it refers to."""
        return self.media.hashes | self.description.hashes

    def proofs(self) -> set[str]:
        """The same of documents."""
        return set(self.details.proofs.values()) - {""}

    def modes(self) -> frozenset[ChargingMode]:
        """Charging modes that it is sold in."""
        return frozenset(price.charging_mode for _spec, _sku, price in self.prices())


SECTIONS: Mapping[str, type] = {
    "base": Base, "media": Media, "description": Description, "guide": Guide, "support": Support,
    "purchase": Purchase, "pricing": Pricing, "details": Details, "discovery": Discovery,
}  # fmt: skip
"""Name of a section → its class, in the order in which a seller fills them in."""


def dump(document: Document) -> dict[str, Any]:
    return stored.dump(document)


def load(plain: Mapping[str, Any]) -> Document:
    """Raises what ``stored.load`` raises."""
    return stored.load(Document, plain)


def digest(plain: Mapping[str, Any]) -> str:
    """SHA-256 of a stored document: the same for the same content, whatever the order of its members."""
    return hashlib.sha256(
        json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ).hexdigest()


def with_section(document: Document, name: str, value: object) -> Document:
    """The document with one section replaced. Raises ``TypeError`` for a value of another section."""
    if type(value) is not SECTIONS[name]:
        raise TypeError(f"section {name} is no {type(value).__name__}")
    return replace(document, **{name: value})


def minor_bands(price: Price, digits: int) -> list[tuple[int | None, int]]:
    """The bands of a complete price in minor units."""
    return [(band.upto, int((band.amount or NONE).scaleb(digits))) for band in price.bands]


def usage_bands(factor: Factor) -> Bands[Decimal]:
    return [(band.upto, band.amount or NONE) for band in factor.bands]
