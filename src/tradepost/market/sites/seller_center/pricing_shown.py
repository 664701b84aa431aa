"""The form of prices as its template shows it: specs with columns, rows and cells, the ids that a seller configures, and what is
wrong beside each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.catalog.document import AMOUNT, BAND_WIDTH, DISK_SIZE, Pricing, Sku
from tradepost.market.catalog.readable import ACCUMULATIONS, CYCLES, MODELS, RESETS, WAYS, WHEN_USED_UP

from .draft_inputs import Look, Shown, Words, Wrong
from .pricing_document import Places
from .pricing_editor import (
    MOST_ATTRIBUTES,
    MOST_FACTORS,
    MOST_PLANS,
    MOST_VALUES,
    Coded,
    Plan,
    PricingState,
    Row,
    SpecState,
    split,
)
from .pricing_editor import WAYS as ALL_WAYS
from .pricing_editor import Words as Pair

type Errors = Sequence[tuple[str, str]]
_PERIODS = (("day", gettext_lazy("days")), ("month", gettext_lazy("months")), ("year", gettext_lazy("years")))


class ShownValue(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    """For buttons: numbers of spec, attribute and value."""
    code: str
    names: Sequence[Shown]


class ShownAttribute(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    code: str
    names: Sequence[Shown]
    values: Sequence[ShownValue]
    errors: Errors
    may_add: bool


class ShownFactor(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    inputs: Sequence[Sequence[Shown]]


class ShownPlan(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    way: str
    title: str
    inputs: Sequence[Sequence[Shown]]
    factors: Sequence[ShownFactor]
    errors: Errors
    may_add_factor: bool
    labels: Sequence[str]
    """Of the amounts of a cell; empty text where there is one amount alone."""


class ShownCell(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    amounts: Sequence[Shown]
    errors: Errors
    product_id: str
    trial: bool


class ShownRow(Struct, frozen=True, kw_only=True):
    at: str
    values: str
    title: str
    ticked: bool
    counts: Sequence[Shown]
    cells: Sequence[ShownCell]
    errors: Errors
    code: str
    """skuCode; empty before it was saved."""


class ShownSpec(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    key: str
    title: str
    names: Sequence[Shown]
    attributes: Sequence[ShownAttribute]
    counted: bool
    quantity: Sequence[Shown]
    plans: Sequence[ShownPlan]
    rows: Sequence[ShownRow]
    errors: Errors
    ways: Sequence[tuple[str, Words]]
    may_add_attribute: bool

    @property
    def single(self) -> bool:
        """Whether there is nothing to tick."""
        return not self.attributes


class _Known(Struct, frozen=True):
    """What the document that was saved last knows of the places of the form."""

    skus: Mapping[str, Sku]
    offers: Mapping[str, str]


def known(pricing: Pricing, places: Places) -> _Known:
    skus: dict[str, Sku] = {}
    offers: dict[str, str] = {}
    for i, spec in enumerate(pricing.specs):
        for j, sku in enumerate(spec.skus):
            at = f"specs.{i}.skus.{j}"
            if at in places.cells:
                skus[places.cells[at]] = sku
            for k, price in enumerate(sku.prices):
                if f"{at}.prices.{k}" in places.cells:
                    offers[places.cells[f"{at}.prices.{k}"]] = price.product_id
    return _Known(skus, offers)


def shown(state: PricingState, wrong: Wrong, ids: _Known, *, modes: Sequence[str], trial: bool) -> list[ShownSpec]:
    """``modes``: ways to pay that this kind of product has; ``trial``: whether it may be tried."""
    ways = [(way, WAYS[way]) for way in ALL_WAYS if way in modes or (way == "trial" and trial)]
    return [_spec(spec, i, wrong, ids, ways) for i, spec in enumerate(state.specs)]


_PARAMETERS = {
    AMOUNT: gettext_lazy("amount: pieces or people"),
    DISK_SIZE: gettext_lazy("diskSize: disk space in GB"),
    BAND_WIDTH: gettext_lazy("bandWidth: bandwidth in Mbit/s"),
}


def _pair(at: str, label: Words, words: Pair, wrong: Wrong, *, longest: int = 50) -> list[Shown]:
    return [
        Shown(
            name=f"{at}.{language}", label=label, value=value, language=language, longest=longest, required=True,
            errors=wrong.at(f"{at}.{language}"),
        )
        for language, value in (("zh", words.zh), ("en", words.en))
    ]  # fmt: skip


def _one(words: Pair, fallback: str) -> str:
    chinese = (get_language() or "zh").startswith("zh")
    first, second = (words.zh, words.en) if chinese else (words.en, words.zh)
    return first or second or fallback


def _spec(spec: SpecState, i: int, wrong: Wrong, ids: _Known, ways: Sequence[tuple[str, Words]]) -> ShownSpec:
    at = f"specs.{i}"
    return ShownSpec(
        at=at,
        place=str(i),
        key=spec.key,
        title=_one(spec.name, _("Spec %(number)s") % {"number": i + 1}),
        names=_pair(f"{at}.name", _("Name of the spec"), spec.name, wrong),
        attributes=[
            _attribute(each, f"{at}.attributes.{a}", f"{i}.{a}", wrong) for a, each in enumerate(spec.attributes)
        ],
        counted=spec.counted,
        quantity=[
            *_pair(f"{at}.quantity.name", _("What is counted, such as users"), spec.quantity, wrong, longest=32),
            _choice(f"{at}.quantity.parameter", _("Parameter of SaaS 1.0"), spec.parameter, _PARAMETERS, wrong),
        ],
        plans=[
            _plan(plan, f"{at}.plans.{p}", f"{i}.{p}", wrong, counted=spec.counted) for p, plan in enumerate(spec.plans)
        ],
        rows=[_row(row, f"{at}.rows.{r}", spec, wrong, ids) for r, row in enumerate(spec.rows)],
        errors=[*wrong.at(at), *wrong.at(f"{at}.plans"), *wrong.at(f"{at}.skus"), *wrong.at(f"{at}.attributes")],
        ways=ways if len(spec.plans) < MOST_PLANS else (),
        may_add_attribute=len(spec.attributes) < MOST_ATTRIBUTES,
    )


def _attribute(attribute: Coded, at: str, place: str, wrong: Wrong) -> ShownAttribute:
    return ShownAttribute(
        at=at,
        place=place,
        code=attribute.code,
        names=_pair(f"{at}.name", _("Attribute"), attribute.name, wrong, longest=32),
        values=[
            ShownValue(
                at=f"{at}.values.{v}", place=f"{place}.{v}", code=value.code,
                names=_pair(f"{at}.values.{v}.name", _("Value %(number)s") % {"number": v + 1}, value.name, wrong),
            )
            for v, value in enumerate(attribute.values)
        ],
        errors=wrong.at(at),
        may_add=len(attribute.values) < MOST_VALUES,
    )  # fmt: skip


def _choice(
    name: str, label: Words, value: str, choices: Mapping[str, Words] | Sequence[tuple[str, Words]], wrong: Wrong
) -> Shown:
    options = list(choices.items()) if isinstance(choices, Mapping) else choices
    return Shown(
        name=name, label=label, value=value, choices=options, look=Look.CHOICE, required=True, errors=wrong.at(name)
    )


def _typed(name: str, label: Words, value: str, wrong: Wrong, *, hint: Words = "", look: Look = Look.NUMBER) -> Shown:
    return Shown(
        name=name, label=label, value=value, look=look, longest=120, required=True, errors=wrong.at(name), help=hint
    )


def _banding(at: str, model: str, edges: str, wrong: Wrong) -> Iterator[Shown]:
    yield _choice(f"{at}.model", _("Price model"), model, MODELS, wrong)
    if model != "linear":
        yield _typed(
            f"{at}.edges", _("Bands end at"), edges, wrong,
            hint=_("Upper edges with commas between them, such as 10, 50. The last band has no end."),
        )  # fmt: skip


def _plan(plan: Plan, at: str, place: str, wrong: Wrong, *, counted: bool) -> ShownPlan:
    return ShownPlan(
        at=at,
        place=place,
        way=plan.way,
        title=str(WAYS.get(plan.way, plan.way)),
        inputs=[line for line in _plan_inputs(plan, at, wrong, counted=counted) if line],
        factors=[
            ShownFactor(at=f"{at}.factors.{f}", place=f"{place}.{f}", inputs=_factor(plan, f, at, wrong))
            for f in range(len(plan.factors))
        ],
        errors=[*wrong.at(at), *wrong.at(f"{at}.factors")],
        may_add_factor=plan.way == "on_demand" and len(plan.factors) < MOST_FACTORS,
        labels=list(_labels(plan)),
    )


def _plan_inputs(plan: Plan, at: str, wrong: Wrong, *, counted: bool) -> Iterator[list[Shown]]:
    """Bands are by quantity: where nothing is counted there is one price, and nothing to choose."""
    bands = list(_banding(at, plan.model, plan.edges, wrong)) if counted or plan.model != "linear" else []
    match plan.way:
        case "trial":
            yield [_typed(f"{at}.durations", _("Days"), plan.durations, wrong, hint=_("3 to 180."))]
        case "day" | "month" | "year" as way:
            label = {"day": _("Sold for (days)"), "month": _("Sold for (months)"), "year": _("Sold for (years)")}[way]
            help_ = _("With commas between them, such as 1, 3, 6.")
            yield [_typed(f"{at}.durations", label, plan.durations, wrong, hint=help_)]
            yield bands
        case "once":
            yield bands
        case "package":
            yield [
                _typed(f"{at}.quota", _("Usage in one package"), plan.quota, wrong),
                _choice(f"{at}.reset", _("When it is full again"), plan.reset, RESETS, wrong),
            ]
            yield [_choice(f"{at}.stops", _("When it is used up"), plan.stops, WHEN_USED_UP, wrong)]
            unit = _("Unit, the same as on demand")
            yield _pair(f"{at}.unit", unit, plan.unit, wrong, longest=32)
            yield [
                _choice(f"{at}.period", _("Valid for a number of"), plan.period, _PERIODS, wrong),
                _typed(f"{at}.durations", _("How many"), plan.durations, wrong, hint=_("Such as 1, 3.")),
            ]
            yield bands
        case "uses":
            yield [
                _typed(
                    f"{at}.quota",
                    _("Uses in one package"),
                    plan.quota,
                    wrong,
                    hint=_("The service stops when they are used up."),
                )
            ]
            yield _pair(f"{at}.unit", _("What is counted, such as calls"), plan.unit, wrong, longest=32)
            yield bands
        case _:
            return


def _factor(plan: Plan, number: int, at: str, wrong: Wrong) -> list[list[Shown]]:
    factor, here = plan.factors[number], f"{at}.factors.{number}"
    return [
        [_typed(f"{here}.code", _("Code in usage records"), factor.code, wrong, look=Look.LINE)],
        _pair(f"{here}.unit", _("What is counted, such as calls"), factor.unit, wrong, longest=32),
        [
            _choice(f"{here}.cycle", _("Charged"), factor.cycle, CYCLES, wrong),
            _choice(f"{here}.accumulation", _("Bands apply to"), factor.accumulation, ACCUMULATIONS, wrong),
        ],
        list(_banding(here, factor.model, factor.edges, wrong)),
    ]


def _labels(plan: Plan) -> Iterator[str]:
    several = len(plan.factors) > 1
    for number, (model, edges) in enumerate(plan.banded):
        named = _one(plan.factors[number].unit, plan.factors[number].code) if several else ""
        if model == "linear":
            yield named
            continue
        uptos = split(edges)
        for upto in uptos:
            yield f"{named} ≤ {upto}".strip()
        yield f"{named} > {uptos[-1]}".strip() if uptos else named


def _row(row: Row, at: str, spec: SpecState, wrong: Wrong, ids: _Known) -> ShownRow:
    title = " · ".join(
        _one(value.name, value.code)
        for attribute in spec.attributes
        for value in attribute.values
        if row.values.get(attribute.code) == value.code
    )
    sku = ids.skus.get(at)
    counts = (
        [
            Shown(
                name=f"{at}.{part}", label=label, value=value, look=Look.NUMBER, longest=9, errors=wrong.at(f"{at}.{part}")
            )
            for part, label, value in (
                ("least", _("Least"), row.least), ("most", _("Most"), row.most), ("step", _("Step"), row.step),
            )
        ]
        if spec.counted
        else []
    )  # fmt: skip
    named = title or _("This spec")
    return ShownRow(
        at=at,
        values="|".join(f"{code}:{value}" for code, value in row.values.items()),
        title=named,
        ticked=row.ticked,
        counts=counts,
        cells=[
            _cell(cell, f"{at}.cells.{p}", spec.plans[p], row=named, wrong=wrong, ids=ids)
            for p, cell in enumerate(row.cells)
        ],
        errors=[*wrong.at(at), *wrong.at(f"{at}.quantity"), *wrong.at(f"{at}.prices")],
        code=sku.code if sku else "",
    )


def _cell(cell: list[str], at: str, plan: Plan, *, row: str, wrong: Wrong, ids: _Known) -> ShownCell:
    way, labels = str(WAYS.get(plan.way, plan.way)), list(_labels(plan))
    return ShownCell(
        id=f"f-{at}",
        title=way,
        amounts=[
            Shown(
                name=f"{at}.{n}", label=f"{row}: {way} {labels[n] if n < len(labels) else ''}".strip(), value=value,
                look=Look.TICK if plan.way == "trial" else Look.MONEY, longest=24, errors=wrong.at(f"{at}.{n}"),
                help=labels[n] if n < len(labels) else "",
            )
            for n, value in enumerate(cell)
        ],
        errors=wrong.at(at),
        product_id=ids.offers.get(at, ""),
        trial=plan.way == "trial",
    )  # fmt: skip
