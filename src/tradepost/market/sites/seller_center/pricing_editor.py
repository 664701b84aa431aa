"""The form of specs and prices as text, exactly as entered: invalid numbers are kept and shown again.

The data has three forms: inputs (``read_form``), this state, and the document (``pricing_document``). A spec has
columns, the payment options, and rows, the combinations of attribute values. A ticked row is a SKU, and a cell with an
amount is a price. All sizes are limited here, before any work is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from tradepost.market.base import ids
from tradepost.market.catalog.document import AMOUNT, PARAMETERS

MAX_SPECS = 20
MAX_ATTRIBUTES = 5
MAX_VALUES = 10
"""Values of an attribute (business-rules §3.4)."""
MAX_ROWS = 100
"""SKUs of a product (business-rules §3.4)."""
MAX_PLANS = 12
MAX_FACTORS = 5
MAX_CELLS = 50
MAX_LENGTH = 200
"""Maximum length in characters of an input of this form."""
WAYS = ("month", "year", "day", "once", "trial", "on_demand", "package", "uses")
CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
SEPARATORS = re.compile(r"[\s,，、;；/]+")

type Post = Mapping[str, str]


@dataclass(slots=True)
class BilingualInput:
    zh: str = ""
    en: str = ""


@dataclass(slots=True)
class CodedName:
    """An attribute or a value. Its code is assigned once and survives renaming."""

    code: str
    name: BilingualInput = field(default_factory=BilingualInput)
    values: list[CodedName] = field(default_factory=list)


@dataclass(slots=True)
class MeteredItem:
    """A metered item of an on-demand price. ``edges``: upper limits of bands, as typed."""

    code: str = ""
    unit: BilingualInput = field(default_factory=BilingualInput)
    cycle: str = "hour"
    accumulation: str = ""
    model: str = "linear"
    edges: str = ""


@dataclass(slots=True)
class Plan:
    """A payment option: a column. ``way``: day, month, year, once, on_demand, package, uses or trial."""

    way: str
    durations: str = ""
    model: str = "linear"
    edges: str = ""
    unit: BilingualInput = field(default_factory=BilingualInput)
    quota: str = ""
    period: str = "month"
    reset: str = ""
    stops: str = ""
    factors: list[MeteredItem] = field(default_factory=list)

    @property
    def banded(self) -> list[tuple[str, str]]:
        """Return model and edges of everything with a price in this column."""
        return (
            [(factor.model, factor.edges) for factor in self.factors]
            if self.way == "on_demand"
            else [(self.model, self.edges)]
        )

    @property
    def width(self) -> int:
        """Return the number of inputs of a cell."""
        return min(
            sum(1 if model == "linear" else len(split_numbers(edges)) + 1 for model, edges in self.banded), MAX_CELLS
        )


@dataclass(slots=True)
class Row:
    """A combination of values: attribute code → value code; sold if ``ticked``."""

    values: dict[str, str] = field(default_factory=dict)
    ticked: bool = False
    least: str = ""
    most: str = ""
    step: str = ""
    cells: list[list[str]] = field(default_factory=list)


@dataclass(slots=True)
class SpecState:
    key: str = ""
    name: BilingualInput = field(default_factory=BilingualInput)
    attributes: list[CodedName] = field(default_factory=list)
    counted: bool = False
    quantity: BilingualInput = field(default_factory=BilingualInput)
    parameter: str = AMOUNT
    plans: list[Plan] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    insert: str = ""
    """Code of a stored attribute to insert."""
    too_many: bool = False
    """Whether there are more combinations than allowed rows."""

    def arrange(self) -> None:
        """Create a row for each combination, with the input of the most similar earlier row, and a cell for each plan."""
        sizes = [len(attribute.values) for attribute in self.attributes if attribute.values]
        total = 1
        for size in sizes:
            total *= size
        self.too_many = total > MAX_ROWS
        before = self.rows
        self.rows = [_closest_row(before, values) for values in islice(self._combinations(), MAX_ROWS)]
        if len(self.rows) == 1 and not self.attributes:
            self.rows[0].ticked = True  # a spec without attributes has one row, which is sold
        for row in self.rows:
            cells = [*row.cells, *([] for _ in self.plans)][: len(self.plans)]
            row.cells = [
                [*cell, *("" for _ in range(plan.width))][: plan.width]
                for cell, plan in zip(cells, self.plans, strict=True)
            ]

    def _combinations(self) -> Iterator[dict[str, str]]:
        with_values = [attribute for attribute in self.attributes if attribute.values]
        for chosen in product(*(attribute.values for attribute in with_values)):
            yield {attribute.code: value.code for attribute, value in zip(with_values, chosen, strict=True)}


def _closest_row(rows: list[Row], values: dict[str, str]) -> Row:
    """Return the row for these values: the earlier one, otherwise a copy of one that differs by an added or removed
    attribute."""
    for row in rows:
        if row.values == values:
            return row
    for row in rows:
        smaller, larger = sorted((row.values, values), key=len)
        if smaller.items() <= larger.items():
            return Row(values, row.ticked, row.least, row.most, row.step, [list(cell) for cell in row.cells])
    return Row(values)


@dataclass(slots=True)
class PricingState:
    specs: list[SpecState] = field(default_factory=list)

    def arrange(self) -> None:
        for spec in self.specs:
            spec.arrange()


def split_numbers(text: str) -> list[str]:
    """Split a typed list of numbers: ``1, 3、6``."""
    return [part for part in SEPARATORS.split(text.strip()) if part][:MAX_CELLS]


def new_code(letter: str) -> str:
    """Return a new code for an attribute or value, so that no SKU is confused with a deleted one."""
    return letter + ids.hex_id()[:7]


# --- from the inputs of a form ----------------------------------------------------------------------------------------


def read_form(post: Post) -> PricingState:
    specs = [_spec(post, f"specs.{i}") for i in _indexes(post, "specs.{}.key", MAX_SPECS)]
    state = PricingState(specs)
    state.arrange()
    return state


def _indexes(post: Post, pattern: str, max_count: int) -> Iterator[int]:
    """Yield indexes from 0 while such an input exists."""
    for number in range(max_count):
        if pattern.format(number) not in post:
            return
        yield number


def _input_text(post: Post, name: str) -> str:
    return post.get(name, "")[:MAX_LENGTH].strip()


def _bilingual_input(post: Post, name: str) -> BilingualInput:
    return BilingualInput(_input_text(post, f"{name}.zh"), _input_text(post, f"{name}.en"))


def _code(post: Post, name: str, letter: str) -> str:
    code = _input_text(post, name)
    return code if CODE.fullmatch(code) else new_code(letter)


def _spec(post: Post, at: str) -> SpecState:
    plans = [
        _plan(post, f"{at}.plans.{plan_index}") for plan_index in _indexes(post, f"{at}.plans.{{}}.way", MAX_PLANS)
    ]
    return SpecState(
        key=_input_text(post, f"{at}.key"),
        name=_bilingual_input(post, f"{at}.name"),
        attributes=[
            CodedName(
                _code(post, f"{at}.attributes.{attribute_index}.code", "a"),
                _bilingual_input(post, f"{at}.attributes.{attribute_index}.name"),
                [
                    CodedName(
                        _code(post, f"{at}.attributes.{attribute_index}.values.{value_index}.code", "v"),
                        _bilingual_input(post, f"{at}.attributes.{attribute_index}.values.{value_index}.name"),
                    )
                    for value_index in _indexes(post, f"{at}.attributes.{attribute_index}.values.{{}}.code", MAX_VALUES)
                ],
            )
            for attribute_index in _indexes(post, f"{at}.attributes.{{}}.code", MAX_ATTRIBUTES)
        ],
        counted=post.get(f"{at}.counted") == "1",
        quantity=_bilingual_input(post, f"{at}.quantity.name"),
        parameter=parameter if (parameter := _input_text(post, f"{at}.quantity.parameter")) in PARAMETERS else AMOUNT,
        insert=_input_text(post, f"{at}.insert"),
        plans=plans,
        rows=[
            _row(post, f"{at}.rows.{row_index}", len(plans))
            for row_index in _indexes(post, f"{at}.rows.{{}}.values", MAX_ROWS)
        ],
    )


def _plan(post: Post, at: str) -> Plan:
    return Plan(
        way=_input_text(post, f"{at}.way"),
        durations=_input_text(post, f"{at}.durations"),
        model=_input_text(post, f"{at}.model") or "linear",
        edges=_input_text(post, f"{at}.edges"),
        unit=_bilingual_input(post, f"{at}.unit"),
        quota=_input_text(post, f"{at}.quota"),
        period=_input_text(post, f"{at}.period") or "month",
        reset=_input_text(post, f"{at}.reset"),
        stops=_input_text(post, f"{at}.stops"),
        factors=[
            MeteredItem(
                code=_input_text(post, f"{at}.factors.{index}.code"),
                unit=_bilingual_input(post, f"{at}.factors.{index}.unit"),
                cycle=_input_text(post, f"{at}.factors.{index}.cycle") or "hour",
                accumulation=_input_text(post, f"{at}.factors.{index}.accumulation"),
                model=_input_text(post, f"{at}.factors.{index}.model") or "linear",
                edges=_input_text(post, f"{at}.factors.{index}.edges"),
            )
            for index in _indexes(post, f"{at}.factors.{{}}.code", MAX_FACTORS)
        ],
    )


def _row(post: Post, at: str, plans: int) -> Row:
    pairs = (pair.partition(":") for pair in post[f"{at}.values"][: MAX_LENGTH * 5].split("|") if pair)
    return Row(
        values={code: value for code, _colon, value in pairs},
        ticked=post.get(f"{at}.on") == "1",
        least=_input_text(post, f"{at}.least"),
        most=_input_text(post, f"{at}.most"),
        step=_input_text(post, f"{at}.step"),
        cells=[
            [
                _input_text(post, f"{at}.cells.{plan_index}.{amount_index}")
                for amount_index in _indexes(post, f"{at}.cells.{plan_index}.{{}}", MAX_CELLS)
            ]
            for plan_index in range(plans)
        ],
    )
