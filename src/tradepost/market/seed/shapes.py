"""The compact form of demo products in data files, and its expansion to full documents."""

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
from tradepost.market.product_types.web_site import HAS_WEB_SITE
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .data_files import DataTable
from .people import DemoSeller

MONTHS = (1, 3, 6, 9)
YEARS = (1, 2, 3)
FEATURES_HEADING = Text(zh="主要能力", en="Key features")
AUDIENCE_HEADING = Text(zh="适合谁", en="Who it suits")
EDITIONS_HEADING = Text(zh="可选版本", en="Editions")
DELIVERY_HEADING = Text(zh="开通与服务", en="How it is opened and looked after")
DELIVERY_TEXT = Text(
    zh="付款后由服务商自动开通，登录地址和初始账号显示在「我的服务」里。订阅期内的版本更新不另收费；到期前可以续费，到期后先冻结、再释放。",
    en="It is opened as soon as it is paid; address and first account are shown under Services. Updates during the paid time "
    "are included. It can be renewed before its end; after that it is frozen first and released later.",
)
ON_DEMAND_DELIVERY_TEXT = Text(
    zh="下单后由服务商自动开通，登录地址和初始账号显示在「我的服务」里。开通不收费，用量按小时结算并从余额扣除；余额不足时先冻结、结清后恢复。",
    en="It is opened as soon as it is ordered; address and first account are shown under Services. Opening is free; usage is "
    "settled each hour from the balance. When that does not suffice the service is frozen, and goes on once all is paid.",
)
STANDARD = Text(zh="标准规格", en="Standard")
SUPPORT_HOURS = Text(zh="工作日 9:00–18:00（北京时间）", en="Working days 9:00–18:00, Beijing time")
SUPPORT_CONTENT = Text(
    zh="使用咨询、故障排查、数据导入指导，以及版本更新说明。",
    en="Questions about its use, faults, help with importing data, and news of each version.",
)
HIGHLIGHTS = 3
"""Number of features shown beside a product's name; the description has all."""

type Slug = Annotated[str, Meta(pattern="^[a-z0-9-]+$")]
type Count = Annotated[int, Meta(ge=1)]


class Quantity(DataTable, frozen=True, kw_only=True):
    """A quantity that buyers choose: users, devices, shops."""

    name: Text
    least: Count
    most: Count
    step: Count = 1


class Package(DataTable, frozen=True, kw_only=True):
    """A prepaid amount of usage for ``numbers`` of a period.

    ``reset``: when it is refilled; ``stops``: whether the service stops when it is used up.
    """

    quota: Decimal
    price: Decimal
    period: Literal["month", "year"]
    numbers: tuple[Count, ...]
    reset: Literal["", "month", "year"] = ""
    stops: bool = False


class Usage(DataTable, frozen=True, kw_only=True):
    """A usage price per ``unit``, and packages."""

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


class Uses(DataTable, frozen=True, kw_only=True):
    """A package of uses: ``quota`` units, bought once and used up (business-rules §3.2)."""

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


class Edition(DataTable, frozen=True, kw_only=True):
    """An edition with its prices. ``quantity``: none for a flat price; ``code`` and ``name``: none without an
    attribute."""

    code: Slug | Literal[""] = ""
    name: Text | None = None
    month: Decimal | None = None
    year: Decimal | None = None
    once: Decimal | None = None
    trial_days: Annotated[int, Meta(ge=3, le=180)] | None = None
    """Length of the free trial in days, if there is one."""
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
        """Return a one-line description of the edition: quantity and payment."""
        number, chinese = self.quantity, language == "zh"
        parts = []
        if number is not None:
            name, quantity_range = number.name.in_language(language), f"{number.least}–{number.most}"
            steps = "" if number.step == 1 else f"，以 {number.step} 递增" if chinese else f" in steps of {number.step}"
            parts.append(f"{name} {quantity_range}{steps}" if chinese else f"{name.lower()} {quantity_range}{steps}")
        periods = ((self.month, "按月", "monthly"), (self.year, "按年", "yearly"))
        payment_periods = [(zh if chinese else en) for amount, zh, en in periods if amount is not None]
        if payment_periods:
            parts.append("、".join(payment_periods) + "购买" if chinese else f"paid {' or '.join(payment_periods)}")
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


