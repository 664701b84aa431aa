"""One way to look at a value, whether it is a Struct of the market's or a dataclass of the protocols' (decision 0075)."""

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
class Of:
    """A protocol's."""

    inner: Inner
    number: int = 0


@pytest.mark.parametrize(
    ("value", "names"), [(Outer(), ("many", "by_name", "number")), (Of(Inner()), ("inner", "number"))]
)
def test_a_value_is_made_anew_with_another_member(value: Any, names: tuple[str, ...]) -> None:
    assert members(type(value)) == names
    assert replace(value, number=3).number == 3
    assert (value.number, replace(value, number=0)) == (0, value)
    with pytest.raises(TypeError):
        replace(value, nothing=1)
    with pytest.raises(AttributeError):
        value.number = 1


def test_what_it_holds_is_told_inwards() -> None:
    whole = Outer(many=(Inner("a"),), by_name={"b": Inner("b")}, number=1)
    assert as_dict(whole) == {"many": ({"name": "a"},), "by_name": {"b": {"name": "b"}}, "number": 1}
    assert as_dict(Of(Inner("c"))) == {"inner": {"name": "c"}, "number": 0}


def test_what_can_be_changed_or_is_no_value_is_not_frozen() -> None:
    class Open(Struct):
        number: int = 0

    assert [is_frozen(cls) for cls in (Outer, Of, Open, dataclass(type("Loose", (), {})), dict)] == [
        True, True, False, False, False,
    ]  # fmt: skip
    with pytest.raises(TypeError):
        members(dict)


def test_no_frozen_class_of_the_market_is_a_dataclass_without_a_reason() -> None:
    """Each costs every process that starts a millisecond."""
    found = [f"{path.relative_to(ROOT)}: {name}" for path, name in _plain_dataclasses()]
    assert found == [], "a Struct, by decision 0075"


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
    given = [ast.unparse(one) for one in node.decorator_list]
    return any(one.startswith("dataclass(") and "frozen=True" in one and "order=" not in one for one in given)


def _has_a_reason(node: ast.ClassDef) -> bool:
    """A member that is not shown or not given, or something that is remembered."""
    text = ast.unparse(node)
    return any(word in text for word in ("repr=False", "init=False", "cached_property", "__setattr__"))
