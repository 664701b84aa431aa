"""Declare events: frozen Structs with the name and version under which they are stored, and their reactions.

Each context declares its own in ``<context>/events.py``; the table of reactions is in ``wiring/``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from tradepost.protocols.stored import Upgrade

from . import stored
from .values import members

type Reaction[E] = Callable[[E, datetime], None]
"""Called with an event and now."""

_DECLARED = "__event__"


class EventDeclaration(Struct, frozen=True):
    """How an event is stored. ``was``: names that earlier releases stored.

    ``about``: the fields that identify its subject. Events with an equal subject are processed in the order in which
    they happened."""

    name: str
    version: int
    was: tuple[str, ...]
    about: tuple[str, ...]


def event[E](
    name: str,
    *,
    about: tuple[str, ...],
    version: int = 1,
    was: tuple[str, ...] = (),
    upgrades: Mapping[int, Upgrade] | None = None,
) -> Callable[[type[E]], type[E]]:
    """Declare a frozen Struct as an event. ``upgrades[n]`` converts the members of version n to version n + 1.

    Raises ``TypeError`` for a class that cannot be stored, or if ``about`` names an unknown field."""

    def declare(cls: type[E]) -> type[E]:
        stored.check(cls)
        unknown_names = set(about) - set(members(cls))
        if unknown_names:
            raise TypeError(f"{cls.__name__} is about {sorted(unknown_names)}, which are no fields of it")
        setattr(cls, _DECLARED, EventDeclaration(name, version, was, about))
        return stored.version(version, upgrades=upgrades)(cls)

    return declare


def declaration_of(cls: type) -> EventDeclaration:
    """Return how an event is stored. Raises ``TypeError`` for a class that is not an event."""
    declaration = cls.__dict__.get(_DECLARED)
    if not isinstance(declaration, EventDeclaration):
        raise TypeError(f"{cls.__name__} is no event: it is not declared with @event")
    return declaration


def subjects(happened: object) -> set[tuple[str, object]]:
    """Return the names and values of the fields that an event is about."""
    pairs = ((name, getattr(happened, name)) for name in declaration_of(type(happened)).about)
    return {(name, value) for name, value in pairs if value is not None}


def name_of(reaction: Reaction[Any]) -> str:
    return f"{reaction.__module__}.{reaction.__qualname__}"


class Entry[E](Struct, frozen=True):
    """A row of the table: an event and its reactions, in this order."""

    event: type[E]
    reactions: tuple[Reaction[E], ...]


def on[E](event: type[E], *reactions: Reaction[E]) -> Entry[E]:
    """Return a row of the table. Each reaction takes exactly this event."""
    return Entry(event, reactions)


class UnknownEvent(LookupError):
    """An event stored under a name that this release does not know."""


class Reactions:
    """The table: every event that this release knows, and who reacts to it. ``renamed``: earlier name of a reaction → its name.

    Raises ``TypeError`` if two events are, or were, stored under the same name."""

    def __init__(self, entries: Sequence[Entry[Any]], *, renamed: Mapping[str, str] | None = None) -> None:
        self.entries = tuple(entries)
        self._renamed = renamed or {}
        self._by_event = {entry.event: entry for entry in self.entries}
        self._by_name: dict[str, type] = {}
        for entry in self.entries:
            declaration = declaration_of(entry.event)
            for name in (declaration.name, *declaration.was):
                if name in self._by_name:
                    raise TypeError(f"two events are stored as {name!r}")
                self._by_name[name] = entry.event

    def load(self, name: str, facts: Mapping[str, Any]) -> object:
        """Load the event of a row. Raises ``UnknownEvent``, or the errors of ``stored.load``."""
        cls = self._by_name.get(name)
        if cls is None:
            raise UnknownEvent(f"this release has no event {name!r}; a later one may have written it")
        return stored.load(cls, facts)

    def of(self, event: type, left: Collection[str]) -> list[Reaction[Any]]:
        """Return the reactions to run for an event: all of them, or those in ``left``.

        All of them also when one that is left has a name that is not known: a reaction may run twice, but none may be lost.
        """
        listen = self._by_event[event].reactions
        remaining = {self._renamed.get(name, name) for name in left}
        if not remaining or not remaining <= {name_of(reaction) for reaction in listen}:
            return list(listen)
        return [reaction for reaction in listen if name_of(reaction) in remaining]
