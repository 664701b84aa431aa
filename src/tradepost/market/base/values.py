"""Values of the market: frozen, and equal where all they hold is. They are msgspec's ``Struct`` (decision 0075); those of the
protocols, which sellers use without it, are dataclasses. Each of these takes both."""

from __future__ import annotations

import dataclasses
from typing import Any

from msgspec import Struct, structs


def replace[T](value: T, /, **changes: Any) -> T:
    """The same with other members. Raises ``TypeError`` for one that it does not have."""
    if isinstance(value, Struct):
        return structs.replace(value, **changes)
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]  # what else it can be


def members(cls: type) -> tuple[str, ...]:
    """The names of what its values hold, in their order. Raises ``TypeError`` for another class."""
    if issubclass(cls, Struct):
        return cls.__struct_fields__
    return tuple(one.name for one in dataclasses.fields(cls))  # type: ignore[arg-type]  # what else it can be


def is_frozen(cls: type) -> bool:
    """Whether it is a class of values that nobody can change."""
    if issubclass(cls, Struct):
        return cls.__struct_config__.frozen
    return dataclasses.is_dataclass(cls) and bool(vars(cls)["__dataclass_params__"].frozen)


def as_dict(value: object) -> dict[str, Any]:
    """What it holds by name, and so on inwards, also in lists and tuples; everything else as it is."""
    return {name: _plain(getattr(value, name)) for name in members(type(value))}


def _plain(value: Any) -> Any:
    if isinstance(value, Struct) or dataclasses.is_dataclass(value):
        return as_dict(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value
