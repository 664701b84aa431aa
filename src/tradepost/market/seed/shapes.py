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
from tradepost.market.product_types.contract import NO
from tradepost.market.product_types.web_site import HAS_ONE
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .data_files import Data
from .people import DemoSeller

MONTHS = (1, 3, 6, 9)
YEARS = (1, 2, 3)
WHAT_IT_DOES = Text(zh="主要能力", en="What it does")
WHO_IT_SUITS = Text(zh="适合谁", en="Who it suits")
WHAT_IS_SOLD = Text(zh="可选版本", en="Editions")
WHAT_COMES = Text(zh="开通与服务", en="How it is opened and looked after")
OPENED = Text(
    zh="付款后由服务商自动开通，登录地址和初始账号显示在「我的服务」里。订阅期内的版本更新不另收费；到期前可以续费，到期后先冻结、再释放。",
    en="It is opened as soon as it is paid; address and first account are shown under Services. Updates during the paid time "
    "are included. It can be renewed before its end; after that it is frozen first and released later.",
)
OPENED_ON_DEMAND = Text(
    zh="下单后由服务商自动开通，登录地址和初始账号显示在「我的服务」里。开通不收费，用量按小时结算并从余额扣除；余额不足时先冻结、结清后恢复。",
    en="It is opened as soon as it is ordered; address and first account are shown under Services. Opening is free; usage is "
    "settled each hour from the balance. When that does not suffice the service is frozen, and goes on once all is paid.",
)
STANDARD = Text(zh="标准规格", en="Standard")
HOURS = Text(zh="工作日 9:00–18:00（北京时间）", en="Working days 9:00–18:00, Beijing time")
SUPPORTED = Text(
    zh="使用咨询、故障排查、数据导入指导，以及版本更新说明。",
    en="Questions about its use, faults, help with importing data, and news of each version.",
)
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
    """An amount of usage bought in advance for ``numbers`` of a period. ``reset``: when it is full again; ``stops``: whether
    the service stops when it is used up."""

    quota: Decimal
    price: Decimal
    period: Literal["month", "year"]
    numbers: tuple[Count, ...]
    reset: Literal["", "month", "year"] = ""
    stops: bool = False


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
                reset=package.reset,
                stops_when_used_up=package.stops,
            )


class Uses(Data, frozen=True, kw_only=True):
    """A package of uses: ``quota`` of the unit, bought once, until nothing is left (business-rules §3.2)."""

    unit: Text
    quota: Decimal
    price: Decimal

    def sold(self) -> Price:
        return Price(
            charging_mode=ChargingMode.ONE_TIME, amount=self.price, usage_unit=self.unit, quota=self.quota,
            stops_when_used_up=True,
        )  # fmt: skip

    def said(self, language: str) -> str:
        unit = self.unit.in_language(language)
        return (
            f"含 {self.quota:,} {unit}，用完即止"
            if language == "zh"
            else f"{self.quota:,} {unit}, until they are used up"
        )


