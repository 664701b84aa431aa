"""Uniform access to values: Structs of the market and dataclasses of the protocols (decision 0075)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, field

from tests.architecture.source import ROOT
from tradepost.market.base.values import as_dict, is_frozen, members, replace


class Inner(Struct, frozen=True):
    name: str = "x"


class Outer(Struct, frozen=True, kw_only=True):
    many: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True, slots=True)
class ProtocolValue:
    """A value of the protocols."""

    inner: Inner
    number: int = 0


@pytest.mark.parametrize(
    ("value", "names"), [(Outer(), ("many", "by_name", "number")), (ProtocolValue(Inner()), ("inner", "number"))]
)
def test_value_is_copied_with_another_member(value: Any, names: tuple[str, ...]) -> None:
    assert members(type(value)) == names
    assert replace(value, number=3).number == 3
    assert (value.number, replace(value, number=0)) == (0, value)
    with pytest.raises(TypeError):
        replace(value, nothing=1)
    with pytest.raises(AttributeError):
        value.number = 1


def test_nested_values_are_listed_inwards() -> None:
    outer = Outer(many=(Inner("a"),), by_name={"b": Inner("b")}, number=1)
    assert as_dict(outer) == {"many": ({"name": "a"},), "by_name": {"b": {"name": "b"}}, "number": 1}
    assert as_dict(ProtocolValue(Inner("c"))) == {"inner": {"name": "c"}, "number": 0}


def test_mutable_classes_and_other_objects_are_not_frozen() -> None:
    class Open(Struct):
        number: int = 0

    assert [is_frozen(cls) for cls in (Outer, ProtocolValue, Open, dataclass(type("Loose", (), {})), dict)] == [
        True, True, False, False, False,
    ]  # fmt: skip
    with pytest.raises(TypeError):
        members(dict)


@pytest.mark.slow
def test_frozen_dataclasses_of_the_market_need_a_reason() -> None:
    """Each costs a millisecond at the start of every process."""
    dataclasses_found = [f"{path.relative_to(ROOT)}: {name}" for path, name in _plain_dataclasses()]
    assert dataclasses_found == [], "a Struct, by decision 0075"


def _plain_dataclasses() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "src/tradepost/market").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.ClassDef)
                and not node.bases
                and _is_frozen_dataclass(node)
                and not _has_a_reason(node)
            ):
                yield path, node.name


def _is_frozen_dataclass(node: ast.ClassDef) -> bool:
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(text.startswith("dataclass(") and "frozen=True" in text and "order=" not in text for text in decorators)


def _has_a_reason(node: ast.ClassDef) -> bool:
    """A member excluded from repr or init, or a cached value."""
    text = ast.unparse(node)
    return any(word in text for word in ("repr=False", "init=False", "cached_property", "__setattr__"))
