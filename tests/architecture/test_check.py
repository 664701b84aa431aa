"""The tester names no protocol version, and its checks share no state."""

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


def test_tester_names_no_protocol_version() -> None:
    """Differences between versions are declared in ``protocols/<version>/checks.py``: a new folder needs no change
    here."""
    names = re.compile("|".join(rf"\b{name}\b" for name in registry.protocols()))
    named = [
        f"{path}:{number}: {line.strip()}"
        for path in _modules()
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if names.search(line)
    ]
    assert len(registry.protocols()) > 5
    assert named == []


def test_tester_does_not_compare_specifications() -> None:
    """Sections are quoted in texts. A value that is only the name of a document is there to be compared."""
    documents = {_document(name) for name in registry.protocols()}
    compared = [
        f"{path}:{node.lineno} {node.value}"
        for path in _modules()
        for node in ast.walk(ast.parse(_text(path)))
        if isinstance(node, ast.Constant) and node.value in documents
    ]
    assert "saas-v2" in documents
    assert compared == []


def test_checks_share_no_state() -> None:
    """Each check gets its own caller. The parts of ``Session`` record the passed checks, behind the caller's methods.
    What two checks share is an object that their factory created for both."""
    left = [place for path in _modules("checks") for place in _left_behind(ast.parse(_text(path)), path)]
    assert left == []


def test_shared_state_would_be_found() -> None:
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
