"""Typed values in JSON columns: written with their version, and read again by every later release.

For frozen Structs and dataclasses of scalars, datetimes, enums, tuples and other such values: events, commands, what is wanted of
an operation. The rule of versions stands in ``protocols/stored.py``, since commands are the protocols'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tradepost.protocols.stored import UnknownVersion, V, upgraded, version, version_of

from .values import is_frozen, members

__all__ = ["StoredMismatch", "UnknownVersion", "dump", "load", "version", "version_of"]


class StoredMismatch(ValueError):
    """What is stored does not fit its class: a change without its version, or a row written by hand."""


def dump(value: object) -> dict[str, Any]:
    """The members of a frozen value as JSON values, and its version as ``"v"``."""
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return {V: version_of(type(value)), **plain}


def load[T](cls: type[T], plain: Mapping[str, Any]) -> T:
    """The value again; what an earlier version wrote is upgraded.

    Raises ``UnknownVersion`` for one that a later release wrote, and ``StoredMismatch``, which names class and field, when
    the members do not fit.
    """
    try:
        # The usual case: "v" is no field, and what is no field is passed over.
        return msgspec.convert(plain if plain.get(V, 1) == version_of(cls) else upgraded(cls, plain), type=cls)
    except UnknownVersion:
        raise
    except msgspec.ValidationError as error:
        raise StoredMismatch(f"{cls.__name__}: {error}") from None
    except Exception as error:
        raise StoredMismatch(f"{cls.__name__}: an upgrade failed: {type(error).__name__}: {error}") from error


def check(cls: type) -> None:
    """Raises ``TypeError`` when values of ``cls`` cannot be stored and read again."""
    if not is_frozen(cls):
        raise TypeError(f"{cls.__name__} must be a frozen Struct or dataclass")
    if V in members(cls):
        raise TypeError(f"{cls.__name__} has a field {V!r}: that is its version")
