"""Conversion between the price form and the document: numbers are read with limits, and every part has a place in both.

``read`` converts the input to a document, or reports the inputs that are not numbers; ``laid_out`` converts a document
to the form. Both know the input for a finding of the document (``specs.0.skus.1.prices.2.amount``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from tradepost.market.base.numbers import decimal_number, whole_number
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import (
    AMOUNT,
    NONE,
    Attribute,
    Band,
    Factor,
    Price,
    Pricing,
    Quantity,
    Sku,
    Spec,
    UsageBand,
    Value,
)
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.catalog.readable import STOPS
from tradepost.market.catalog.view import way_of
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .pricing_editor import BilingualInput, CodedName, MeteredItem, Plan, PricingState, Row, SpecState, split_numbers

_CHARGING_MODES = {
    "day": ChargingMode.PERIOD, "month": ChargingMode.PERIOD, "year": ChargingMode.PERIOD, "trial": ChargingMode.PERIOD,
    "once": ChargingMode.ONE_TIME, "on_demand": ChargingMode.ON_DEMAND, "package": ChargingMode.ON_DEMAND_PKG,
    "uses": ChargingMode.ONE_TIME,
}  # fmt: skip
_CELL_FIELDS = frozenset({"", "amount"})
"""Fields of a price whose findings belong to its cell; other findings belong to the column's head."""


@dataclass(slots=True)
class Places:
    """Places of the document's parts in the form. The longest known prefix applies."""

    cells: dict[str, str] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    """Column of a price."""

    def find(self, path: str) -> str:
        """Return the input, or group of inputs, for the field of a finding; the field itself if the form uses the same
        name."""
        parts = path.split(".")
        for length in range(len(parts), 0, -1):
            prefix, rest = ".".join(parts[:length]), ".".join(parts[length:])
            if prefix in self.heads and rest not in _CELL_FIELDS:
                return self.heads[prefix]
            if prefix in self.cells:
                return self.cells[prefix]
        return path


# --- from a document to the form --------------------------------------------------------------------------------------


def form_of_document(pricing: Pricing) -> tuple[PricingState, Places]:
    places = Places()
    state = PricingState([_spec_state(spec, i, places) for i, spec in enumerate(pricing.specs)])
    return state, places


def _bilingual_input(text: Text) -> BilingualInput:
    return BilingualInput(text.zh, text.en)


def _spec_state(spec: Spec, spec_index: int, places: Places) -> SpecState:
    numbers = [sku.quantity for sku in spec.skus if sku.quantity] + ([spec.quantity] if spec.quantity else [])
    columns: list[tuple[object, Plan]] = []
    for price in [*(price for sku in spec.skus for price in sku.prices), *spec.plans]:
        shape = _column_shape(price)
        if all(shape != earlier_shape for earlier_shape, _plan in columns):
            columns.append((shape, _plan_input(price)))
    shapes = [shape for shape, _plan in columns]
    state = SpecState(
        key=spec.key,
        name=_bilingual_input(spec.name),
        attributes=[
            CodedName(
                attribute.code,
                _bilingual_input(attribute.name),
                [CodedName(value.code, _bilingual_input(value.name)) for value in attribute.values],
            )
            for attribute in spec.attributes
        ],
        counted=bool(numbers),
        quantity=_bilingual_input(numbers[0].name) if numbers else BilingualInput(),
        parameter=numbers[0].parameter if numbers else AMOUNT,
        plans=[plan for _shape, plan in columns],
        rows=[_row(sku, shapes) for sku in spec.skus],
    )
    state.arrange()
    rows = {_key(row.values): row_index for row_index, row in enumerate(state.rows)}
    for sku_index, sku in enumerate(spec.skus):
        if (row_index := rows.get(_key(dict(sku.values)))) is None:
            continue
        places.cells[f"specs.{spec_index}.skus.{sku_index}"] = f"specs.{spec_index}.rows.{row_index}"
        for price_index, price in enumerate(sku.prices):
            plan_index = shapes.index(_column_shape(price))
            places.cells[f"specs.{spec_index}.skus.{sku_index}.prices.{price_index}"] = (
                f"specs.{spec_index}.rows.{row_index}.cells.{plan_index}"
            )
            places.heads[f"specs.{spec_index}.skus.{sku_index}.prices.{price_index}"] = (
                f"specs.{spec_index}.plans.{plan_index}"
            )
    return state


