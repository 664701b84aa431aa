"""What the buttons of the form of prices do: add and remove specs, attributes, values and ways to pay, fill columns down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy

from msgspec import Struct

from tradepost.market.catalog.attribute_templates import Described, Kind

from .pricing_editor import (
    MOST_ATTRIBUTES,
    MOST_FACTORS,
    MOST_PLANS,
    MOST_SPECS,
    MOST_VALUES,
    WAYS,
    Coded,
    Count,
    Plan,
    PricingState,
    SpecState,
    Words,
    new_code,
    split,
)

LONGEST_NUMBER = 3
"""Digits of a place: there are fewer than a thousand of anything."""


class Button(Struct, frozen=True):
    """``place``: numbers of spec, attribute or plan, and what is in it; ``what`` is wanted there."""

    place: list[int]
    what: str
    kept: Mapping[str, Described]
    """What the seller keeps to put into its products, by code."""


def act(state: PricingState, wanted: str, kept: Mapping[str, Described] | None = None) -> None:
    """Do what a button says: ``add-spec``, ``remove-value:0.1.2``, ``add-plan=month:0``. What it does not fit is left as it is:
    a page that is older than the form."""
    name, _colon, where = wanted.partition(":")
    name, _equals, what = name.partition("=")
    place = [int(each) for each in where.split(".") if each.isdecimal() and len(each) <= LONGEST_NUMBER]
    change = _ACTS.get(name)
    if change is None:
        return
    try:
        change(state, Button(place, what, kept or {}))
    except IndexError:
        return
    state.arrange()


def _add_spec(state: PricingState, _button: Button) -> None:
    if len(state.specs) < MOST_SPECS:
        state.specs.append(SpecState())


def _copy_spec(state: PricingState, button: Button) -> None:
    """A spec like another: the same columns and rows under a new name."""
    if len(state.specs) < MOST_SPECS:
        copy = deepcopy(state.specs[button.place[0]])
        copy.key, copy.name = "", Words()
        state.specs.insert(button.place[0] + 1, copy)


def _remove_spec(state: PricingState, button: Button) -> None:
    del state.specs[button.place[0]]


def _add_attribute(state: PricingState, button: Button) -> None:
    attributes = state.specs[button.place[0]].attributes
    if len(attributes) < MOST_ATTRIBUTES:
        attributes.append(Coded(new_code("a"), values=[Coded(new_code("v")), Coded(new_code("v"))]))


def _insert_attribute(state: PricingState, button: Button) -> None:
    """A copy of one that the seller keeps (business-rules §3.4): its codes are new, so that none is taken for another."""
    spec = state.specs[button.place[0]]
    chosen = button.kept.get(spec.insert)
    spec.insert = ""
    if chosen is None:
        return
    if chosen.kind == Kind.NUMBER:
        if not spec.counted:
            spec.counted, spec.quantity = True, Words(chosen.name.zh, chosen.name.en)
            for row in spec.rows:
                row.least, row.most, row.step = str(chosen.least), str(chosen.most), str(chosen.step)
    elif len(spec.attributes) < MOST_ATTRIBUTES:
        names = [Words(value.zh, value.en) for value in chosen.values] or [Words(), Words()]
        values = [Coded(new_code("v"), name) for name in names]
        spec.attributes.append(Coded(new_code("a"), Words(chosen.name.zh, chosen.name.en), values))


def _remove_attribute(state: PricingState, button: Button) -> None:
    del state.specs[button.place[0]].attributes[button.place[1]]


def _add_value(state: PricingState, button: Button) -> None:
    values = state.specs[button.place[0]].attributes[button.place[1]].values
    if len(values) < MOST_VALUES:
        values.append(Coded(new_code("v")))


def _remove_value(state: PricingState, button: Button) -> None:
    del state.specs[button.place[0]].attributes[button.place[1]].values[button.place[2]]


def _add_plan(state: PricingState, button: Button) -> None:
    spec = state.specs[button.place[0]]
    if button.what not in WAYS or len(spec.plans) >= MOST_PLANS:
        return
    plan = Plan(
        button.what,
        durations={"month": "1, 3, 6", "year": "1, 2, 3", "day": "7, 30", "trial": "14"}.get(button.what, ""),
    )
    counted = next((f for p in spec.plans for f in p.factors), None)
    if button.what == "on_demand":
        plan.factors = [Count(code="usage")]
    elif button.what == "package":
        plan.durations = "1"
        plan.unit = Words(counted.unit.zh, counted.unit.en) if counted else Words()
    spec.plans.append(plan)


def _remove_plan(state: PricingState, button: Button) -> None:
    spec = state.specs[button.place[0]]
    del spec.plans[button.place[1]]
    for row in spec.rows:
        del row.cells[button.place[1]]


def _add_factor(state: PricingState, button: Button) -> None:
    factors = state.specs[button.place[0]].plans[button.place[1]].factors
    if len(factors) < MOST_FACTORS:
        factors.append(Count())


def _remove_factor(state: PricingState, button: Button) -> None:
    """Its amounts go with it; those of the others stay where they belong."""
    spec = state.specs[button.place[0]]
    plan = spec.plans[button.place[1]]
    before = sum(1 if f.model == "linear" else len(split(f.edges)) + 1 for f in plan.factors[: button.place[2]])
    gone = plan.factors[button.place[2]]
    width = 1 if gone.model == "linear" else len(split(gone.edges)) + 1
    del plan.factors[button.place[2]]
    for row in spec.rows:
        del row.cells[button.place[1]][before : before + width]


def _fill(state: PricingState, button: Button) -> None:
    """What the first row that is sold has in a column goes to every row that is sold."""
    spec = state.specs[button.place[0]]
    sold = [row for row in spec.rows if row.ticked]
    for row in sold[1:]:
        row.cells[button.place[1]] = list(sold[0].cells[button.place[1]])


def _fill_counts(state: PricingState, button: Button) -> None:
    sold = [row for row in state.specs[button.place[0]].rows if row.ticked]
    for row in sold[1:]:
        row.least, row.most, row.step = sold[0].least, sold[0].most, sold[0].step


def _tick(state: PricingState, button: Button) -> None:
    for row in state.specs[button.place[0]].rows:
        row.ticked = button.what == "all"


def _count(state: PricingState, button: Button) -> None:
    """Sell it by quantity, or not."""
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
    "fill": _fill, "fill-counts": _fill_counts, "tick": _tick, "count": _count,
}  # fmt: skip