class Edition(Data, frozen=True, kw_only=True):
    """One choice of the attribute with its prices. ``quantity`` is left out for a flat price; ``code`` and ``name`` where
    the product has no attribute."""

    code: Slug | Literal[""] = ""
    name: Text | None = None
    month: Decimal | None = None
    year: Decimal | None = None
    once: Decimal | None = None
    trial_days: Annotated[int, Meta(ge=3, le=180)] | None = None
    """For how long it can be tried for nothing, where it can be."""
    usage: Usage | None = None
    uses: Uses | None = None
    quantity: Quantity | None = None

    def prices(self) -> Iterator[Price]:
        for amount, period_type, numbers in ((self.month, "month", MONTHS), (self.year, "year", YEARS)):
            if amount is not None:
                yield Price(
                    charging_mode=ChargingMode.PERIOD, amount=amount, period_type=period_type, period_numbers=numbers
                )
        if self.once is not None:
            yield Price(charging_mode=ChargingMode.ONE_TIME, amount=self.once)
        if self.trial_days is not None:
            yield Price(
                charging_mode=ChargingMode.PERIOD, amount=Decimal(0), period_type="day",
                period_numbers=(self.trial_days,), trial=True,
            )  # fmt: skip
        if self.usage is not None:
            yield from self.usage.prices()
        if self.uses is not None:
            yield self.uses.sold()

    def said(self, language: str) -> str:
        """What is sold by this name, in a line: how many, and how it is paid."""
        number, chinese = self.quantity, language == "zh"
        parts = []
        if number is not None:
            name, range_ = number.name.in_language(language), f"{number.least}–{number.most}"
            steps = "" if number.step == 1 else f"，以 {number.step} 递增" if chinese else f" in steps of {number.step}"
            parts.append(f"{name} {range_}{steps}" if chinese else f"{name.lower()} {range_}{steps}")
        periods = ((self.month, "按月", "by the month"), (self.year, "按年", "by the year"))
        said = [(zh if chinese else en) for amount, zh, en in periods if amount is not None]
        if said:
            parts.append("、".join(said) + "购买" if chinese else f"paid {' or '.join(said)}")
        if self.once is not None:
            parts.append("一次性购买" if chinese else "paid once")
        if self.usage is not None:
            parts.append("按用量付费" if chinese else "paid by usage")
        if self.uses is not None:
            parts.append(self.uses.said(language))
        name = (self.name or STANDARD).in_language(language)
        return f"{name}：{'，'.join(parts)}" if chinese else f"{name}: {', '.join(parts)}"

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
                yield key, "needs a price: month, year, once, usage or uses"
            paid = [price for price in edition.prices() if not price.trial]
            if any(amount is not None and amount <= 0 for price in paid for amount in _amounts(price)):
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
    upgrades: bool = False
    """Whether a buyer may change from each edition to the next while using it."""
    kind: str = "SAAS"
    answers: dict[str, str] = {}
    """To what its kind asks; of SaaS that it has no web site."""
    comes: Text | None = None
    """How it is delivered, where that is not by opening it."""

    def document(self, seller: DemoSeller, *, proof: str) -> Document:
        """What a seller would hand in to list this product. ``proof``: the SHA-256 of its copyright certificate, if it has one."""
        return Document(
            product_type=self.kind,
            base=sold.Base(
                name=self.name, summary=self.summary, category=self.category, highlights=self.features[:HIGHLIGHTS]
            ),
            media=sold.Media(drawing=picture(self.slug)),
            description=sold.Description(body=Text(zh=self._description("zh"), en=self._description("en"))),
            guide=sold.Guide(body=Text(zh=_steps([s.zh for s in self.start]), en=_steps([s.en for s in self.start]))),
            support=sold.Support(hours=HOURS, content=SUPPORTED, email=seller.contact_email, phone=seller.phone),
            purchase=sold.Purchase(
                extend_params=tuple(extend_param(p) for p in self.extend_params),
                asks_mobile=self.asks_mobile,
                asks_email=self.asks_email,
            ),
            pricing=sold.Pricing(specs=(self.spec(),)),
            details=sold.Details(
                fields=self.answers or {HAS_ONE: NO}, proofs={"software_copyright": proof} if proof else {}
            ),
        )

    @property
    def only_by_usage(self) -> bool:
        return all(edition.usage and edition.month is edition.year is edition.once is None for edition in self.editions)

    def _description(self, language: str) -> str:
        def say(text: Text) -> str:
            return escape(text.in_language(language))

        features = _listed([say(feature) for feature in self.features])
        editions = _listed([escape(edition.said(language)) for edition in self.editions])
        return (
            f"<p>{say(self.lead)}</p>\n<h3>{say(WHAT_IT_DOES)}</h3>\n{features}\n"
            f"<h3>{say(WHO_IT_SUITS)}</h3>\n<p>{say(self.suits)}</p>\n"
            f"<h3>{say(WHAT_IS_SOLD)}</h3>\n{editions}\n"
            f"<h3>{say(WHAT_COMES)}</h3>\n<p>{say(self.comes or (OPENED_ON_DEMAND if self.only_by_usage else OPENED))}</p>"
        )


def _listed(lines: Sequence[str]) -> str:
    return "<ul>\n" + "".join(f"<li>{line}</li>\n" for line in lines) + "</ul>"


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
