"""What a product page shows, made of one document: the page of a listed product and the preview of a draft are the same
(business-rules §2.3), so neither can say what the other does not.

Pure. A draft may lack anything, so every part may be empty; what a seller or an operator said of a listed product beside its
document (hidden, stopped, limits) comes in ``Controls``.
"""

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

from .cheapest import Least, cheapest, least
from .document import NO_TEXT, NONE, Attribute, Document, Factor, Price, Quantity, Sku, Spec, Support, usage_bands
from .price_models import PriceModel


class Limit(Struct, frozen=True, kw_only=True):
    """How much one buyer may buy, of the whole product or of one spec (business-rules §3.7)."""

    maximum: int
    spec: Text | None = None
    until_expiry: bool = False


class Target(Struct, frozen=True, kw_only=True):
    """To whom it is sold, where not to everybody: companies, people, listed, holders."""

    audience: str
    spec: Text | None = None
    holders_of: Text | None = None


class Controls(Struct, frozen=True, kw_only=True):
    """What counts beside the document: which of it can be bought, by whom and how much."""

    sold: bool = True
    """Whether it can be bought at the moment: on sale, by a seller who is active."""
    stopped: bool = False
    """Sales ended for good."""
    hidden_specs: frozenset[str] = frozenset()
    on_sale: frozenset[str] | None = None
    """Ids of the prices that can be bought; None for all of the document, in a preview."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """Key of a spec, or empty for the whole product → its limit."""
    targets: Mapping[str, Target] = field(default_factory=dict)
    left: int | None = None
    """What is in stock, where the kind of product has stock."""


AS_DRAFTED = Controls()
"""Those of a preview: nothing is hidden, stopped or limited."""


class BandView(Struct, frozen=True):
    """``after`` and ``upto`` units (None: no end) cost ``amount`` each; of usage, ``rate`` main units."""

    after: Decimal
    upto: Decimal | None
    amount: Money | None = None
    rate: Decimal = NONE


class FactorView(Struct, frozen=True):
    """Something that is counted, with what it costs."""

    unit: Text
    cycle: str
    accumulation: str
    model: PriceModel
    rate: Decimal
    bands: tuple[BandView, ...]


class PriceView(Struct, frozen=True):
    """One way to pay for a SKU. ``amount``: of one unit for one period; None where bands say it, or usage is paid later."""

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
    least: Least


class SkuView(Struct, frozen=True):
    code: str
    values: tuple[Text, ...]
    """Of each attribute, in the order of the spec."""
    quantity: Quantity | None
    """What is bought by number, where there is more than one number to choose."""
    prices: tuple[PriceView, ...]

    @property
    def trial_days(self) -> int:
        """For how many days it may be tried; 0: not at all (business-rules §3.5)."""
        return next((price.period_numbers[0] for price in self.prices if price.trial and price.period_numbers), 0)


class SpecView(Struct, frozen=True):
    key: str
    name: Text
    attributes: tuple[Attribute, ...]
    hidden: bool
    """Sold by its own link only."""
    skus: tuple[SkuView, ...]


WAYS = (
    ("month", ChargingMode.PERIOD), ("year", ChargingMode.PERIOD), ("day", ChargingMode.PERIOD),
    ("once", ChargingMode.ONE_TIME), ("on_demand", ChargingMode.ON_DEMAND), ("package", ChargingMode.ON_DEMAND_PKG),
    ("uses", ChargingMode.ONE_TIME),
)  # fmt: skip
"""Ways to pay that buyers look for, and their charging modes; filters of the shelf know them by these words."""
EXPECTED = frozenset({"month", "year", "on_demand"})
"""Those whose absence a page explains: the seller decides, and may have none of them (business-rules §3.1)."""


def way_of(price: Price) -> str:
    """By which of ``WAYS`` a price is paid; a trial, which is paid by none, is ``trial``."""
    if price.trial:
        return "trial"
    if price.charging_mode is ChargingMode.PERIOD:
        return price.period_type
    if price.charging.uses:
        return "uses"
    return next(name for name, mode in WAYS if mode is price.charging_mode)


class ProductView(Struct, frozen=True):
    """``slug`` and ``pk`` are empty for what is not listed: then it has no page to link to."""

    slug: str
    pk: int
    document: Document
    kind: ProductType
    specs: tuple[SpecView, ...]
    """With something in them that is sold; hidden ones only where they were asked for."""
    controls: Controls
    ways: frozenset[str]
    least: Least | None
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
        """Whether a drawing stands where pictures would."""
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
        """What its kind asks and buyers read: each question with what its seller said."""
        said = self.document.details.fields
        found = tuple(
            (question.label, answer)
            for question in self.kind.fields
            if question.buyers_read and (answer := _answer(question, said)) != NO_TEXT
        )
        parts = milestones.declared(said)
        return (*found, (milestones.HEADING, _shares(parts))) if parts else found

    @property
    def supervised(self) -> bool:
        """Whether its buyer accepts the delivery before the seller is paid."""
        return bool(flow_of(self.kind, self.document.details.fields))

    @property
    def support(self) -> Support:
        return self.document.support

    @property
    def sold(self) -> bool:
        """Whether something of it can be bought now."""
        return self.controls.sold and self.least is not None and self.controls.left != 0

    @property
    def trial_days(self) -> int:
        return max((sku.trial_days for _spec, sku in self.skus()), default=0)

    @property
    def metered(self) -> bool:
        """Whether something of it is charged by usage."""
        return bool(self.ways & {"on_demand", "package"})

    @property
    def lacks(self) -> tuple[str, ...]:
        """Ways to pay that buyers expect and this product does not have."""
        return tuple(name for name, mode in WAYS if name in EXPECTED - self.ways and mode in self.kind.charging_modes)

    @property
    def sold_ways(self) -> tuple[str, ...]:
        """Ways to pay that it has, in the order of ``WAYS``."""
        return tuple(name for name, _mode in WAYS if name in self.ways)

    @property
    def limit_list(self) -> list[Limit]:
        shown = {"", *(spec.key for spec in self.specs)}
        return [limit for key, limit in self.controls.limits.items() if key in shown]

    @property
    def target_list(self) -> list[Target]:
        shown = {"", *(spec.key for spec in self.specs)}
        return [target for key, target in self.controls.targets.items() if key in shown]

    def skus(self) -> Iterator[tuple[SpecView, SkuView]]:
        for spec in self.specs:
            for sku in spec.skus:
                yield spec, sku


def _shares(parts: Sequence[milestones.Milestone]) -> Text:
    """Each milestone with its share of the price, as weights of their sum."""
    total = sum(one.weight for one in parts)
    return Text(
        zh="、".join(f"{one.name.zh}（{one.weight}/{total}）" for one in parts),
        en=", ".join(f"{one.name.en} ({one.weight}/{total})" for one in parts),
    )


def _answer(question: Question, said: Mapping[str, str]) -> Text:
    plain = said.get(question.code, "").strip()
    if chosen := question.chosen(plain):
        return chosen
    return Text(zh=plain, en=said.get(f"{question.code}_en", "").strip()) if question.translated else Text.same(plain)


def view_of(
    document: Document, *, currency: str, controls: Controls = AS_DRAFTED, slug: str = "", pk: int = 0, spec: str = ""
) -> ProductView:
    """The page of a document. ``spec``: the key of a hidden spec whose own link was followed (business-rules §2.8).

    Give ``slug`` and ``pk`` of a product that has a page. Raises ``LookupError`` for a kind of product that is not there.
    """
    found = tuple(made for one in document.pricing.specs if (made := _spec(one, currency, controls)).skus)
    shown = tuple(one for one in found if not one.hidden or one.key == spec)
    prices = [price for one in shown for sku in one.skus for price in sku.prices]
    here = {price.product_id for price in prices}
    ways = frozenset(way_of(price) for _spec, _sku, price in document.prices() if price.product_id in here)
    return ProductView(
        slug=slug, pk=pk, document=document, kind=product_type(document.product_type), specs=shown, controls=controls,
        ways=ways, least=cheapest(price.least for price in prices), currency=currency,
    )  # fmt: skip


def _spec(spec: Spec, currency: str, controls: Controls) -> SpecView:
    made = (_sku(sku, spec, currency, controls) for sku in spec.skus)
    skus = tuple(sku for sku in made if sku.prices)
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
    """Whether a draft already says what it costs: the rest of it is not shown yet."""
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
        price.reset, price.stops_when_used_up, price.trial, least(sku, price, currency),
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
