"""What an event is: a frozen Struct with the name and the version under which it is stored, and who reacts to it.

Each context declares its own in ``<context>/events.py``; the table of reactions stands in ``wiring.py``.
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
"""Given an event and now."""

_DECLARED = "__event__"


class Declared(Struct, frozen=True):
    """How an event is stored. ``was``: the names that earlier releases wrote. ``about``: the fields that say of what it
    is; events with an equal one, by name and value, are reacted to in the order in which they happened."""

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
    """Declare a frozen Struct to be an event. ``upgrades[n]`` makes the members of version n into those of n + 1.

    Raises ``TypeError`` for a class that cannot be stored, and for ``about`` that names no field.
    """

    def declare(cls: type[E]) -> type[E]:
        stored.check(cls)
        unknown = set(about) - set(members(cls))
        if unknown:
            raise TypeError(f"{cls.__name__} is about {sorted(unknown)}, which are no fields of it")
        setattr(cls, _DECLARED, Declared(name, version, was, about))
        return stored.version(version, upgrades=upgrades)(cls)

    return declare


def declared(cls: type) -> Declared:
    """Raises ``TypeError`` for a class that is no event."""
    found = cls.__dict__.get(_DECLARED)
    if not isinstance(found, Declared):
        raise TypeError(f"{cls.__name__} is no event: it is not declared with @event")
    return found


def subjects(happened: object) -> set[tuple[str, object]]:
    """What an event is about, as names and values."""
    found = ((name, getattr(happened, name)) for name in declared(type(happened)).about)
    return {(name, value) for name, value in found if value is not None}


def name_of(reaction: Reaction[Any]) -> str:
    return f"{reaction.__module__}.{reaction.__qualname__}"


class Entry[E](Struct, frozen=True):
    """One line of the table: an event and who reacts to it, in this order."""

    event: type[E]
    reactions: tuple[Reaction[E], ...]


def on[E](event: type[E], *reactions: Reaction[E]) -> Entry[E]:
    """An entry of the table. Each reaction takes exactly this event."""
    return Entry(event, reactions)


def merged(*tables: Sequence[Entry[Any]]) -> list[Entry[Any]]:
    """Entries of several contexts as one table: of an event that stands in more than one, all reactions in this order."""
    found: dict[type, Entry[Any]] = {}
    for entry in (entry for table in tables for entry in table):
        known = found.get(entry.event)
        found[entry.event] = Entry(entry.event, known.reactions + entry.reactions) if known else entry
    return list(found.values())


class UnknownEvent(LookupError):
    """Stored under a name that no event of this release has."""


class Reactions:
    """The table: every event that this release knows, and who reacts to it.

    Raises ``TypeError`` when two events are stored, or were, under one name.
    """

    def __init__(self, entries: Sequence[Entry[Any]]) -> None:
        self.entries = tuple(entries)
        self._by_event = {entry.event: entry for entry in self.entries}
        self._by_name: dict[str, type] = {}
        for entry in self.entries:
            how = declared(entry.event)
            for name in (how.name, *how.was):
                if name in self._by_name:
                    raise TypeError(f"two events are stored as {name!r}")
                self._by_name[name] = entry.event

    def load(self, name: str, facts: Mapping[str, Any]) -> object:
        """The event of a row. Raises ``UnknownEvent``, or what ``stored.load`` raises."""
        cls = self._by_name.get(name)
        if cls is None:
            raise UnknownEvent(f"this release has no event {name!r}; a later one may have written it")
        return stored.load(cls, facts)

    def of(self, event: type, left: Collection[str]) -> list[Reaction[Any]]:
        """What is to run for an event: all that listen, or those that are left.

        All of them also when one that is left has another name by now: a reaction may run twice, but none may be lost.
        """
        listen = self._by_event[event].reactions
        if not left or not set(left) <= {name_of(reaction) for reaction in listen}:
            return list(listen)
        return [reaction for reaction in listen if name_of(reaction) in left]
