"""The tester knows no protocol version by name, and its checks leave nothing behind for one another."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import source
from tradepost.protocols import registry

CHECK = "src/tradepost/check"
SET_BY_CHECKS = {"linger"}
"""Attributes of its own caller that a check may set: how its requests are sent."""


def test_no_module_of_the_tester_names_a_version() -> None:
    """What differs between versions is declared in ``protocols/<version>/checks.py``: a new folder needs no edit here."""
    names = re.compile("|".join(rf"\b{name}\b" for name in registry.protocols()))
    named = [
        f"{path}:{number}: {line.strip()}"
        for path in _modules()
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if names.search(line)
    ]
    assert len(registry.protocols()) > 5
    assert named == []


def test_no_module_of_the_tester_asks_which_specification_it_is() -> None:
    """Sections are cited in texts; a value that is the name of a document alone is there to be compared."""
    documents = {_document(name) for name in registry.protocols()}
    compared = [
        f"{path}:{node.lineno} {node.value}"
        for path in _modules()
        for node in ast.walk(ast.parse(_text(path)))
        if isinstance(node, ast.Constant) and node.value in documents
    ]
    assert "saas-v2" in documents
    assert compared == []


def test_checks_leave_nothing_for_one_another() -> None:
    """They get a caller of their own. What holds for the whole run is kept by the parts of ``Session``, behind the
    caller's methods; what two checks share is an object that their factory made for the two.
    """
    left = [place for path in _modules("checks") for place in _left_behind(ast.parse(_text(path)), path)]
    assert left == []


def test_what_is_left_behind_would_be_found() -> None:
    made_up = """
def body(caller):
    global seen
    caller.session.seen = 1
    caller.used = 2
    caller.linger = True
"""
    assert set(_left_behind(ast.parse(made_up), Path("made_up.py"))) == {
        "made_up.py:3 global",
        "made_up.py:4 .session",
        "made_up.py:4 sets .seen",
        "made_up.py:5 sets .used",
    }


def _left_behind(tree: ast.AST, path: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"{path}:{node.lineno} global"
        elif isinstance(node, ast.Attribute) and node.attr == "session":
            yield f"{path}:{node.lineno} .session"
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and not _is_own(node):
            yield f"{path}:{node.lineno} sets .{node.attr}"


def _is_own(node: ast.Attribute) -> bool:
    owner = node.value.id if isinstance(node.value, ast.Name) else ""
    return owner == "self" or (owner == "caller" and node.attr in SET_BY_CHECKS)


def _modules(folder: str = "") -> list[Path]:
    below = Path(CHECK, folder)
    found = [path for path in source.python_files("src") if path.is_relative_to(below)]
    assert len(found) > 10
    return found


def _text(path: Path) -> str:
    return (source.ROOT / path).read_text(encoding="utf-8")


def _document(name: str) -> str:
    return str(importlib.import_module(f"tradepost.protocols.{name}.checks").SPECIFICATION.document)
