"""This release reads what any release stored: events, commands and details of operations, in every version."""

from __future__ import annotations

from dataclasses import dataclass, fields, make_dataclass
from typing import Any

import pytest

from tests.market.golden import golden, problems
from tradepost.market.base import stored
from tradepost.market.base.events import declaration_of
from tradepost.market.base.values import members
from tradepost.market.catalog.document import SECTIONS, Document
from tradepost.market.fulfilment.registry import operation_kinds
from tradepost.market.production import calls
from tradepost.market.review.registry import review_kinds
from tradepost.market.web.approved_acts import APPROVED_ACTS
from tradepost.market.wiring import REACTIONS
from tradepost.protocols.commands import Command
from tradepost.protocols.registry import all_commands

EVENTS = {declaration_of(entry.event).name: entry.event for entry in REACTIONS.entries}
COMMANDS: dict[str, type[Command]] = dict(all_commands())
DOCUMENTS = {name: kind.document for name, kind in review_kinds().items() if kind.document is not Document}
"""Documents of submissions; that of a product is tested below."""
APPROVED = {name: act.command for name, act in APPROVED_ACTS.items()}
"""Acts that wait for the approval of a second operator."""
WANTED = {name: kind.wanted for name, kind in operation_kinds().items()}
BEFORE_NAMES = [
    (was, declaration_of(entry.event).name) for entry in REACTIONS.entries for was in declaration_of(entry.event).was
]
"""Names under which the release before typed events stored them, without a version."""


@pytest.mark.parametrize("name", EVENTS)
def test_events_of_every_version_are_read(name: str) -> None:
    assert problems(name, EVENTS[name], golden("events"), lambda row: REACTIONS.load(name, row)) == []


@pytest.mark.parametrize("kind", COMMANDS)
def test_commands_of_every_version_are_read(kind: str) -> None:
    assert problems(kind, COMMANDS[kind], golden("commands"), lambda row: calls.load(kind, row)) == []


@pytest.mark.parametrize("kind", WANTED)
def test_details_of_operations_are_read_in_every_version(kind: str) -> None:
    assert problems(kind, WANTED[kind], golden("wanted"), lambda row: stored.load(WANTED[kind], row)) == []


@pytest.mark.parametrize("name", APPROVED)
def test_requests_for_approval_are_read_in_every_version(name: str) -> None:
    assert problems(name, APPROVED[name], golden("approvals"), lambda row: stored.load(APPROVED[name], row)) == []


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_of_submissions_are_read_in_every_version(kind: str) -> None:
    assert problems(kind, DOCUMENTS[kind], golden("submissions"), lambda row: stored.load(DOCUMENTS[kind], row)) == []


def test_documents_of_every_version_are_read() -> None:
    """Every later release reads sealed documents: for the product page, the comparison, and sold versions."""
    files = golden("documents")
    assert problems("Document", Document, files, lambda row: stored.load(Document, row)) == []
    sections = {name: set(members(cls)) for name, cls in SECTIONS.items()}
    last = files["Document", 1]["rows"][-1]
    assert {name: set(last[name]) for name in SECTIONS} == sections, "add a row that has every field"


@pytest.mark.parametrize(("was", "name"), BEFORE_NAMES)
def test_rows_of_the_previous_release_are_read_under_their_names(was: str, name: str) -> None:
    first = golden("events")[name, 1]["rows"][0]
    assert "v" not in first
    assert type(REACTIONS.load(was, first)) is EVENTS[name]


def test_every_file_has_a_reader() -> None:
    assert {name for name, _ in golden("events")} == set(EVENTS)
    assert {kind for kind, _ in golden("commands")} == set(COMMANDS)
    assert {kind for kind, _ in golden("wanted")} == set(WANTED)
    assert {name for name, _ in golden("approvals")} == set(APPROVED)
    assert {kind for kind, _ in golden("submissions")} == set(DOCUMENTS)
    assert len(BEFORE_NAMES) == 14


# --- the check itself ---


@dataclass(frozen=True, kw_only=True)
class Sample:
    a: int
    b: str = ""


FILES: dict[tuple[str, int], dict[str, Any]] = {
    ("thing", 1): {"fields": {"a": "int", "b": "str"}, "rows": [{"a": 1}, {"v": 1, "a": 1, "b": "x"}]}
}


def make_class(*members_given: tuple[str, str, object] | tuple[str, str]) -> type:
    shape: Any = [member if len(member) == 2 else (member[0], member[1], member[2]) for member in members_given]
    return make_dataclass("Thing", shape, frozen=True, kw_only=True)


def problem_text(cls: type) -> str:
    return " ".join(problems("thing", cls, FILES, lambda row: stored.load(cls, row)))


def test_class_that_fits_its_file_has_no_problem() -> None:
    assert problem_text(Sample) == ""
    assert [field.type for field in fields(Sample)] == ["int", "str"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (make_class(("a", "int"), ("b", "str", ""), ("c", "int", 0)), "other fields than its file"),
        (make_class(("a", "int"), ("b", "str", ""), ("c", "int")), "missing required field `c`"),
        (make_class(("a", "int")), "is read as something else: ['b']"),
        (make_class(("a", "str"), ("b", "str", "")), "Expected `str`, got `int`"),
        (make_class(("a", "int | None"), ("b", "str", "")), "other fields than its file"),
        (stored.version(2, upgrades={1: dict})(make_class(("a", "int"), ("b", "str", ""))), "thing.v2.json is missing"),
    ],
)
def test_change_without_its_version_or_file_is_reported(changed: type, words: str) -> None:
    assert words in problem_text(changed)
