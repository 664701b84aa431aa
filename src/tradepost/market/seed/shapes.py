"""How a demo product is written down: short in the data, complete when it is listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from html import escape
from importlib.resources import files
from typing import Annotated, Literal

from msgspec import Meta

from tradepost.market.catalog import document as sold
from tradepost.market.catalog.document import Document, Price
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .data_files import Data
from .people import DemoSeller

MONTHS = (1, 3, 6, 9)
YEARS = (1, 2, 3)
WHAT_IT_DOES = Text(zh="主要能力", en="What it does")
WHO_IT_SUITS = Text(zh="适合谁", en="Who it suits")
STANDARD = Text(zh="标准规格", en="Standard")
HOURS = Text(zh="工作日 9:00–18:00（北京时间）", en="Working days 9:00–18:00, Beijing time")
HIGHLIGHTS = 3
"""Features that stand beside a product's name; its description has all of them."""

type Slug = Annotated[str, Meta(pattern="^[a-z0-9-]+$")]
type Count = Annotated[int, Meta(ge=1)]


class Quantity(Data, frozen=True, kw_only=True):
    """What is bought by number: users, devices, shops."""

    name: Text
    least: Count
    most: Count
    step: Count = 1


class Package(Data, frozen=True, kw_only=True):
    """An amount of usage bought in advance for ``numbers`` of a period."""

    quota: Decimal
    price: Decimal
    period: Literal["month", "year"]
    numbers: tuple[Count, ...]


class Usage(Data, frozen=True, kw_only=True):
    """What is charged by usage: the price of one ``unit``, and packages that are deducted from."""

    unit: Text
    price: Decimal
    packages: tuple[Package, ...] = ()

    def prices(self) -> Iterator[Price]:
        yield Price(
            charging_mode=ChargingMode.ON_DEMAND,
            factors=(sold.Factor(code="usage", unit=self.unit, amount=self.price),),
        )
        for package in self.packages:
            yield Price(
                charging_mode=ChargingMode.ON_DEMAND_PKG,
                amount=package.price,
                period_type=package.period,
                period_numbers=package.numbers,
                usage_unit=self.unit,
                quota=package.quota,
            )


class Edition(Data, frozen=True, kw_only=True):
    """One choice of the attribute with its prices. ``quantity`` is left out for a flat price; ``code`` and ``name`` where
    the product has no attribute."""

    code: Slug | Literal[""] = ""
    name: Text | None = None
    month: Decimal | None = None
    year: Decimal | None = None
    once: Decimal | None = None
    usage: Usage | None = None
    quantity: Quantity | None = None

    def prices(self) -> Iterator[Price]:
        for amount, period_type, numbers in ((self.month, "month", MONTHS), (self.year, "year", YEARS)):
            if amount is not None:
                yield Price(
                    charging_mode=ChargingMode.PERIOD, amount=amount, period_type=period_type, period_numbers=numbers
                )
        if self.once is not None:
            yield Price(charging_mode=ChargingMode.ONE_TIME, amount=self.once)
        if self.usage is not None:
            yield from self.usage.prices()

    def sku(self) -> sold.Sku:
        number = self.quantity
        counted = (
            None
            if number is None
            else sold.Quantity(name=number.name, least=number.least, most=number.most, step=number.step)
        )
        return sold.Sku(
            values={"edition": self.code} if self.code else {}, quantity=counted, prices=tuple(self.prices())
        )


class Editions(Data, frozen=True, kw_only=True):
    """What can be chosen of a product: by ``attribute``, or the only one there is."""

    editions: Annotated[tuple[Edition, ...], Meta(min_length=1)]
    attribute: Text | None = None
    """Name of the attribute by which the editions differ."""

    def spec(self) -> sold.Spec:
        attributes: tuple[sold.Attribute, ...] = ()
        if self.attribute is not None:
            values = tuple(sold.Value(code=e.code, name=e.name) for e in self.editions if e.name)
            attributes = (sold.Attribute(code="edition", name=self.attribute, values=values),)
        return sold.Spec(name=STANDARD, attributes=attributes, skus=tuple(edition.sku() for edition in self.editions))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Key and what is wrong, beyond what each field says for itself."""
        codes = [edition.code for edition in self.editions]
        if len(set(codes)) != len(codes):
            yield "editions", "two have the same code"
        for number, edition in enumerate(self.editions):
            key = f"editions[{number}]"
            if not any(edition.prices()):
                yield key, "needs a price: month, year, once or usage"
            if any(amount is not None and amount <= 0 for price in edition.prices() for amount in _amounts(price)):
                yield key, "a price must be above 0"
            if (self.attribute is None) != (edition.name is None) or bool(edition.code) != bool(edition.name):
                yield key, "code and name belong to a product with an attribute, and to no other"
            if edition.quantity is not None and edition.quantity.least > edition.quantity.most:
                yield f"{key}.quantity.least", "is above most"


class DemoProduct(Editions, frozen=True, kw_only=True):
    slug: Slug
    seller: Slug
    category: Slug
    name: Text
    summary: Text
    lead: Text
    features: tuple[Text, ...]
    suits: Text
    start: tuple[Text, ...]
    extend_params: tuple[dict[str, str | bool], ...] = ()
    asks_mobile: bool = False
    asks_email: bool = False

    def document(self, seller: DemoSeller) -> Document:
        """What a seller would hand in to list this product."""
        return Document(
            product_type="SAAS",
            base=sold.Base(
                name=self.name, summary=self.summary, category=self.category, highlights=self.features[:HIGHLIGHTS]
            ),
            media=sold.Media(drawing=picture(self.slug)),
            description=sold.Description(body=Text(zh=self._description("zh"), en=self._description("en"))),
            guide=sold.Guide(body=Text(zh=_steps([s.zh for s in self.start]), en=_steps([s.en for s in self.start]))),
            support=sold.Support(hours=HOURS, email=seller.contact_email, phone=seller.phone),
            purchase=sold.Purchase(
                extend_params=tuple(extend_param(p) for p in self.extend_params),
                asks_mobile=self.asks_mobile,
                asks_email=self.asks_email,
            ),
            pricing=sold.Pricing(specs=(self.spec(),)),
        )

    def _description(self, language: str) -> str:
        def say(text: Text) -> str:
            return escape(text.in_language(language))

        return (
            f"<p>{say(self.lead)}</p>\n<h3>{say(WHAT_IT_DOES)}</h3>\n<ul>\n"
            + "".join(f"<li>{say(feature)}</li>\n" for feature in self.features)
            + f"</ul>\n<h3>{say(WHO_IT_SUITS)}</h3>\n<p>{say(self.suits)}</p>"
        )


def _amounts(price: Price) -> Iterator[Decimal | None]:
    yield from [factor.amount for factor in price.factors] or [price.amount]


def extend_param(written: dict[str, str | bool]) -> sold.ExtendParam:
    label = Text(zh=str(written["label"]), en=str(written["label_en"]))
    return sold.ExtendParam(name=str(written["name"]), label=label, required=bool(written.get("required")))


def _steps(steps: Sequence[str]) -> str:
    return "<ol>\n" + "".join(f"<li>{escape(step)}</li>\n" for step in steps) + "</ol>"


def picture(slug: str) -> str:
    """The product's drawing: geometric, on a ground of its own, so that it looks the same in light and dark."""
    return (files(__package__) / "pictures" / f"{slug}.svg").read_text(encoding="utf-8")
