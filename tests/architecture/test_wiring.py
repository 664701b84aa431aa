"""Reactions are only connected in ``wiring/``, in the module of the context that publishes the event."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePath

from tests.architecture import source

WIRING = PurePath("src/tradepost/market/wiring")


def _connects(text: str) -> Iterator[int]:
    """Return the lines that call ``on``, or create a table, of ``base.events``."""
    tree = ast.parse(text)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("events")
        for alias in node.names
        if alias.name in {"on", "Entry", "Reactions"}
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in names or called == "events.on":
                yield node.lineno


def test_only_wiring_connects_reactions() -> None:
    found = [
        f"{path}:{line}"
        for path, text in source.python_containing("on", "Reactions", "Entry", folders=("src",))
        if not path.is_relative_to(WIRING) and path != PurePath("src/tradepost/market/base/events.py")
        for line in _connects(text)
    ]
    assert found == []


def test_connection_elsewhere_is_found() -> None:
    assert list(_connects("from tradepost.market.base.events import on\nx = (on(OrderPaid, tell),)\n")) == [2]
    assert list(_connects("from tradepost.market.base.events import on as when\nwhen(OrderPaid)\n")) == [2]
    assert list(_connects("from tradepost.market.base import events\nevents.on(OrderPaid)\n")) == [2]
    assert list(_connects("seller.on(Create)\n")) == []


def test_each_module_of_wiring_has_the_events_of_its_context() -> None:
    from tradepost.market.wiring import REACTIONS, reactions

    published = {entry.event: module for module in reactions.PUBLISHERS for entry in module.REACTIONS}
    assert set(published) == {entry.event for entry in REACTIONS.entries}
    assert {
        event.__name__: module.__name__
        for event, module in published.items()
        if event.__module__.split(".")[2] != module.__name__.rpartition(".")[2]
    } == {}
    with_reactions = {
        path.stem
        for path, text in source.python_containing("REACTIONS", folders=("src",))
        if path.is_relative_to(WIRING) and "\nREACTIONS = (" in text
    }
    assert with_reactions == {module.__name__.rpartition(".")[2] for module in reactions.PUBLISHERS}


def test_earlier_name_of_a_reaction_leads_to_an_existing_one() -> None:
    from tradepost.market.base.events import name_of
    from tradepost.market.wiring import REACTIONS
    from tradepost.market.wiring.reactions import RENAMED

    names = {name_of(reaction) for entry in REACTIONS.entries for reaction in entry.reactions}
    assert set(RENAMED.values()) - names == set()
    assert set(RENAMED) & names == set()
