"""Acts of the buttons in the price form: add and remove specs, attributes, values and payment options, fill columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy

from msgspec import Struct

from tradepost.market.catalog.attribute_templates import AttributeData, Kind

from .pricing_editor import (
    MAX_ATTRIBUTES,
    MAX_FACTORS,
    MAX_PLANS,
    MAX_SPECS,
    MAX_VALUES,
    WAYS,
    BilingualInput,
    CodedName,
    MeteredItem,
    Plan,
    PricingState,
    SpecState,
    new_code,
    split_numbers,
)

MAX_INDEX_DIGITS = 3
"""Maximum number of digits of an index."""


class Button(Struct, frozen=True):
    """A button. ``place``: indexes of spec, attribute or plan, and of parts of it; ``what``: the option to add."""

    place: list[int]
    what: str
    kept: Mapping[str, AttributeData]
    """The seller's stored attributes by code."""


def run_act(state: PricingState, wanted: str, kept: Mapping[str, AttributeData] | None = None) -> None:
    """Run the act of a button: ``add-spec``, ``remove-value:0.1.2``, ``add-plan=month:0``. An index that no longer
    exists, from an outdated page, is ignored."""
    name, _colon, position = wanted.partition(":")
    name, _equals, argument = name.partition("=")
    place = [int(part) for part in position.split(".") if part.isdecimal() and len(part) <= MAX_INDEX_DIGITS]
    change = _ACTS.get(name)
    if change is None:
        return
    try:
        change(state, Button(place, argument, kept or {}))
    except IndexError:
        return
    state.arrange()


def _add_spec(state: PricingState, _button: Button) -> None:
    if len(state.specs) < MAX_SPECS:
        state.specs.append(SpecState())


def _copy_spec(state: PricingState, button: Button) -> None:
    """Copy a spec: the same columns and rows, with an empty name."""
    if len(state.specs) < MAX_SPECS:
        copy = deepcopy(state.specs[button.place[0]])
        copy.key, copy.name = "", BilingualInput()
        state.specs.insert(button.place[0] + 1, copy)


def _remove_spec(state: PricingState, button: Button) -> None:
    del state.specs[button.place[0]]


def _add_attribute(state: PricingState, button: Button) -> None:
    attributes = state.specs[button.place[0]].attributes
    if len(attributes) < MAX_ATTRIBUTES:
        attributes.append(CodedName(new_code("a"), values=[CodedName(new_code("v")), CodedName(new_code("v"))]))


def _insert_attribute(state: PricingState, button: Button) -> None:
    """Insert a copy of a stored attribute (business-rules §3.4). Its codes are new, so that they cannot be confused."""
    spec = state.specs[button.place[0]]
    chosen = button.kept.get(spec.insert)
    spec.insert = ""
    if chosen is None:
        return
    if chosen.kind == Kind.NUMBER:
        if not spec.counted:
            spec.counted, spec.quantity = True, BilingualInput(chosen.name.zh, chosen.name.en)
            for row in spec.rows:
                row.least, row.most, row.step = str(chosen.least), str(chosen.most), str(chosen.step)
    elif len(spec.attributes) < MAX_ATTRIBUTES:
        names = [BilingualInput(value.zh, value.en) for value in chosen.values] or [BilingualInput(), BilingualInput()]
        values = [CodedName(new_code("v"), name) for name in names]
        spec.attributes.append(CodedName(new_code("a"), BilingualInput(chosen.name.zh, chosen.name.en), values))


def _remove_attribute(state: PricingState, button: Button) -> None:
    del state.specs[button.place[0]].attributes[button.place[1]]


def _add_value(state: PricingState, button: Button) -> None:
    values = state.specs[button.place[0]].attributes[button.place[1]].values
    if len(values) < MAX_VALUES:
        values.append(CodedName(new_code("v")))


def _remove_value(state: PricingState, button: Button) -> None:
    del state.specs[button.place[0]].attributes[button.place[1]].values[button.place[2]]


def _add_plan(state: PricingState, button: Button) -> None:
    spec = state.specs[button.place[0]]
    if button.what not in WAYS or len(spec.plans) >= MAX_PLANS:
        return
    plan = Plan(
        button.what,
        durations={"month": "1, 3, 6", "year": "1, 2, 3", "day": "7, 30", "trial": "14"}.get(button.what, ""),
    )
    counted = next((factor for column in spec.plans for factor in column.factors), None)
    if button.what == "on_demand":
        plan.factors = [MeteredItem(code="usage")]
    elif button.what == "package":
        plan.durations = "1"
        plan.unit = BilingualInput(counted.unit.zh, counted.unit.en) if counted else BilingualInput()
    spec.plans.append(plan)


def _remove_plan(state: PricingState, button: Button) -> None:
    spec = state.specs[button.place[0]]
    del spec.plans[button.place[1]]
    for row in spec.rows:
        del row.cells[button.place[1]]


def _add_factor(state: PricingState, button: Button) -> None:
    factors = state.specs[button.place[0]].plans[button.place[1]].factors
    if len(factors) < MAX_FACTORS:
        factors.append(MeteredItem())


def _remove_factor(state: PricingState, button: Button) -> None:
    """Remove a metered item with its amounts; other amounts keep their columns."""
    spec = state.specs[button.place[0]]
    plan = spec.plans[button.place[1]]
    start = sum(
        1 if factor.model == "linear" else len(split_numbers(factor.edges)) + 1
        for factor in plan.factors[: button.place[2]]
    )
    removed = plan.factors[button.place[2]]
    width = 1 if removed.model == "linear" else len(split_numbers(removed.edges)) + 1
    del plan.factors[button.place[2]]
    for row in spec.rows:
        del row.cells[button.place[1]][start : start + width]


def _fill_amounts(state: PricingState, button: Button) -> None:
    """Copy a column of the first ticked row to all ticked rows."""
    spec = state.specs[button.place[0]]
    sold = [row for row in spec.rows if row.ticked]
    for row in sold[1:]:
        row.cells[button.place[1]] = list(sold[0].cells[button.place[1]])


def _fill_quantities(state: PricingState, button: Button) -> None:
    sold = [row for row in state.specs[button.place[0]].rows if row.ticked]
    for row in sold[1:]:
        row.least, row.most, row.step = sold[0].least, sold[0].most, sold[0].step


def _tick_rows(state: PricingState, button: Button) -> None:
    for row in state.specs[button.place[0]].rows:
        row.ticked = button.what == "all"


def _set_counted(state: PricingState, button: Button) -> None:
    """Turn quantities on or off."""
    spec = state.specs[button.place[0]]
    spec.counted = button.what == "yes"
    for row in spec.rows:
        if spec.counted and not (row.least or row.most):
            row.least, row.most, row.step = "1", "100", "1"


_ACTS: Mapping[str, Callable[[PricingState, Button], None]] = {
    "add-spec": _add_spec, "copy-spec": _copy_spec, "remove-spec": _remove_spec,
    "add-attribute": _add_attribute, "insert-attribute": _insert_attribute, "remove-attribute": _remove_attribute,
    "add-value": _add_value, "remove-value": _remove_value,
    "add-plan": _add_plan, "remove-plan": _remove_plan,
    "add-factor": _add_factor, "remove-factor": _remove_factor,
    "fill": _fill_amounts, "fill-counts": _fill_quantities, "tick": _tick_rows, "count": _set_counted,
}  # fmt: skip