class Editions(DataTable, frozen=True, kw_only=True):
    """The editions of a product, distinguished by ``attribute``, or a single one."""

    editions: Annotated[tuple[Edition, ...], Meta(min_length=1)]
    attribute: Text | None = None
    """Name of the attribute that distinguishes the editions."""

    def spec(self) -> sold.Spec:
        attributes: tuple[sold.Attribute, ...] = ()
        if self.attribute is not None:
            values = tuple(sold.Value(code=e.code, name=e.name) for e in self.editions if e.name)
            attributes = (sold.Attribute(code="edition", name=self.attribute, values=values),)
        return sold.Spec(name=STANDARD, attributes=attributes, skus=tuple(edition.sku() for edition in self.editions))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield key and problem beyond the checks of single fields."""
        codes = [edition.code for edition in self.editions]
        if len(set(codes)) != len(codes):
            yield "editions", "two have the same code"
        for number, edition in enumerate(self.editions):
            key = f"editions[{number}]"
            if not any(edition.prices()):
                yield key, "needs a price: month, year, once, usage or uses"
            paid_prices = [price for price in edition.prices() if not price.trial]
            if any(amount is not None and amount <= 0 for price in paid_prices for amount in _amounts(price)):
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
    """Whether a buyer may upgrade from each edition to the next."""
    kind: str = "SAAS"
    answers: dict[str, str] = {}
    """Answers to the questions of the product type; for SaaS by default that it has no website."""
    comes: Text | None = None
    """How it is delivered, if not by opening a service."""

    def document(self, seller: DemoSeller, *, proof: str) -> Document:
        """Return the document to list this product. ``proof``: the SHA-256 of its copyright certificate, if any."""
        return Document(
            product_type=self.kind,
            base=sold.Base(
                name=self.name, summary=self.summary, category=self.category, highlights=self.features[:HIGHLIGHTS]
            ),
            media=sold.Media(drawing=picture(self.slug)),
            description=sold.Description(body=Text(zh=self._description("zh"), en=self._description("en"))),
            guide=sold.Guide(body=Text(zh=_steps([s.zh for s in self.start]), en=_steps([s.en for s in self.start]))),
            support=sold.Support(
                hours=SUPPORT_HOURS, content=SUPPORT_CONTENT, email=seller.contact_email, phone=seller.phone
            ),
            purchase=sold.Purchase(
                extend_params=tuple(extend_param(p) for p in self.extend_params),
                asks_mobile=self.asks_mobile,
                asks_email=self.asks_email,
            ),
            pricing=sold.Pricing(specs=(self.spec(),)),
            details=sold.Details(
                fields=self.answers or {HAS_WEB_SITE: NO}, proofs={"software_copyright": proof} if proof else {}
            ),
        )

    @property
    def only_by_usage(self) -> bool:
        return all(edition.usage and edition.month is edition.year is edition.once is None for edition in self.editions)

    def _description(self, language: str) -> str:
        def say(text: Text) -> str:
            return escape(text.in_language(language))

        features = _html_list([say(feature) for feature in self.features])
        editions = _html_list([escape(edition.said(language)) for edition in self.editions])
        return (
            f"<p>{say(self.lead)}</p>\n<h3>{say(FEATURES_HEADING)}</h3>\n{features}\n"
            f"<h3>{say(AUDIENCE_HEADING)}</h3>\n<p>{say(self.suits)}</p>\n"
            f"<h3>{say(EDITIONS_HEADING)}</h3>\n{editions}\n"
            f"<h3>{say(DELIVERY_HEADING)}</h3>\n<p>{say(self.comes or (ON_DEMAND_DELIVERY_TEXT if self.only_by_usage else DELIVERY_TEXT))}</p>"
        )


def _html_list(lines: Sequence[str]) -> str:
    return "<ul>\n" + "".join(f"<li>{line}</li>\n" for line in lines) + "</ul>"


def _amounts(price: Price) -> Iterator[Decimal | None]:
    yield from [factor.amount for factor in price.factors] or [price.amount]


def extend_param(written: dict[str, str | bool]) -> sold.ExtendParam:
    label = Text(zh=str(written["label"]), en=str(written["label_en"]))
    return sold.ExtendParam(name=str(written["name"]), label=label, required=bool(written.get("required")))


def _steps(steps: Sequence[str]) -> str:
    return "<ol>\n" + "".join(f"<li>{escape(step)}</li>\n" for step in steps) + "</ol>"


def picture(slug: str) -> str:
    """Return the product's drawing, with its own background for light and dark themes."""
    return (files(__package__) / "pictures" / f"{slug}.svg").read_text(encoding="utf-8")
