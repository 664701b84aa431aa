"""The view of a product page, built from one document. The page of a listed product and the preview of a draft are
the same (business-rules §2.3).

Pure. A draft may be incomplete, so every part may be empty. ``Controls`` has the settings of sellers and operators
besides the document (hidden, stopped, limits)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from tradepost.market.base.money import Money
from tradepost.market.product_types import milestones
from tradepost.market.product_types.acceptance import flow_of
from tradepost.market.product_types.charging import Charging
from tradepost.market.product_types.contract import ProductType, Question
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .cheapest import LowestPrice, cheapest, lowest_price
from .document import NO_TEXT, NONE, Attribute, Document, Factor, Price, Quantity, Sku, Spec, Support, usage_bands
from .price_models import PriceModel


class Limit(Struct, frozen=True, kw_only=True):
    """How much one buyer may buy, of the whole product or of one spec (business-rules §3.7)."""

    maximum: int
    spec: Text | None = None
    until_expiry: bool = False


class Target(Struct, frozen=True, kw_only=True):
    """Who can buy it, if restricted: companies, people, listed, holders."""

    audience: str
    spec: Text | None = None
    holders_of: Text | None = None


class Controls(Struct, frozen=True, kw_only=True):
    """Settings besides the document: what can be bought, by whom and how much."""

    sold: bool = True
    """Whether it can be bought now: on sale, by an active seller."""
    stopped: bool = False
    """Sales ended permanently."""
    hidden_specs: frozenset[str] = frozenset()
    on_sale: frozenset[str] | None = None
    """IDs of the prices that can be bought; None for all of the document, in a preview."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """Key of a spec, or empty for the whole product → its limit."""
    targets: Mapping[str, Target] = field(default_factory=dict)
    left: int | None = None
    """Number in stock, if the kind of product has stock."""


PREVIEW_CONTROLS = Controls()
"""The controls of a preview: nothing is hidden, stopped or limited."""


class BandView(Struct, frozen=True):
    """Units from ``after`` to ``upto`` (None: no limit) cost ``amount`` each; usage costs ``rate`` main units."""

    after: Decimal
    upto: Decimal | None
    amount: Money | None = None
    rate: Decimal = NONE


class FactorView(Struct, frozen=True):
    """A billing factor with its price."""

    unit: Text
    cycle: str
    accumulation: str
    model: PriceModel
    rate: Decimal
    bands: tuple[BandView, ...]


class PriceView(Struct, frozen=True):
    """A price of a SKU. ``amount``: for one unit and period; None for a price with bands, or by usage."""

    product_id: str
    charging: Charging
    period_type: str
    period_numbers: tuple[int, ...]
    model: PriceModel
    amount: Money | None
    bands: tuple[BandView, ...]
    factors: tuple[FactorView, ...]
    usage_unit: Text
    quota: Decimal
    reset: str
    stops_when_used_up: bool
    trial: bool
    least: LowestPrice


class SkuView(Struct, frozen=True):
    code: str
    values: tuple[Text, ...]
    """One per attribute, in the order of the spec."""
    quantity: Quantity | None
    """What is bought by number, if there is a choice."""
    prices: tuple[PriceView, ...]

    @property
    def trial_days(self) -> int:
        """Days of the trial; 0: no trial (business-rules §3.5)."""
        return next((price.period_numbers[0] for price in self.prices if price.trial and price.period_numbers), 0)


class SpecView(Struct, frozen=True):
    key: str
    name: Text
    attributes: tuple[Attribute, ...]
    hidden: bool
    """Sold only by its own link."""
    skus: tuple[SkuView, ...]


WAYS = (
    ("month", ChargingMode.PERIOD), ("year", ChargingMode.PERIOD), ("day", ChargingMode.PERIOD),
    ("once", ChargingMode.ONE_TIME), ("on_demand", ChargingMode.ON_DEMAND), ("package", ChargingMode.ON_DEMAND_PKG),
    ("uses", ChargingMode.ONE_TIME),
)  # fmt: skip
"""Billing periods and modes that buyers filter by, with their charging modes; filters of the shelf use these
words."""
EXPECTED = frozenset({"month", "year", "on_demand"})
"""Those whose absence a page explains: the seller decides, and need not offer them (business-rules §3.1)."""


def way_of(price: Price) -> str:
    """Return the entry of ``WAYS`` for a price; ``trial`` for a trial."""
    if price.trial:
        return "trial"
    if price.charging_mode is ChargingMode.PERIOD:
        return price.period_type
    if price.charging.uses:
        return "uses"
    return next(name for name, mode in WAYS if mode is price.charging_mode)


class ProductView(Struct, frozen=True):
    """``slug`` and ``pk`` are empty for a product that is not listed, which has no page."""

    slug: str
    pk: int
    document: Document
    kind: ProductType
    specs: tuple[SpecView, ...]
    """Specs with prices; hidden ones only if requested."""
    controls: Controls
    ways: frozenset[str]
    least: LowestPrice | None
    currency: str

    @property
    def name(self) -> Text:
        return self.document.base.name

    @property
    def summary(self) -> Text:
        return self.document.base.summary

    @property
    def highlights(self) -> tuple[Text, ...]:
        return self.document.base.highlights

    @property
    def pictures(self) -> tuple[str, ...]:
        return self.document.media.pictures

    @property
    def drawing(self) -> bool:
        """Whether a drawing is shown instead of pictures."""
        return bool(self.document.media.drawing and self.slug and not self.pictures)

    @property
    def description(self) -> Text:
        return self.document.description.body

    @property
    def description_pictures(self) -> tuple[str, ...]:
        return self.document.description.pictures

    @property
    def guide(self) -> Text:
        return self.document.guide.body

    @property
    def answers(self) -> tuple[tuple[Text, Text], ...]:
        """The questions of the kind that buyers read, with the seller's answers."""
        typed = self.document.details.fields
        answered = tuple(
            (question.label, answer)
            for question in self.kind.fields
            if question.buyers_read and (answer := _answer(question, typed)) != NO_TEXT
        )
        parts = milestones.milestones_of(typed)
        return (*answered, (milestones.HEADING, _shares(parts))) if parts else answered

    @property
    def supervised(self) -> bool:
        """Whether its buyer accepts the delivery before the seller is paid."""
        return bool(flow_of(self.kind, self.document.details.fields))

    @property
    def support(self) -> Support:
        return self.document.support

    @property
    def sold(self) -> bool:
        """Whether any of it can be bought now."""
        return self.controls.sold and self.least is not None and self.controls.left != 0

    @property
    def trial_days(self) -> int:
        return max((sku.trial_days for _spec, sku in self.skus()), default=0)

    @property
    def metered(self) -> bool:
        """Whether any of it is charged by usage."""
        return bool(self.ways & {"on_demand", "package"})

    @property
    def lacks(self) -> tuple[str, ...]:
        """Billing periods and modes that buyers expect and this product does not offer."""
        return tuple(name for name, mode in WAYS if name in EXPECTED - self.ways and mode in self.kind.charging_modes)

    @property
    def sold_ways(self) -> tuple[str, ...]:
        """Billing periods and modes that it offers, in the order of ``WAYS``."""
        return tuple(name for name, _mode in WAYS if name in self.ways)

    @property
    def limit_list(self) -> list[Limit]:
        visible_keys = {"", *(spec.key for spec in self.specs)}
        return [limit for key, limit in self.controls.limits.items() if key in visible_keys]

    @property
    def target_list(self) -> list[Target]:
        visible_keys = {"", *(spec.key for spec in self.specs)}
        return [target for key, target in self.controls.targets.items() if key in visible_keys]

    def skus(self) -> Iterator[tuple[SpecView, SkuView]]:
        for spec in self.specs:
            for sku in spec.skus:
                yield spec, sku


