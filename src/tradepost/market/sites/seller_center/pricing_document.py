"""Between the form of prices and the document: amounts are read with bounds, and each place of one is known in the other.

``read`` gives what was typed as a document, or says beside which input it is no number; ``laid_out`` makes the form of a
document. Both know where a finding of the document (``specs.0.skus.1.prices.2.amount``) stands in the form.
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

from .pricing_editor import Coded, Count, Plan, PricingState, Row, SpecState, Words, split

_MODE = {
    "day": ChargingMode.PERIOD, "month": ChargingMode.PERIOD, "year": ChargingMode.PERIOD, "trial": ChargingMode.PERIOD,
    "once": ChargingMode.ONE_TIME, "on_demand": ChargingMode.ON_DEMAND, "package": ChargingMode.ON_DEMAND_PKG,
    "uses": ChargingMode.ONE_TIME,
}  # fmt: skip
_OF_A_CELL = frozenset({"", "amount"})
"""What a finding of a price is about, where it stands in its cell; everything else stands in the head of the column."""


@dataclass(slots=True)
class Places:
    """Where a part of the document stands in the form: the longest beginning that is known counts."""

    cells: dict[str, str] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    """Of prices: the column."""

    def find(self, path: str) -> str:
        """The input, or group of inputs, of a finding's field; the field itself where the form has the same name for it."""
        parts = path.split(".")
        for length in range(len(parts), 0, -1):
            beginning, rest = ".".join(parts[:length]), ".".join(parts[length:])
            if beginning in self.heads and rest not in _OF_A_CELL:
                return self.heads[beginning]
            if beginning in self.cells:
                return self.cells[beginning]
        return path


# --- the form of a document -------------------------------------------------------------------------------------------


def laid_out(pricing: Pricing) -> tuple[PricingState, Places]:
    places = Places()
    state = PricingState([_spec_state(spec, i, places) for i, spec in enumerate(pricing.specs)])
    return state, places


def _words(text: Text) -> Words:
    return Words(text.zh, text.en)


def _spec_state(spec: Spec, i: int, places: Places) -> SpecState:
    numbers = [sku.quantity for sku in spec.skus if sku.quantity] + ([spec.quantity] if spec.quantity else [])
    columns: list[tuple[object, Plan]] = []
    for price in [*(price for sku in spec.skus for price in sku.prices), *spec.plans]:
        shape = _shape(price)
        if all(shape != known for known, _plan in columns):
            columns.append((shape, _plan_state(price)))
    shapes = [shape for shape, _plan in columns]
    state = SpecState(
        key=spec.key,
        name=_words(spec.name),
        attributes=[
            Coded(a.code, _words(a.name), [Coded(v.code, _words(v.name)) for v in a.values]) for a in spec.attributes
        ],
        counted=bool(numbers),
        quantity=_words(numbers[0].name) if numbers else Words(),
        parameter=numbers[0].parameter if numbers else AMOUNT,
        plans=[plan for _shape, plan in columns],
        rows=[_row(sku, shapes) for sku in spec.skus],
    )
    state.arrange()
    rows = {_key(row.values): r for r, row in enumerate(state.rows)}
    for j, sku in enumerate(spec.skus):
        if (r := rows.get(_key(dict(sku.values)))) is None:
            continue
        places.cells[f"specs.{i}.skus.{j}"] = f"specs.{i}.rows.{r}"
        for k, price in enumerate(sku.prices):
            p = shapes.index(_shape(price))
            places.cells[f"specs.{i}.skus.{j}.prices.{k}"] = f"specs.{i}.rows.{r}.cells.{p}"
            places.heads[f"specs.{i}.skus.{j}.prices.{k}"] = f"specs.{i}.plans.{p}"
    return state


