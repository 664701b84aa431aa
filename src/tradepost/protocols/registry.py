"""Finds all protocol folders, which are packages here with a ``PROTOCOL``, and their commands, without registration."""

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
"""Default protocol: the newest version of the best-selling kind of product."""


@cache
def protocols() -> Mapping[str, SellerProtocol]:
    """Return all seller protocols by name, in name order."""
    by_name: dict[str, SellerProtocol] = {}
    for module in pkgutil.iter_modules(tradepost.protocols.__path__):
        if module.ispkg:
            package = importlib.import_module(f"tradepost.protocols.{module.name}")
            protocol = getattr(package, "PROTOCOL", None)
            if protocol is not None:
                by_name[protocol.name] = protocol
    return by_name


def protocol(name: str) -> SellerProtocol:
    """Return the protocol with this name. Raises ``LookupError`` listing the known names."""
    try:
        return protocols()[name]
    except KeyError:
        names = ", ".join(protocols())
        raise LookupError(f"no protocol {name!r}; there are: {names}") from None


@cache
def all_commands() -> Mapping[str, type[Command]]:
    """Return every command of a protocol or of the market, by class name.

    Raises ``TypeError`` if two classes have the same name, since stored commands are identified by it.
    """
    shared_commands = [kind for module in (commands, sync_commands) for kind in _commands_in(module)]
    protocol_commands = [kind for version in protocols().values() for kind in version.activities]
    by_name: dict[str, type[Command]] = {}
    for kind in (*shared_commands, *protocol_commands):
        if by_name.setdefault(kind.__name__, kind) is not kind:
            raise TypeError(f"two commands have the name {kind.__name__}: {by_name[kind.__name__]} and {kind}")
    return by_name


def _commands_in(module: ModuleType) -> Iterable[type[Command]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Command) and value is not Command:
            yield value


def command(kind: str) -> type[Command]:
    """Return the command class with this name. Raises ``LookupError`` if no protocol of this release has it."""
    try:
        return all_commands()[kind]
    except KeyError:
        raise LookupError(f"no command {kind!r}; there are: {', '.join(sorted(all_commands()))}") from None
