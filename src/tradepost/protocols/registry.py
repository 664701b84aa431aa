"""Finds the protocol folders, every package here with a ``PROTOCOL``, and their commands: nothing to register by hand."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

import tradepost.protocols

from . import commands, sync_commands
from .commands import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

    from .contract import SellerProtocol


DEFAULT = "saas_v2"
"""What is meant where nobody says which: the newest of those that are sold most."""


@cache
def protocols() -> Mapping[str, SellerProtocol]:
    """All seller protocols by name, in name order."""
    found: dict[str, SellerProtocol] = {}
    for module in pkgutil.iter_modules(tradepost.protocols.__path__):
        if module.ispkg:
            package = importlib.import_module(f"tradepost.protocols.{module.name}")
            protocol = getattr(package, "PROTOCOL", None)
            if protocol is not None:
                found[protocol.name] = protocol
    return found


def protocol(name: str) -> SellerProtocol:
    """The protocol with this name. Raises ``LookupError`` that lists the names there are."""
    try:
        return protocols()[name]
    except KeyError:
        known = ", ".join(protocols())
        raise LookupError(f"no protocol {name!r}; there are: {known}") from None


@cache
def all_commands() -> Mapping[str, type[Command]]:
    """Every command that a protocol or the market knows, by the name of its class.

    Raises ``TypeError`` when two have one name: what is stored says the name alone.
    """
    shared = [kind for module in (commands, sync_commands) for kind in _commands_in(module)]
    spoken = [kind for each in protocols().values() for kind in each.activities]
    found: dict[str, type[Command]] = {}
    for kind in (*shared, *spoken):
        if found.setdefault(kind.__name__, kind) is not kind:
            raise TypeError(f"two commands have the name {kind.__name__}: {found[kind.__name__]} and {kind}")
    return found


def _commands_in(module: ModuleType) -> Iterable[type[Command]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Command) and value is not Command:
            yield value


def command(kind: str) -> type[Command]:
    """The command of this name. Raises ``LookupError`` when no protocol of this release has it."""
    try:
        return all_commands()[kind]
    except KeyError:
        raise LookupError(f"no command {kind!r}; there are: {', '.join(sorted(all_commands()))}") from None
