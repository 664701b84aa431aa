"""Versions of stored values, and upgrades of earlier ones. Databases also store commands.

A value stored as JSON names its version in ``"v"``. A new field with a default keeps the version. Any other change of a
class increments it and needs an upgrade: a pure function from the members of one version to those of the next. A
protocol folder declares both on its own commands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

VERSION_MEMBER = "v"
"""The member with the version. A value without it has version 1."""

type Plain = dict[str, Any]
"""The members of a value as JSON has them."""
type Upgrade = Callable[[Plain], Plain]

_VERSION = "__stored_version__"
_UPGRADES = "__stored_upgrades__"


class UnknownVersion(ValueError):
    """A later release wrote the value. This release cannot read it and must keep it unchanged."""


def version[T](number: int, *, upgrades: Mapping[int, Upgrade] | None = None) -> Callable[[type[T]], type[T]]:
    """Declare the current version of a class. ``upgrades[n]`` converts version n to n + 1; each earlier version needs
    one."""
    upgrade_steps = dict(upgrades or {})
    if set(upgrade_steps) != set(range(1, number)):
        raise TypeError(
            f"version {number} needs an upgrade from each of 1 to {number - 1}, got {sorted(upgrade_steps)}"
        )

    def declare(cls: type[T]) -> type[T]:
        setattr(cls, _VERSION, number)
        setattr(cls, _UPGRADES, upgrade_steps)
        return cls

    return declare


def version_of(cls: type) -> int:
    """Return the current version; 1 if none is declared. Subclasses have their own versions."""
    number: int = cls.__dict__.get(_VERSION, 1)
    return number


def upgrade(cls: type, plain: Mapping[str, Any]) -> Plain:
    """Return the members of a stored value in the current version of ``cls``, without ``"v"``.

    Raises ``UnknownVersion`` for a version that this release does not know.
    """
    present_version = version_of(cls)
    members = dict(plain)
    stored_version = members.pop(VERSION_MEMBER, 1)
    if type(stored_version) is not int or not 1 <= stored_version <= present_version:
        raise UnknownVersion(
            f"{cls.__name__} was stored as version {stored_version!r}; this release knows 1 to {present_version}"
        )
    upgrades: Mapping[int, Upgrade] = cls.__dict__.get(_UPGRADES, {})
    for number in range(stored_version, present_version):
        members = upgrades[number](members)
    return members
