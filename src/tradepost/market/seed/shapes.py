"""How a demo product is written down: short in the data, complete when it is listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from importlib.resources import files

from tradepost.market.catalog.listing import ListProduct, NewSku, NewSpec, Price
from tradepost.protocols.commands import ChargingMode

from .people import DemoSeller

MONTHS = (1, 3, 6, 9)
YEARS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is bought by number: users, devices, shops."""

    name: Said
    least: int
    most: int
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One choice of the edition attribute with its prices. ``quantity`` is None for a flat price."""

    code: str
    name: Said
    month: str = ""
    year: str = ""
    once: str = ""
    quantity: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProduct:
    seller: DemoSeller
    category: str
    slug: str
    name: Said
    summary: Said
    lead: Said
    features: tuple[Said, ...]
    suits: Said
    start: tuple[Said, ...]
    attribute: Said
    """Name of the attribute by which the editions differ."""
    editions: tuple[Edition, ...]
    extend_params: tuple[dict[str, object], ...] = ()
    asks_mobile: bool = False
    asks_email: bool = False

    def command(self, currency: str) -> ListProduct:
        """What a seller would submit to list this product."""
        return ListProduct(
            product_type="SAAS",
            category=self.category,
            slug=self.slug,
            name=self.name.zh,
            name_en=self.name.en,
            summary=self.summary.zh,
            summary_en=self.summary.en,
            description=_description(self.lead.zh, "主要能力", [f.zh for f in self.features], "适合谁", self.suits.zh),
            description_en=_description(
                self.lead.en, "What it does", [f.en for f in self.features], "Who it suits", self.suits.en
            ),
            guide=_steps([s.zh for s in self.start]),
            guide_en=_steps([s.en for s in self.start]),
            picture=picture(self.slug),
            contact_email=self.seller.contact_email,
            contact_phone=self.seller.phone,
            extend_params=[dict(p) for p in self.extend_params],
            asks_mobile=self.asks_mobile,
            asks_email=self.asks_email,
            currency=currency,
            specs=(self._spec(),),
        )

    def _spec(self) -> NewSpec:
        values = [{"code": e.code, "name": e.name.zh, "name_en": e.name.en} for e in self.editions]
        return NewSpec(
            name="标准规格",
            name_en="Standard",
            skus=tuple(_sku(e) for e in self.editions),
            attributes=[{"code": "edition", "name": self.attribute.zh, "name_en": self.attribute.en, "values": values}],
        )


def _sku(edition: Edition) -> NewSku:
    prices = []
    for amount, period_type, numbers in ((edition.month, "month", MONTHS), (edition.year, "year", YEARS)):
        if amount:
            prices.append(
                Price(
                    charging_mode=ChargingMode.PERIOD,
                    amount=Decimal(amount),
                    period_type=period_type,
                    period_numbers=numbers,
                )
            )
    if edition.once:
        prices.append(Price(charging_mode=ChargingMode.ONE_TIME, amount=Decimal(edition.once)))
    values = {"edition": edition.code}
    if edition.quantity is None:
        return NewSku(prices=tuple(prices), values=values)
    return NewSku(
        prices=tuple(prices),
        values=values,
        quantity_name=edition.quantity.name.zh,
        quantity_name_en=edition.quantity.name.en,
        quantity_min=edition.quantity.least,
        quantity_max=edition.quantity.most,
        quantity_step=edition.quantity.step,
    )


def _description(lead: str, features_title: str, features: Sequence[str], suits_title: str, suits: str) -> str:
    return (
        f"<p>{escape(lead)}</p>\n<h3>{features_title}</h3>\n<ul>\n"
        + "".join(f"<li>{escape(feature)}</li>\n" for feature in features)
        + f"</ul>\n<h3>{suits_title}</h3>\n<p>{escape(suits)}</p>"
    )


def _steps(steps: Sequence[str]) -> str:
    return "<ol>\n" + "".join(f"<li>{escape(step)}</li>\n" for step in steps) + "</ol>"


def picture(slug: str) -> str:
    """The product's drawing: geometric, on a ground of its own, so that it looks the same in light and dark."""
    return (files(__package__) / "pictures" / f"{slug}.svg").read_text(encoding="utf-8")
