"""Helpers for immutable values. The market's are msgspec's ``Struct`` (decision 0075); those of the protocols, which
sellers use without msgspec, are dataclasses. The functions accept both."""

from __future__ import annotations

import dataclasses
from typing import Any

from msgspec import Struct, structs


def replace[T](value: T, /, **changes: Any) -> T:
    """Return a copy with changed members. Raises ``TypeError`` for an unknown member."""
    if isinstance(value, Struct):
        return structs.replace(value, **changes)
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]  # the only other possibility


def members(cls: type) -> tuple[str, ...]:
    """Return the names of a class's members, in order. Raises ``TypeError`` for another class."""
    if issubclass(cls, Struct):
        return cls.__struct_fields__
    return tuple(field.name for field in dataclasses.fields(cls))  # type: ignore[arg-type]  # the only other possibility


def is_frozen(cls: type) -> bool:
    """Return whether instances of the class are immutable."""
    if issubclass(cls, Struct):
        return cls.__struct_config__.frozen
    return dataclasses.is_dataclass(cls) and bool(vars(cls)["__dataclass_params__"].frozen)


def as_dict(value: object) -> dict[str, Any]:
    """Return the members by name, converting nested values too, also in lists, tuples and dicts. Other values are
    unchanged."""
    return {name: _plain(getattr(value, name)) for name in members(type(value))}


def _plain(value: Any) -> Any:
    if isinstance(value, Struct) or dataclasses.is_dataclass(value):
        return as_dict(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
