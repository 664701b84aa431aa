"""The price form for its template: specs with columns, rows and cells, ids that a seller configures, and errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.catalog.document import AMOUNT, BAND_WIDTH, DISK_SIZE, Pricing, Sku
from tradepost.market.catalog.readable import ACCUMULATIONS, CYCLES, MODELS, RESETS, WAYS, WHEN_USED_UP

from .draft_inputs import InputErrors, InputView, Look, Words
from .pricing_document import Places
from .pricing_editor import (
    MAX_ATTRIBUTES,
    MAX_FACTORS,
    MAX_PLANS,
    MAX_VALUES,
    CodedName,
    Plan,
    PricingState,
    Row,
    SpecState,
    split_numbers,
)
from .pricing_editor import WAYS as ALL_WAYS
from .pricing_editor import BilingualInput as Pair

type Errors = Sequence[tuple[str, str]]
_PERIODS = (("day", gettext_lazy("days")), ("month", gettext_lazy("months")), ("year", gettext_lazy("years")))


class ValueView(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    """Indexes of spec, attribute and value, for buttons."""
    code: str
    names: Sequence[InputView]


class AttributeView(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    code: str
    names: Sequence[InputView]
    values: Sequence[ValueView]
    errors: Errors
    may_add: bool


class FactorView(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    inputs: Sequence[Sequence[InputView]]


class PlanView(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    way: str
    title: str
    inputs: Sequence[Sequence[InputView]]
    factors: Sequence[FactorView]
    errors: Errors
    may_add_factor: bool
    labels: Sequence[str]
    """Labels of a cell's amounts; "" for a single amount."""


