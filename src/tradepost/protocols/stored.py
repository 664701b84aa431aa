"""Which version of a value is stored, and how an earlier one becomes the present one: commands live in databases too.

A value that is kept as JSON names its version in ``"v"``. A field that gets a default keeps the version; any other change
of a class is the next version, with an upgrade: a pure function from the members of one version to those of the next.
A protocol folder says so on its own commands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

V = "v"
"""The member that holds the version. What was written without it is version 1."""

type Plain = dict[str, Any]
"""The members of a value as JSON has them."""
type Upgrade = Callable[[Plain], Plain]

_VERSION = "__stored_version__"
_UPGRADES = "__stored_upgrades__"


class UnknownVersion(ValueError):
    """Written by a later release: it cannot be read here, and must be kept for one that can."""


def version[T](number: int, *, upgrades: Mapping[int, Upgrade] | None = None) -> Callable[[type[T]], type[T]]:
    """Declare the present version of a class. ``upgrades[n]`` makes version n into n + 1: one for each earlier version."""
    given = dict(upgrades or {})
    if set(given) != set(range(1, number)):
        raise TypeError(f"version {number} needs an upgrade from each of 1 to {number - 1}, got {sorted(given)}")

    def declare(cls: type[T]) -> type[T]:
        setattr(cls, _VERSION, number)
        setattr(cls, _UPGRADES, given)
        return cls

    return declare


def version_of(cls: type) -> int:
    """The present version: 1 when none is declared. A subclass has versions of its own."""
    found: int = cls.__dict__.get(_VERSION, 1)
    return found


def upgraded(cls: type, plain: Mapping[str, Any]) -> Plain:
    """The members of a stored value as the present version of ``cls`` has them, without ``"v"``.

    Raises ``UnknownVersion`` for one that this release does not know.
    """
    present = version_of(cls)
    members = dict(plain)
    written = members.pop(V, 1)
    if type(written) is not int or not 1 <= written <= present:
        raise UnknownVersion(f"{cls.__name__} was stored as version {written!r}; this release knows 1 to {present}")
    upgrades: Mapping[int, Upgrade] = cls.__dict__.get(_UPGRADES, {})
    for number in range(written, present):
        members = upgrades[number](members)
    return members