def _shares(declared_milestones: Sequence[milestones.Milestone]) -> Text:
    """List each milestone with its share of the price, as a fraction of the total weight."""
    total = sum(milestone.weight for milestone in declared_milestones)
    return Text(
        zh="、".join(f"{milestone.name.zh}（{milestone.weight}/{total}）" for milestone in declared_milestones),
        en=", ".join(f"{milestone.name.en} ({milestone.weight}/{total})" for milestone in declared_milestones),
    )


def _answer(question: Question, answers: Mapping[str, str]) -> Text:
    typed = answers.get(question.code, "").strip()
    if choice := question.chosen(typed):
        return choice
    return (
        Text(zh=typed, en=answers.get(f"{question.code}_en", "").strip()) if question.translated else Text.same(typed)
    )


def view_of(
    document: Document,
    *,
    currency: str,
    controls: Controls = PREVIEW_CONTROLS,
    slug: str = "",
    pk: int = 0,
    spec: str = "",
) -> ProductView:
    """Return the view of a document. ``spec``: the key of a hidden spec whose own link was used (business-rules
    §2.8).

    Pass ``slug`` and ``pk`` of a product with a page. Raises ``LookupError`` for an unknown kind of product."""
    all_specs = tuple(
        view for document_spec in document.pricing.specs if (view := _spec(document_spec, currency, controls)).skus
    )
    visible_specs = tuple(spec_view for spec_view in all_specs if not spec_view.hidden or spec_view.key == spec)
    prices = [price for spec_view in visible_specs for sku in spec_view.skus for price in sku.prices]
    product_ids = {price.product_id for price in prices}
    ways = frozenset(way_of(price) for _spec, _sku, price in document.prices() if price.product_id in product_ids)
    return ProductView(
        slug=slug, pk=pk, document=document, kind=product_type(document.product_type), specs=visible_specs,
        controls=controls, ways=ways, least=cheapest(price.least for price in prices), currency=currency,
    )  # fmt: skip


