"""Shared code of tests: helpers have their own modules, and there is one family of factories."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

import pytest

from tests import factories
from tests.architecture import source

FOLDERS = ("tests", "bench", "scripts")


def imported_test_modules(text: str) -> Iterator[str]:
    """Return the modules ``test_*`` that this text imports, or imports something from."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            # A name from the project's packages may be a module; elsewhere it is a name of that library.
            ours = node.level > 0 or module.split(".")[0] == "tests"
            names = [f"{module}.{alias.name}" for alias in node.names] if ours else []
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] == "tests"]
        else:
            continue
        yield from (name for name in names if any(part.startswith("test_") for part in name.split(".")))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from tests.cli.test_demo import family", ["tests.cli.test_demo.family"]),
        ("from tests.market import test_golden", ["tests.market.test_golden"]),
        ("from .test_demo import get", ["test_demo.get"]),
        ("from . import test_demo", [".test_demo"]),
        ("import tests.cli.test_demo as demo", ["tests.cli.test_demo"]),
        ("from tests.cli.running import family", []),
        ("from django.test import Client", []),
    ],
)
def test_imports_of_test_modules_are_seen(text: str, found: list[str]) -> None:
    assert list(imported_test_modules(text)) == found


def test_no_test_module_is_imported() -> None:
    """Its helpers would run with its tests, and change with them."""
    found = [
        f"{path} imports {name}"
        for path, text in source.python_containing("test_", folders=FOLDERS)
        for name in imported_test_modules(text)
    ]
    assert found == []


def test_each_factory_exists_once() -> None:
    """A second family, as ``tests/factories/trade.py`` was, makes rows that no function of the market would write."""
    makers = {name for name in factories.__all__ if name.startswith("make_")}
    made = Counter(
        node.name
        for _, text in source.python_containing(*(f"def {name}" for name in makers), folders=FOLDERS)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name in makers
    )
    assert made == dict.fromkeys(makers, 1)