class CellView(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    amounts: Sequence[InputView]
    errors: Errors
    product_id: str
    trial: bool


class RowView(Struct, frozen=True, kw_only=True):
    at: str
    values: str
    title: str
    ticked: bool
    counts: Sequence[InputView]
    cells: Sequence[CellView]
    errors: Errors
    code: str
    """skuCode; "" before the first save."""


class SpecView(Struct, frozen=True, kw_only=True):
    at: str
    place: str
    key: str
    title: str
    names: Sequence[InputView]
    attributes: Sequence[AttributeView]
    counted: bool
    quantity: Sequence[InputView]
    plans: Sequence[PlanView]
    rows: Sequence[RowView]
    errors: Errors
    ways: Sequence[tuple[str, Words]]
    may_add_attribute: bool

    @property
    def single(self) -> bool:
        """Return whether the spec has a single row, without a tick box."""
        return not self.attributes


class SavedIds(Struct, frozen=True):
    """Ids of the saved document, by their place in the form."""

    skus: Mapping[str, Sku]
    offers: Mapping[str, str]


def saved_ids(pricing: Pricing, places: Places) -> SavedIds:
    skus: dict[str, Sku] = {}
    offers: dict[str, str] = {}
    for spec_index, spec in enumerate(pricing.specs):
        for sku_index, sku in enumerate(spec.skus):
            at = f"specs.{spec_index}.skus.{sku_index}"
            if at in places.cells:
                skus[places.cells[at]] = sku
            for price_index, price in enumerate(sku.prices):
                if f"{at}.prices.{price_index}" in places.cells:
                    offers[places.cells[f"{at}.prices.{price_index}"]] = price.product_id
    return SavedIds(skus, offers)


def spec_views(
    state: PricingState, wrong: InputErrors, ids: SavedIds, *, modes: Sequence[str], trial: bool
) -> list[SpecView]:
    """Return the specs. ``modes``: payment options of the product type; ``trial``: whether it may have a trial."""
    ways = [(way, WAYS[way]) for way in ALL_WAYS if way in modes or (way == "trial" and trial)]
    return [_spec(spec, spec_index, wrong, ids, ways) for spec_index, spec in enumerate(state.specs)]


_PARAMETERS = {
    AMOUNT: gettext_lazy("amount: pieces or people"),
    DISK_SIZE: gettext_lazy("diskSize: disk space in GB"),
    BAND_WIDTH: gettext_lazy("bandWidth: bandwidth in Mbit/s"),
}


def _language_inputs(at: str, label: Words, words: Pair, wrong: InputErrors, *, longest: int = 50) -> list[InputView]:
    return [
        InputView(
            name=f"{at}.{language}", label=label, value=value, language=language, longest=longest, required=True,
            errors=wrong.at(f"{at}.{language}"),
        )
        for language, value in (("zh", words.zh), ("en", words.en))
    ]  # fmt: skip


def _localized(words: Pair, fallback: str) -> str:
    chinese = (get_language() or "zh").startswith("zh")
    first, second = (words.zh, words.en) if chinese else (words.en, words.zh)
    return first or second or fallback


def _spec(
    spec: SpecState, spec_index: int, wrong: InputErrors, ids: SavedIds, ways: Sequence[tuple[str, Words]]
) -> SpecView:
    at = f"specs.{spec_index}"
    return SpecView(
        at=at,
        place=str(spec_index),
        key=spec.key,
        title=_localized(spec.name, _("Spec %(number)s") % {"number": spec_index + 1}),
        names=_language_inputs(f"{at}.name", _("Name of the spec"), spec.name, wrong),
        attributes=[
            _attribute(attribute, f"{at}.attributes.{attribute_index}", f"{spec_index}.{attribute_index}", wrong)
            for attribute_index, attribute in enumerate(spec.attributes)
        ],
        counted=spec.counted,
        quantity=[
            *_language_inputs(
                f"{at}.quantity.name", _("Counted unit, such as users"), spec.quantity, wrong, longest=32
            ),
            _choice_input(f"{at}.quantity.parameter", _("Parameter of SaaS 1.0"), spec.parameter, _PARAMETERS, wrong),
        ],
        plans=[
            _plan(plan, f"{at}.plans.{plan_index}", f"{spec_index}.{plan_index}", wrong, counted=spec.counted)
            for plan_index, plan in enumerate(spec.plans)
        ],
        rows=[_row(row, f"{at}.rows.{row_index}", spec, wrong, ids) for row_index, row in enumerate(spec.rows)],
        errors=[*wrong.at(at), *wrong.at(f"{at}.plans"), *wrong.at(f"{at}.skus"), *wrong.at(f"{at}.attributes")],
        ways=ways if len(spec.plans) < MAX_PLANS else (),
        may_add_attribute=len(spec.attributes) < MAX_ATTRIBUTES,
    )


def _attribute(attribute: CodedName, at: str, place: str, wrong: InputErrors) -> AttributeView:
    return AttributeView(
        at=at,
        place=place,
        code=attribute.code,
        names=_language_inputs(f"{at}.name", _("Attribute"), attribute.name, wrong, longest=32),
        values=[
            ValueView(
                at=f"{at}.values.{value_index}", place=f"{place}.{value_index}", code=value.code,
                names=_language_inputs(
                    f"{at}.values.{value_index}.name", _("Value %(number)s") % {"number": value_index + 1},
                    value.name, wrong,
                ),
            )
            for value_index, value in enumerate(attribute.values)
        ],
        errors=wrong.at(at),
        may_add=len(attribute.values) < MAX_VALUES,
    )  # fmt: skip


def _choice_input(
    name: str, label: Words, value: str, choices: Mapping[str, Words] | Sequence[tuple[str, Words]], wrong: InputErrors
) -> InputView:
    options = list(choices.items()) if isinstance(choices, Mapping) else choices
    return InputView(
        name=name, label=label, value=value, choices=options, look=Look.CHOICE, required=True, errors=wrong.at(name)
    )


def _typed_input(
    name: str, label: Words, value: str, wrong: InputErrors, *, hint: Words = "", look: Look = Look.NUMBER
) -> InputView:
    return InputView(
        name=name, label=label, value=value, look=look, longest=120, required=True, errors=wrong.at(name), help=hint
    )


def _band_inputs(at: str, model: str, edges: str, wrong: InputErrors) -> Iterator[InputView]:
    yield _choice_input(f"{at}.model", _("Price model"), model, MODELS, wrong)
    if model != "linear":
        yield _typed_input(
            f"{at}.edges", _("Band limits"), edges, wrong,
            hint=_("Upper limits separated by commas, such as 10, 50. The last band has no limit."),
        )  # fmt: skip


def _plan(plan: Plan, at: str, place: str, wrong: InputErrors, *, counted: bool) -> PlanView:
    return PlanView(
        at=at,
        place=place,
        way=plan.way,
        title=str(WAYS.get(plan.way, plan.way)),
        inputs=[line for line in _plan_inputs(plan, at, wrong, counted=counted) if line],
        factors=[
            FactorView(
                at=f"{at}.factors.{factor_index}",
                place=f"{place}.{factor_index}",
                inputs=_factor_inputs(plan, factor_index, at, wrong),
            )
            for factor_index in range(len(plan.factors))
        ],
        errors=[*wrong.at(at), *wrong.at(f"{at}.factors")],
        may_add_factor=plan.way == "on_demand" and len(plan.factors) < MAX_FACTORS,
        labels=list(_amount_labels(plan)),
    )


def _plan_inputs(plan: Plan, at: str, wrong: InputErrors, *, counted: bool) -> Iterator[list[InputView]]:
    """Yield the inputs of a column. Bands depend on the quantity, so without one there is a single price."""
    bands = list(_band_inputs(at, plan.model, plan.edges, wrong)) if counted or plan.model != "linear" else []
    match plan.way:
        case "trial":
            yield [_typed_input(f"{at}.durations", _("Days"), plan.durations, wrong, hint=_("3 to 180."))]
        case "day" | "month" | "year" as way:
            label = {"day": _("Periods (days)"), "month": _("Periods (months)"), "year": _("Periods (years)")}[way]
            hint = _("Separate with commas, such as 1, 3, 6.")
            yield [_typed_input(f"{at}.durations", label, plan.durations, wrong, hint=hint)]
            yield bands
        case "once":
            yield bands
        case "package":
            yield [
                _typed_input(f"{at}.quota", _("Usage in one package"), plan.quota, wrong),
                _choice_input(f"{at}.reset", _("Reset rule"), plan.reset, RESETS, wrong),
            ]
            yield [_choice_input(f"{at}.stops", _("When it is used up"), plan.stops, WHEN_USED_UP, wrong)]
            unit = _("Unit, the same as on demand")
            yield _language_inputs(f"{at}.unit", unit, plan.unit, wrong, longest=32)
            yield [
                _choice_input(f"{at}.period", _("Validity unit"), plan.period, _PERIODS, wrong),
                _typed_input(f"{at}.durations", _("Number of units"), plan.durations, wrong, hint=_("Such as 1, 3.")),
            ]
            yield bands
        case "uses":
            yield [
                _typed_input(
                    f"{at}.quota",
                    _("Uses in one package"),
                    plan.quota,
                    wrong,
                    hint=_("The service stops when the uses are used up."),
                )
            ]
            yield _language_inputs(f"{at}.unit", _("Metered unit, such as calls"), plan.unit, wrong, longest=32)
            yield bands
        case _:
            return


def _factor_inputs(plan: Plan, number: int, at: str, wrong: InputErrors) -> list[list[InputView]]:
    factor, prefix = plan.factors[number], f"{at}.factors.{number}"
    return [
        [_typed_input(f"{prefix}.code", _("Code in usage records"), factor.code, wrong, look=Look.LINE)],
        _language_inputs(f"{prefix}.unit", _("Metered unit, such as calls"), factor.unit, wrong, longest=32),
        [
            _choice_input(f"{prefix}.cycle", _("Charged"), factor.cycle, CYCLES, wrong),
            _choice_input(f"{prefix}.accumulation", _("Bands apply to"), factor.accumulation, ACCUMULATIONS, wrong),
        ],
        list(_band_inputs(prefix, factor.model, factor.edges, wrong)),
    ]


def _amount_labels(plan: Plan) -> Iterator[str]:
    has_several = len(plan.factors) > 1
    for number, (model, edges) in enumerate(plan.banded):
        named = _localized(plan.factors[number].unit, plan.factors[number].code) if has_several else ""
        if model == "linear":
            yield named
            continue
        upper_limits = split_numbers(edges)
        for upper_limit in upper_limits:
            yield f"{named} ≤ {upper_limit}".strip()
        yield f"{named} > {upper_limits[-1]}".strip() if upper_limits else named


def _row(row: Row, at: str, spec: SpecState, wrong: InputErrors, ids: SavedIds) -> RowView:
    title = " · ".join(
        _localized(value.name, value.code)
        for attribute in spec.attributes
        for value in attribute.values
        if row.values.get(attribute.code) == value.code
    )
    sku = ids.skus.get(at)
    counts = (
        [
            InputView(
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
    return RowView(
        at=at,
        values="|".join(f"{code}:{value}" for code, value in row.values.items()),
        title=named,
        ticked=row.ticked,
        counts=counts,
        cells=[
            _cell(cell, f"{at}.cells.{plan_index}", spec.plans[plan_index], row=named, wrong=wrong, ids=ids)
            for plan_index, cell in enumerate(row.cells)
        ],
        errors=[*wrong.at(at), *wrong.at(f"{at}.quantity"), *wrong.at(f"{at}.prices")],
        code=sku.code if sku else "",
    )


def _cell(cell: list[str], at: str, plan: Plan, *, row: str, wrong: InputErrors, ids: SavedIds) -> CellView:
    way, labels = str(WAYS.get(plan.way, plan.way)), list(_amount_labels(plan))
    return CellView(
        id=f"f-{at}",
        title=way,
        amounts=[
            InputView(
                name=f"{at}.{index}", label=f"{row}: {way} {labels[index] if index < len(labels) else ''}".strip(),
                value=value, look=Look.TICK if plan.way == "trial" else Look.MONEY, longest=24,
                errors=wrong.at(f"{at}.{index}"), help=labels[index] if index < len(labels) else "",
            )
            for index, value in enumerate(cell)
        ],
        errors=wrong.at(at),
        product_id=ids.offers.get(at, ""),
        trial=plan.way == "trial",
    )  # fmt: skip