def _spec(spec: Spec, currency: str, controls: Controls) -> SpecView:
    sku_views = (_sku(sku, spec, currency, controls) for sku in spec.skus)
    skus = tuple(sku for sku in sku_views if sku.prices)
    return SpecView(spec.key, spec.name, spec.attributes, spec.key in controls.hidden_specs, skus)


def _sku(sku: Sku, spec: Spec, currency: str, controls: Controls) -> SkuView:
    values = tuple(
        value.name
        for attribute in spec.attributes
        for value in attribute.values
        if sku.values.get(attribute.code) == value.code
    )
    quantity = sku.quantity if sku.quantity and sku.quantity.most > sku.quantity.least else None
    prices = tuple(
        _price(sku, price, currency)
        for price in sku.prices
        if (controls.on_sale is None or price.product_id in controls.on_sale) and _complete(sku, price)
    )
    return SkuView(sku.code, values, quantity, prices)


def _complete(sku: Sku, price: Price) -> bool:
    """Return whether the price of a draft is complete; incomplete prices are not shown."""
    quantity = sku.quantity or Quantity()
    if not (1 <= quantity.least <= quantity.most and quantity.step >= 1):
        return False
    if price.charging.postpaid:
        return bool(price.factors)
    if price.model.banded:
        edges = [band.upto for band in price.bands]
        return bool(edges) and edges[-1] is None and None not in edges[:-1]
    return price.amount is not None


def _price(sku: Sku, price: Price, currency: str) -> PriceView:
    fixed = not price.charging.postpaid and not price.model.banded
    amount = Money.of(price.amount, currency) if fixed and price.amount is not None else None
    return PriceView(
        price.product_id, price.charging, price.period_type, price.period_numbers, price.model, amount,
        tuple(_bands(price, currency)), tuple(_factor(factor) for factor in price.factors), price.unit, price.quota,
        price.reset, price.stops_when_used_up, price.trial, lowest_price(sku, price, currency),
    )  # fmt: skip


def _bands(price: Price, currency: str) -> Iterator[BandView]:
    after = 0
    for band in price.bands if not price.charging.postpaid else ():
        upto = None if band.upto is None else Decimal(band.upto)
        yield BandView(Decimal(after), upto, Money.of(band.amount or NONE, currency))
        after = band.upto or after


def _factor(factor: Factor) -> FactorView:
    bands, after = [], NONE
    for upto, rate in usage_bands(factor) if factor.model.banded else ():
        bands.append(BandView(after, upto, None, rate))
        after = upto or after
    return FactorView(factor.unit, factor.cycle, factor.accumulation, factor.model, factor.amount or NONE, tuple(bands))
