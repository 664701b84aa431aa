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
from tradepost.market.catalog.document import AMOUNT, PARAMETERS

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
WAYS = ("month", "year", "day", "once", "trial", "on_demand", "package", "uses")
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
    """A way to pay: one column. ``way``: day, month, year, once, on_demand, package, uses or trial."""

    way: str
    durations: str = ""
    model: str = "linear"
    edges: str = ""
    unit: Words = field(default_factory=Words)
    quota: str = ""
    period: str = "month"
    reset: str = ""
    stops: str = ""
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
    parameter: str = AMOUNT
    plans: list[Plan] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    insert: str = ""
    """The code of an attribute that was chosen to be put in."""
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
        parameter=parameter if (parameter := _typed(post, f"{at}.quantity.parameter")) in PARAMETERS else AMOUNT,
        insert=_typed(post, f"{at}.insert"),
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
        stops=_typed(post, f"{at}.stops"),
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
