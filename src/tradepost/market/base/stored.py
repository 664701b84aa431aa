"""Typed values in JSON columns, stored with their version so that later releases can read them.

For frozen Structs and dataclasses of scalars, datetimes, enums, tuples and other such values: events, commands,
parameters of operations. ``protocols/stored.py`` has the rules of versions, because the protocols define the
commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tradepost.protocols.stored import VERSION_MEMBER, UnknownVersion, upgrade, version, version_of

from .values import is_frozen, members

__all__ = ["StoredMismatch", "UnknownVersion", "dump", "load", "version", "version_of"]


class StoredMismatch(ValueError):
    """A stored value does not fit its class: the class changed without a new version, or the row was edited by
    hand."""


def dump(value: object) -> dict[str, Any]:
    """Return the members of a frozen value as JSON values, and its version as ``"v"``."""
    plain_values: dict[str, Any] = msgspec.to_builtins(value)
    return {VERSION_MEMBER: version_of(type(value)), **plain_values}


def load[T](cls: type[T], plain: Mapping[str, Any]) -> T:
    """Load a value; values of earlier versions are upgraded.

    Raises ``UnknownVersion`` for the version of a later release, and ``StoredMismatch``, which names class and field,
    if the members do not fit."""
    try:
        # The usual case: "v" is not a field, and unknown members are ignored.
        return msgspec.convert(
            plain if plain.get(VERSION_MEMBER, 1) == version_of(cls) else upgrade(cls, plain), type=cls
        )
    except UnknownVersion:
        raise
    except msgspec.ValidationError as error:
        raise StoredMismatch(f"{cls.__name__}: {error}") from None
    except Exception as error:
        raise StoredMismatch(f"{cls.__name__}: an upgrade failed: {type(error).__name__}: {error}") from error


def check(cls: type) -> None:
    """Raise ``TypeError`` if values of ``cls`` cannot be stored and loaded."""
    if not is_frozen(cls):
        raise TypeError(f"{cls.__name__} must be a frozen Struct or dataclass")
    if VERSION_MEMBER in members(cls):
        raise TypeError(f"{cls.__name__} has a field {VERSION_MEMBER!r}: that is its version")