def _key(values: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


def _shape(price: Price) -> object:
    """What makes a column: everything of a price but its amounts and its id."""
    factors = tuple(
        (f.code, f.unit, f.cycle, f.accumulation, f.model, tuple(b.upto for b in f.bands)) for f in price.factors
    )
    return (
        way_of(price), price.period_type, price.period_numbers, price.model, tuple(b.upto for b in price.bands),
        price.usage_unit, price.quota.normalize(), price.reset, price.stops_when_used_up, factors,
    )  # fmt: skip


def _plan_state(price: Price) -> Plan:
    return Plan(
        way=way_of(price),
        durations=", ".join(map(str, price.period_numbers)),
        model=str(price.model),
        edges=_edges(band.upto for band in price.bands),
        unit=_words(price.usage_unit),
        quota=_plain(price.quota) if price.quota else "",
        period=price.period_type or "month",
        reset=price.reset,
        stops=STOPS if price.stops_when_used_up else "",
        factors=[
            Count(f.code, _words(f.unit), f.cycle, f.accumulation, str(f.model), _edges(band.upto for band in f.bands))
            for f in price.factors
        ],
    )


def _edges(uptos: Iterable[int | Decimal | None]) -> str:
    return ", ".join(_plain(Decimal(upto)) for upto in uptos if upto is not None)


def _plain(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


def _money(number: Decimal | None) -> str:
    """An amount as one types it: 12.50, and not 12.5."""
    if number is None:
        return ""
    exponent = number.normalize().as_tuple().exponent
    return f"{number:.2f}" if isinstance(exponent, int) and -2 <= exponent < 0 else _plain(number)


def _row(sku: Sku, shapes: Sequence[object]) -> Row:
    cells: list[list[str]] = [[] for _ in shapes]
    for price in sku.prices:
        cells[shapes.index(_shape(price))] = _cell(price)
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
            _money(each)
            for f in price.factors
            for each in ([band.amount for band in f.bands] if f.model.banded else [f.amount])
        ]
    return [_money(each) for each in ([band.amount for band in price.bands] if price.model.banded else [price.amount])]


# --- the document of a form -------------------------------------------------------------------------------------------


class Errors(dict[str, str]):
    """Input → what is wrong with what was typed there; the first counts."""

    def put(self, name: str, words: str) -> None:
        self.setdefault(name, words)


def read(state: PricingState) -> tuple[Pricing, Errors]:
    """What was typed, and what of it is no number. Only without errors the document may be kept."""
    errors = Errors()
    return Pricing(specs=tuple(_spec(spec, f"specs.{i}", errors) for i, spec in enumerate(state.specs))), errors


def _text(words: Words) -> Text:
    return Text(zh=words.zh, en=words.en)


def _spec(spec: SpecState, at: str, errors: Errors) -> Spec:
    if spec.too_many:
        errors.put(f"{at}.attributes", _("These attributes give more than 100 combinations. Take values away."))
    plans = [_plan(plan, f"{at}.plans.{p}", errors) for p, plan in enumerate(spec.plans)]
    priced = [any(row.ticked and any(row.cells[p]) for row in spec.rows) for p in range(len(plans))]
    ticked = [(r, row) for r, row in enumerate(spec.rows) if row.ticked]
    skus = tuple(
        Sku(
            values=dict(row.values),
            quantity=_quantity(spec, row, f"{at}.rows.{r}", errors) if spec.counted else None,
            prices=tuple(
                _priced(plan, spec.plans[p], row.cells[p], f"{at}.rows.{r}.cells.{p}", errors)
                for p, plan in enumerate(plans)
                if any(row.cells[p])
            ),
        )
        for r, row in ticked
    )
    return Spec(
        key=spec.key,
        name=_text(spec.name),
        attributes=tuple(
            Attribute(code=a.code, name=_text(a.name), values=tuple(Value(code=v.code, name=_text(v.name)) for v in a.values))
            for a in spec.attributes
        ),
        skus=skus,
        plans=tuple(plan for p, plan in enumerate(plans) if not priced[p]),
        quantity=Quantity(name=_text(spec.quantity), parameter=spec.parameter)
        if spec.counted and not any(sku.quantity for sku in skus)
        else None,
    )  # fmt: skip


def _quantity(spec: SpecState, row: Row, at: str, errors: Errors) -> Quantity | None:
    """None where both ends are left empty: this combination has a fixed price."""
    if not (row.least or row.most):
        return None
    return Quantity(
        name=_text(spec.quantity),
        least=_whole(row.least or "1", f"{at}.least", errors),
        most=_whole(row.most, f"{at}.most", errors),
        step=_whole(row.step or "1", f"{at}.step", errors),
        parameter=spec.parameter,
    )


def _whole(typed: str, name: str, errors: Errors) -> int:
    number = whole_number(typed, digits=9)
    if number is None:
        errors.put(name, _("Enter a whole number."))
    return number or 0


def _whole_numbers(typed: str, name: str, errors: Errors) -> tuple[int, ...]:
    numbers = [whole_number(each, digits=9) for each in split(typed)]
    if None in numbers:
        errors.put(name, _("Enter whole numbers with commas between them, such as 1, 3, 6."))
    return tuple(number for number in numbers if number is not None)


def _decimal(typed: str, name: str, errors: Errors) -> Decimal | None:
    """None for nothing, and for what is no number."""
    if not typed:
        return None
    number = decimal_number(typed)
    if number is None:
        errors.put(name, _("Enter an amount in digits, such as 1200 or 0.25."))
    return number


def _model(typed: str) -> PriceModel:
    return PriceModel(typed) if typed in set(PriceModel) else PriceModel.LINEAR


def _plan(plan: Plan, at: str, errors: Errors) -> Price:
    """A column, without amounts."""
    mode = _MODE.get(plan.way, ChargingMode.ONE_TIME)
    trial, package, uses = plan.way == "trial", plan.way == "package", plan.way == "uses"
    period = {"trial": "day", "package": plan.period}.get(plan.way, plan.way if mode == ChargingMode.PERIOD else "")
    model = PriceModel.LINEAR if trial or plan.way == "on_demand" else _model(plan.model)
    return Price(
        charging_mode=mode,
        period_type=period,
        period_numbers=_whole_numbers(plan.durations, f"{at}.durations", errors) if period else (),
        model=model,
        bands=tuple(Band(upto=upto) for upto in _uptos(model, plan.edges, f"{at}.edges", errors)),
        trial=trial,
        factors=tuple(_factor(f, f"{at}.factors.{n}", errors) for n, f in enumerate(plan.factors))
        if plan.way == "on_demand"
        else (),
        usage_unit=_text(plan.unit) if package or uses else Text(zh="", en=""),
        quota=(_decimal(plan.quota, f"{at}.quota", errors) or NONE) if package or uses else NONE,
        reset=plan.reset if package else "",
        stops_when_used_up=uses or (package and plan.stops == STOPS),
    )


def _uptos(model: PriceModel, edges: str, name: str, errors: Errors) -> list[int | None]:
    return [*_whole_numbers(edges, name, errors), None] if model.banded else []


def _factor(count: Count, at: str, errors: Errors) -> Factor:
    model = _model(count.model)
    uptos: list[Decimal | None] = []
    if model.banded:
        numbers = [decimal_number(each) for each in split(count.edges)]
        if None in numbers:
            errors.put(f"{at}.edges", _("Enter numbers with commas between them, such as 100, 1000."))
        uptos = [*(number for number in numbers if number is not None), None]
    return Factor(
        code=count.code, unit=_text(count.unit), cycle=count.cycle, accumulation=count.accumulation, model=model,
        bands=tuple(UsageBand(upto=upto) for upto in uptos),
    )  # fmt: skip


def _priced(shape: Price, plan: Plan, cell: list[str], at: str, errors: Errors) -> Price:
    """The column's price with the amounts of one row."""
    if shape.trial:
        return replace(shape, amount=NONE)
    amounts: Iterator[Decimal | None] = iter(
        [_decimal(typed, f"{at}.{n}", errors) for n, typed in enumerate(cell)] + [None] * len(shape.bands)
    )
    if plan.way == "on_demand":
        return replace(
            shape,
            factors=tuple(
                replace(
                    f,
                    amount=None if f.model.banded else next(amounts, None),
                    bands=tuple(UsageBand(upto=band.upto, amount=next(amounts, None)) for band in f.bands),
                )
                for f in shape.factors
            ),
        )
    if shape.model.banded:
        return replace(shape, bands=tuple(Band(upto=band.upto, amount=next(amounts, None)) for band in shape.bands))
    return replace(shape, amount=next(amounts, None))