def _key(values: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


def _column_shape(price: Price) -> object:
    """Return what defines a column: everything of a price except its amounts and its id."""
    factors = tuple(
        (
            factor.code,
            factor.unit,
            factor.cycle,
            factor.accumulation,
            factor.model,
            tuple(band.upto for band in factor.bands),
        )
        for factor in price.factors
    )
    return (
        way_of(price), price.period_type, price.period_numbers, price.model, tuple(band.upto for band in price.bands),
        price.usage_unit, price.quota.normalize(), price.reset, price.stops_when_used_up, factors,
    )  # fmt: skip


def _plan_input(price: Price) -> Plan:
    return Plan(
        way=way_of(price),
        durations=", ".join(map(str, price.period_numbers)),
        model=str(price.model),
        edges=_format_limits(band.upto for band in price.bands),
        unit=_bilingual_input(price.usage_unit),
        quota=_format_number(price.quota) if price.quota else "",
        period=price.period_type or "month",
        reset=price.reset,
        stops=STOPS if price.stops_when_used_up else "",
        factors=[
            MeteredItem(
                factor.code,
                _bilingual_input(factor.unit),
                factor.cycle,
                factor.accumulation,
                str(factor.model),
                _format_limits(band.upto for band in factor.bands),
            )
            for factor in price.factors
        ],
    )


def _format_limits(uptos: Iterable[int | Decimal | None]) -> str:
    return ", ".join(_format_number(Decimal(upto)) for upto in uptos if upto is not None)


def _format_number(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


def _format_amount(number: Decimal | None) -> str:
    """Format an amount for input: 12.50, not 12.5."""
    if number is None:
        return ""
    exponent = number.normalize().as_tuple().exponent
    return f"{number:.2f}" if isinstance(exponent, int) and -2 <= exponent < 0 else _format_number(number)


def _row(sku: Sku, shapes: Sequence[object]) -> Row:
    cells: list[list[str]] = [[] for _ in shapes]
    for price in sku.prices:
        cells[shapes.index(_column_shape(price))] = _cell(price)
    number = sku.quantity
    return Row(
        values=dict(sku.values),
        ticked=True,
        least=str(number.least) if number else "",
        most=str(number.most) if number else "",
        step=str(number.step) if number else "",
        cells=cells,
    )


def _cell(price: Price) -> list[str]:
    if price.trial:
        return ["1"]
    if price.factors:
        return [
            _format_amount(amount)
            for factor in price.factors
            for amount in ([band.amount for band in factor.bands] if factor.model.banded else [factor.amount])
        ]
    return [
        _format_amount(amount)
        for amount in ([band.amount for band in price.bands] if price.model.banded else [price.amount])
    ]


# --- from the form to a document --------------------------------------------------------------------------------------


class Errors(dict[str, str]):
    """Errors by input; the first applies."""

    def put(self, name: str, words: str) -> None:
        self.setdefault(name, words)


def read(state: PricingState) -> tuple[Pricing, Errors]:
    """Return the document and the errors. The document may be stored only without errors."""
    errors = Errors()
    return Pricing(specs=tuple(_spec(spec, f"specs.{i}", errors) for i, spec in enumerate(state.specs))), errors


def _bilingual_text(words: BilingualInput) -> Text:
    return Text(zh=words.zh, en=words.en)


def _spec(spec: SpecState, at: str, errors: Errors) -> Spec:
    if spec.too_many:
        errors.put(f"{at}.attributes", _("These attributes give more than 100 combinations. Remove some values."))
    plans = [_plan(plan, f"{at}.plans.{plan_index}", errors) for plan_index, plan in enumerate(spec.plans)]
    priced = [any(row.ticked and any(row.cells[plan_index]) for row in spec.rows) for plan_index in range(len(plans))]
    ticked = [(row_index, row) for row_index, row in enumerate(spec.rows) if row.ticked]
    skus = tuple(
        Sku(
            values=dict(row.values),
            quantity=_quantity(spec, row, f"{at}.rows.{row_index}", errors) if spec.counted else None,
            prices=tuple(
                _price_with_amounts(
                    plan,
                    spec.plans[plan_index],
                    row.cells[plan_index],
                    f"{at}.rows.{row_index}.cells.{plan_index}",
                    errors,
                )
                for plan_index, plan in enumerate(plans)
                if any(row.cells[plan_index])
            ),
        )
        for row_index, row in ticked
    )
    return Spec(
        key=spec.key,
        name=_bilingual_text(spec.name),
        attributes=tuple(
            Attribute(
                code=attribute.code, name=_bilingual_text(attribute.name),
                values=tuple(Value(code=value.code, name=_bilingual_text(value.name)) for value in attribute.values),
            )
            for attribute in spec.attributes
        ),
        skus=skus,
        plans=tuple(plan for plan_index, plan in enumerate(plans) if not priced[plan_index]),
        quantity=Quantity(name=_bilingual_text(spec.quantity), parameter=spec.parameter)
        if spec.counted and not any(sku.quantity for sku in skus)
        else None,
    )  # fmt: skip


def _quantity(spec: SpecState, row: Row, at: str, errors: Errors) -> Quantity | None:
    """Return the quantity, or None if both limits are empty: this combination has a fixed price."""
    if not (row.least or row.most):
        return None
    return Quantity(
        name=_bilingual_text(spec.quantity),
        least=_parse_whole_number(row.least or "1", f"{at}.least", errors),
        most=_parse_whole_number(row.most, f"{at}.most", errors),
        step=_parse_whole_number(row.step or "1", f"{at}.step", errors),
        parameter=spec.parameter,
    )


def _parse_whole_number(typed: str, name: str, errors: Errors) -> int:
    number = whole_number(typed, digits=9)
    if number is None:
        errors.put(name, _("Enter a whole number."))
    return number or 0


def _parse_whole_numbers(typed: str, name: str, errors: Errors) -> tuple[int, ...]:
    numbers = [whole_number(part, digits=9) for part in split_numbers(typed)]
    if None in numbers:
        errors.put(name, _("Enter whole numbers separated by commas, such as 1, 3, 6."))
    return tuple(number for number in numbers if number is not None)


def _parse_decimal(typed: str, name: str, errors: Errors) -> Decimal | None:
    """Return the number, or None for empty or invalid input."""
    if not typed:
        return None
    number = decimal_number(typed)
    if number is None:
        errors.put(name, _("Enter an amount in digits, such as 1200 or 0.25."))
    return number


def _model(typed: str) -> PriceModel:
    return PriceModel(typed) if typed in set(PriceModel) else PriceModel.LINEAR


def _plan(plan: Plan, at: str, errors: Errors) -> Price:
    """Return a column's price without amounts."""
    mode = _CHARGING_MODES.get(plan.way, ChargingMode.ONE_TIME)
    trial, package, uses = plan.way == "trial", plan.way == "package", plan.way == "uses"
    period = {"trial": "day", "package": plan.period}.get(plan.way, plan.way if mode == ChargingMode.PERIOD else "")
    model = PriceModel.LINEAR if trial or plan.way == "on_demand" else _model(plan.model)
    return Price(
        charging_mode=mode,
        period_type=period,
        period_numbers=_parse_whole_numbers(plan.durations, f"{at}.durations", errors) if period else (),
        model=model,
        bands=tuple(Band(upto=upto) for upto in _parse_limits(model, plan.edges, f"{at}.edges", errors)),
        trial=trial,
        factors=tuple(_factor(factor, f"{at}.factors.{index}", errors) for index, factor in enumerate(plan.factors))
        if plan.way == "on_demand"
        else (),
        usage_unit=_bilingual_text(plan.unit) if package or uses else Text(zh="", en=""),
        quota=(_parse_decimal(plan.quota, f"{at}.quota", errors) or NONE) if package or uses else NONE,
        reset=plan.reset if package else "",
        stops_when_used_up=uses or (package and plan.stops == STOPS),
    )


def _parse_limits(model: PriceModel, edges: str, name: str, errors: Errors) -> list[int | None]:
    return [*_parse_whole_numbers(edges, name, errors), None] if model.banded else []


def _factor(count: MeteredItem, at: str, errors: Errors) -> Factor:
    model = _model(count.model)
    upper_limits: list[Decimal | None] = []
    if model.banded:
        numbers = [decimal_number(part) for part in split_numbers(count.edges)]
        if None in numbers:
            errors.put(f"{at}.edges", _("Enter numbers separated by commas, such as 100, 1000."))
        upper_limits = [*(number for number in numbers if number is not None), None]
    return Factor(
        code=count.code, unit=_bilingual_text(count.unit), cycle=count.cycle, accumulation=count.accumulation, model=model,
        bands=tuple(UsageBand(upto=upper_limit) for upper_limit in upper_limits),
    )  # fmt: skip


def _price_with_amounts(shape: Price, plan: Plan, cell: list[str], at: str, errors: Errors) -> Price:
    """Return the column's price with the amounts of one row."""
    if shape.trial:
        return replace(shape, amount=NONE)
    amounts: Iterator[Decimal | None] = iter(
        [_parse_decimal(typed, f"{at}.{index}", errors) for index, typed in enumerate(cell)] + [None] * len(shape.bands)
    )
    if plan.way == "on_demand":
        return replace(
            shape,
            factors=tuple(
                replace(
                    factor,
                    amount=None if factor.model.banded else next(amounts, None),
                    bands=tuple(UsageBand(upto=band.upto, amount=next(amounts, None)) for band in factor.bands),
                )
                for factor in shape.factors
            ),
        )
    if shape.model.banded:
        return replace(shape, bands=tuple(Band(upto=band.upto, amount=next(amounts, None)) for band in shape.bands))
    return replace(shape, amount=next(amounts, None))
