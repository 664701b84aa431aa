"""The form of specs and prices as text, exactly as it was typed: what is no number yet is kept and shown again.

Three shapes of the same thing: the inputs of a form (``from_post``), this state, and the document (``pricing_document``).
Specs have columns, the ways to pay, and rows, the combinations of attribute values; a row that is ticked is a SKU, and a cell
with an amount is a price. So the size of everything is bounded here, before work is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from tradepost.market.base import ids

MOST_SPECS = 20
MOST_ATTRIBUTES = 5
MOST_VALUES = 10
"""Of one attribute (business-rules §3.4)."""
MOST_ROWS = 100
"""SKUs of a product (business-rules §3.4)."""
MOST_PLANS = 12
MOST_FACTORS = 5
MOST_CELLS = 50
LONGEST = 200
"""Characters of one input of this form."""
CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
SEPARATORS = re.compile(r"[\s,，、;；/]+")

type Post = Mapping[str, str]


@dataclass(slots=True)
class Words:
    zh: str = ""
    en: str = ""


@dataclass(slots=True)
class Coded:
    """An attribute or a value of one: the code is minted once and stays, whatever its name becomes."""

    code: str
    name: Words = field(default_factory=Words)
    values: list[Coded] = field(default_factory=list)


@dataclass(slots=True)
class Count:
    """What is counted of a price on demand. ``edges``: upper edges of bands, as typed."""

    code: str = ""
    unit: Words = field(default_factory=Words)
    cycle: str = "hour"
    accumulation: str = ""
    model: str = "linear"
    edges: str = ""


@dataclass(slots=True)
class Plan:
    """A way to pay: one column. ``way``: day, month, year, once, on_demand, package or trial."""

    way: str
    durations: str = ""
    model: str = "linear"
    edges: str = ""
    unit: Words = field(default_factory=Words)
    quota: str = ""
    period: str = "month"
    reset: str = ""
    factors: list[Count] = field(default_factory=list)

    @property
    def banded(self) -> list[tuple[str, str]]:
        """Model and edges of everything in this column that has a price."""
        return [(f.model, f.edges) for f in self.factors] if self.way == "on_demand" else [(self.model, self.edges)]

    @property
    def width(self) -> int:
        """Inputs of a cell."""
        return min(sum(1 if model == "linear" else len(split(edges)) + 1 for model, edges in self.banded), MOST_CELLS)


@dataclass(slots=True)
class Row:
    """A combination of values, attribute code → value code; sold if ``ticked``."""

    values: dict[str, str] = field(default_factory=dict)
    ticked: bool = False
    least: str = ""
    most: str = ""
    step: str = ""
    cells: list[list[str]] = field(default_factory=list)


@dataclass(slots=True)
class SpecState:
    key: str = ""
    name: Words = field(default_factory=Words)
    attributes: list[Coded] = field(default_factory=list)
    counted: bool = False
    quantity: Words = field(default_factory=Words)
    plans: list[Plan] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    too_many: bool = False
    """Whether there are more combinations than rows."""

    def arrange(self) -> None:
        """One row for each combination, with what was typed in the row that was nearest, and one cell for each plan."""
        sizes = [len(attribute.values) for attribute in self.attributes if attribute.values]
        total = 1
        for size in sizes:
            total *= size
        self.too_many = total > MOST_ROWS
        before = self.rows
        self.rows = [_nearest(before, values) for values in islice(self._combinations(), MOST_ROWS)]
        if len(self.rows) == 1 and not self.attributes:
            self.rows[0].ticked = True  # without attributes there is nothing to choose: it is what is sold
        for row in self.rows:
            cells = [*row.cells, *([] for _ in self.plans)][: len(self.plans)]
            row.cells = [
                [*cell, *("" for _ in range(plan.width))][: plan.width]
                for cell, plan in zip(cells, self.plans, strict=True)
            ]

    def _combinations(self) -> Iterator[dict[str, str]]:
        with_values = [attribute for attribute in self.attributes if attribute.values]
        for chosen in product(*(attribute.values for attribute in with_values)):
            yield {a.code: value.code for a, value in zip(with_values, chosen, strict=True)}


def _nearest(rows: list[Row], values: dict[str, str]) -> Row:
    """A row for these values: the one that had them, else a copy of one that an attribute was added to, or taken from."""
    for row in rows:
        if row.values == values:
            return row
    for row in rows:
        few, many = sorted((row.values, values), key=len)
        if few.items() <= many.items():
            return Row(values, row.ticked, row.least, row.most, row.step, [list(cell) for cell in row.cells])
    return Row(values)


@dataclass(slots=True)
class PricingState:
    specs: list[SpecState] = field(default_factory=list)

    def arrange(self) -> None:
        for spec in self.specs:
            spec.arrange()


def split(text: str) -> list[str]:
    """Numbers of a list, as typed: ``1, 3、6``."""
    return [each for each in SEPARATORS.split(text.strip()) if each][:MOST_CELLS]


def new_code(letter: str) -> str:
    """Of an attribute or value: never used before, so that no SKU is taken for one that is gone."""
    return letter + ids.hex_id()[:7]


# --- from the inputs of a form ----------------------------------------------------------------------------------------


def from_post(post: Post) -> PricingState:
    specs = [_spec(post, f"specs.{i}") for i in _while(post, "specs.{}.key", MOST_SPECS)]
    state = PricingState(specs)
    state.arrange()
    return state


def _while(post: Post, pattern: str, most: int) -> Iterator[int]:
    """Numbers from 0 on for which there is such an input."""
    for number in range(most):
        if pattern.format(number) not in post:
            return
        yield number


def _typed(post: Post, name: str) -> str:
    return post.get(name, "")[:LONGEST].strip()


def _words(post: Post, name: str) -> Words:
    return Words(_typed(post, f"{name}.zh"), _typed(post, f"{name}.en"))


def _code(post: Post, name: str, letter: str) -> str:
    code = _typed(post, name)
    return code if CODE.fullmatch(code) else new_code(letter)


def _spec(post: Post, at: str) -> SpecState:
    plans = [_plan(post, f"{at}.plans.{p}") for p in _while(post, f"{at}.plans.{{}}.way", MOST_PLANS)]
    return SpecState(
        key=_typed(post, f"{at}.key"),
        name=_words(post, f"{at}.name"),
        attributes=[
            Coded(
                _code(post, f"{at}.attributes.{a}.code", "a"),
                _words(post, f"{at}.attributes.{a}.name"),
                [
                    Coded(
                        _code(post, f"{at}.attributes.{a}.values.{v}.code", "v"),
                        _words(post, f"{at}.attributes.{a}.values.{v}.name"),
                    )
                    for v in _while(post, f"{at}.attributes.{a}.values.{{}}.code", MOST_VALUES)
                ],
            )
            for a in _while(post, f"{at}.attributes.{{}}.code", MOST_ATTRIBUTES)
        ],
        counted=post.get(f"{at}.counted") == "1",
        quantity=_words(post, f"{at}.quantity.name"),
        plans=plans,
        rows=[_row(post, f"{at}.rows.{r}", len(plans)) for r in _while(post, f"{at}.rows.{{}}.values", MOST_ROWS)],
    )


def _plan(post: Post, at: str) -> Plan:
    return Plan(
        way=_typed(post, f"{at}.way"),
        durations=_typed(post, f"{at}.durations"),
        model=_typed(post, f"{at}.model") or "linear",
        edges=_typed(post, f"{at}.edges"),
        unit=_words(post, f"{at}.unit"),
        quota=_typed(post, f"{at}.quota"),
        period=_typed(post, f"{at}.period") or "month",
        reset=_typed(post, f"{at}.reset"),
        factors=[
            Count(
                code=_typed(post, f"{at}.factors.{f}.code"),
                unit=_words(post, f"{at}.factors.{f}.unit"),
                cycle=_typed(post, f"{at}.factors.{f}.cycle") or "hour",
                accumulation=_typed(post, f"{at}.factors.{f}.accumulation"),
                model=_typed(post, f"{at}.factors.{f}.model") or "linear",
                edges=_typed(post, f"{at}.factors.{f}.edges"),
            )
            for f in _while(post, f"{at}.factors.{{}}.code", MOST_FACTORS)
        ],
    )


def _row(post: Post, at: str, plans: int) -> Row:
    pairs = (pair.partition(":") for pair in post[f"{at}.values"][: LONGEST * 5].split("|") if pair)
    return Row(
        values={code: value for code, _colon, value in pairs},
        ticked=post.get(f"{at}.on") == "1",
        least=_typed(post, f"{at}.least"),
        most=_typed(post, f"{at}.most"),
        step=_typed(post, f"{at}.step"),
        cells=[
            [_typed(post, f"{at}.cells.{p}.{n}") for n in _while(post, f"{at}.cells.{p}.{{}}", MOST_CELLS)]
            for p in range(plans)
        ],
    )


# --- what the buttons do ----------------------------------------------------------------------------------------------


def act(state: PricingState, wanted: str) -> None:
    """Do what a button says: ``add-spec``, ``remove-value:0.1.2``, ``fill:0.3``. What it does not fit is left as it is: a page
    that is older than the form."""
    name, _colon, where = wanted.partition(":")
    name, _colon2, what = name.partition("=")
    at = [int(each) for each in where.split(".") if each.isdecimal() and len(each) < 4]
    change = _ACTS.get(name)
    if change is None:
        return
    try:
        change(state, at, what)
    except (IndexError, ValueError):
        return
    state.arrange()


def _add_spec(state: PricingState, at: list[int], what: str) -> None:
    if len(state.specs) < MOST_SPECS:
        state.specs.append(SpecState())


def _copy_spec(state: PricingState, at: list[int], what: str) -> None:
    """A spec like another: the same columns and rows under a new name."""
    old = state.specs[at[0]]
    if len(state.specs) < MOST_SPECS:
        copy = SpecState(
            attributes=[
                Coded(
                    a.code, Words(a.name.zh, a.name.en), [Coded(v.code, Words(v.name.zh, v.name.en)) for v in a.values]
                )
                for a in old.attributes
            ],
            counted=old.counted,
            quantity=Words(old.quantity.zh, old.quantity.en),
            plans=[_copied(plan) for plan in old.plans],
            rows=[Row(dict(r.values), r.ticked, r.least, r.most, r.step, [list(c) for c in r.cells]) for r in old.rows],
        )
        state.specs.insert(at[0] + 1, copy)


def _copied(plan: Plan) -> Plan:
    factors = [
        Count(f.code, Words(f.unit.zh, f.unit.en), f.cycle, f.accumulation, f.model, f.edges) for f in plan.factors
    ]
    return Plan(
        plan.way, plan.durations, plan.model, plan.edges, Words(plan.unit.zh, plan.unit.en), plan.quota, plan.period,
        plan.reset, factors,
    )  # fmt: skip


def _remove_spec(state: PricingState, at: list[int], what: str) -> None:
    del state.specs[at[0]]


def _add_attribute(state: PricingState, at: list[int], what: str) -> None:
    attributes = state.specs[at[0]].attributes
    if len(attributes) < MOST_ATTRIBUTES:
        attributes.append(Coded(new_code("a"), values=[Coded(new_code("v")), Coded(new_code("v"))]))


def _remove_attribute(state: PricingState, at: list[int], what: str) -> None:
    del state.specs[at[0]].attributes[at[1]]


def _add_value(state: PricingState, at: list[int], what: str) -> None:
    values = state.specs[at[0]].attributes[at[1]].values
    if len(values) < MOST_VALUES:
        values.append(Coded(new_code("v")))


def _remove_value(state: PricingState, at: list[int], what: str) -> None:
    del state.specs[at[0]].attributes[at[1]].values[at[2]]


def _add_plan(state: PricingState, at: list[int], what: str) -> None:
    spec = state.specs[at[0]]
    if what not in WAYS or len(spec.plans) >= MOST_PLANS:
        return
    plan = Plan(what, durations={"month": "1, 3, 6", "year": "1, 2, 3", "day": "7, 30", "trial": "14"}.get(what, ""))
    counted = next((f for p in spec.plans for f in p.factors), None)
    if what == "on_demand":
        plan.factors = [Count(code="usage")]
    elif what == "package":
        plan.durations = "1"
        plan.unit = Words(counted.unit.zh, counted.unit.en) if counted else Words()
    spec.plans.append(plan)


WAYS = ("month", "year", "day", "once", "trial", "on_demand", "package")


def _remove_plan(state: PricingState, at: list[int], what: str) -> None:
    spec = state.specs[at[0]]
    del spec.plans[at[1]]
    for row in spec.rows:
        del row.cells[at[1]]


def _add_factor(state: PricingState, at: list[int], what: str) -> None:
    factors = state.specs[at[0]].plans[at[1]].factors
    if len(factors) < MOST_FACTORS:
        factors.append(Count())


def _remove_factor(state: PricingState, at: list[int], what: str) -> None:
    """Its amounts go with it; those of the others stay where they belong."""
    spec = state.specs[at[0]]
    plan = spec.plans[at[1]]
    before = sum(1 if f.model == "linear" else len(split(f.edges)) + 1 for f in plan.factors[: at[2]])
    gone = plan.factors[at[2]]
    width = 1 if gone.model == "linear" else len(split(gone.edges)) + 1
    del plan.factors[at[2]]
    for row in spec.rows:
        del row.cells[at[1]][before : before + width]


def _fill(state: PricingState, at: list[int], what: str) -> None:
    """What the first row that is sold has in a column goes to every row that is sold."""
    spec = state.specs[at[0]]
    sold = [row for row in spec.rows if row.ticked]
    for row in sold[1:]:
        row.cells[at[1]] = list(sold[0].cells[at[1]])


def _fill_counts(state: PricingState, at: list[int], what: str) -> None:
    sold = [row for row in state.specs[at[0]].rows if row.ticked]
    for row in sold[1:]:
        row.least, row.most, row.step = sold[0].least, sold[0].most, sold[0].step


def _tick(state: PricingState, at: list[int], what: str) -> None:
    for row in state.specs[at[0]].rows:
        row.ticked = what == "all"


def _count(state: PricingState, at: list[int], what: str) -> None:
    """Sell it by quantity, or not."""
    spec = state.specs[at[0]]
    spec.counted = what == "yes"
    for row in spec.rows:
        if spec.counted and not (row.least or row.most):
            row.least, row.most, row.step = "1", "100", "1"


_ACTS = {
    "add-spec": _add_spec, "copy-spec": _copy_spec, "remove-spec": _remove_spec,
    "add-attribute": _add_attribute, "remove-attribute": _remove_attribute,
    "add-value": _add_value, "remove-value": _remove_value,
    "add-plan": _add_plan, "remove-plan": _remove_plan,
    "add-factor": _add_factor, "remove-factor": _remove_factor,
    "fill": _fill, "fill-counts": _fill_counts, "tick": _tick, "count": _count,
}  # fmt: skip
