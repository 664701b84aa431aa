"""What any release stored is read by this one: events, commands and what operations want, in each version that there was."""

from __future__ import annotations

from dataclasses import dataclass, fields, make_dataclass
from typing import Any

import pytest

from tests.market.golden import golden, problems
from tradepost.market.base import stored
from tradepost.market.base.events import declared
from tradepost.market.base.values import members
from tradepost.market.catalog.document import SECTIONS, Document
from tradepost.market.fulfilment.registry import operation_kinds
from tradepost.market.production import calls
from tradepost.market.review.registry import review_kinds
from tradepost.market.wiring import REACTIONS
from tradepost.protocols.commands import Command
from tradepost.protocols.registry import all_commands

EVENTS = {declared(entry.event).name: entry.event for entry in REACTIONS.entries}
COMMANDS: dict[str, type[Command]] = dict(all_commands())
DOCUMENTS = {name: kind.document for name, kind in review_kinds().items() if kind.document is not Document}
"""Of submissions; a product's own is looked at below."""
WANTED = {name: kind.wanted for name, kind in operation_kinds().items()}
BEFORE_NAMES = [(was, declared(entry.event).name) for entry in REACTIONS.entries for was in declared(entry.event).was]
"""The names under which the release before typed events stored them, without a version."""


@pytest.mark.parametrize("name", EVENTS)
def test_events_of_every_version_are_read(name: str) -> None:
    assert problems(name, EVENTS[name], golden("events"), lambda row: REACTIONS.load(name, row)) == []


@pytest.mark.parametrize("kind", COMMANDS)
def test_commands_of_every_version_are_read(kind: str) -> None:
    assert problems(kind, COMMANDS[kind], golden("commands"), lambda row: calls.load(kind, row)) == []


@pytest.mark.parametrize("kind", WANTED)
def test_what_operations_want_is_read_in_every_version(kind: str) -> None:
    assert problems(kind, WANTED[kind], golden("wanted"), lambda row: stored.load(WANTED[kind], row)) == []


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_of_submissions_are_read_in_every_version(kind: str) -> None:
    assert problems(kind, DOCUMENTS[kind], golden("submissions"), lambda row: stored.load(DOCUMENTS[kind], row)) == []


def test_documents_of_every_version_are_read() -> None:
    """What was sealed is read by every later release: the product page, the diff, and what was sold."""
    files = golden("documents")
    assert problems("Document", Document, files, lambda row: stored.load(Document, row)) == []
    sections = {name: set(members(cls)) for name, cls in SECTIONS.items()}
    last = files["Document", 1]["rows"][-1]
    assert {name: set(last[name]) for name in SECTIONS} == sections, "add a row that has every field"


@pytest.mark.parametrize(("was", "name"), BEFORE_NAMES)
def test_rows_of_the_release_before_are_read_under_their_names(was: str, name: str) -> None:
    first = golden("events")[name, 1]["rows"][0]
    assert "v" not in first
    assert type(REACTIONS.load(was, first)) is EVENTS[name]


def test_no_file_is_of_something_that_nobody_reads() -> None:
    assert {name for name, _ in golden("events")} == set(EVENTS)
    assert {kind for kind, _ in golden("commands")} == set(COMMANDS)
    assert {kind for kind, _ in golden("wanted")} == set(WANTED)
    assert {kind for kind, _ in golden("submissions")} == set(DOCUMENTS)
    assert len(BEFORE_NAMES) == 14


# --- the check itself ---


@dataclass(frozen=True, kw_only=True)
class Thing:
    a: int
    b: str = ""


FILES: dict[tuple[str, int], dict[str, Any]] = {
    ("thing", 1): {"fields": {"a": "int", "b": "str"}, "rows": [{"a": 1}, {"v": 1, "a": 1, "b": "x"}]}
}


def made(*given: tuple[str, str, object] | tuple[str, str]) -> type:
    shape: Any = [each if len(each) == 2 else (each[0], each[1], each[2]) for each in given]
    return make_dataclass("Thing", shape, frozen=True, kw_only=True)


def told(cls: type) -> str:
    return " ".join(problems("thing", cls, FILES, lambda row: stored.load(cls, row)))


def test_a_class_that_fits_its_file_has_no_problem() -> None:
    assert told(Thing) == ""
    assert [field.type for field in fields(Thing)] == ["int", "str"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (made(("a", "int"), ("b", "str", ""), ("c", "int", 0)), "other fields than its file"),
        (made(("a", "int"), ("b", "str", ""), ("c", "int")), "missing required field `c`"),
        (made(("a", "int")), "is read as something else: ['b']"),
        (made(("a", "str"), ("b", "str", "")), "Expected `str`, got `int`"),
        (made(("a", "int | None"), ("b", "str", "")), "other fields than its file"),
        (stored.version(2, upgrades={1: dict})(made(("a", "int"), ("b", "str", ""))), "thing.v2.json is missing"),
    ],
)
def test_a_change_without_its_version_or_file_is_told(changed: type, words: str) -> None:
    assert words in told(changed)
