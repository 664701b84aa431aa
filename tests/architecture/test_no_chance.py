"""No test depends on the moment at which it was loaded, or on random values that a later run cannot repeat."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, python_containing

CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.localtime",
    "time.gmtime", "timezone.now", "timezone.localtime", "timezone.localdate", "clock.now", "clock.wall",
    "clock.cached_now",
}  # fmt: skip
UNSEEDED = {"os.urandom", "random.SystemRandom", "secrets.SystemRandom", "secrets.choice", "secrets.randbelow"}
GENERATORS = {"Random", "random.Random", "random.seed"}
"""Repeatable if they get a seed."""
ALLOWED = {
    Path("tests/chaos/storm.py"): "prints the seed that it draws",
    Path("tests/chaos/usage_storm.py"): "prints the seed that it draws",
}
type Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def clocks_read_at_import(text: str) -> Iterator[tuple[int, str]]:
    """Return the line and name of each clock that the module reads when it is loaded."""
    for node in _run_at_import(ast.parse(text)):
        if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in CLOCKS:
            yield node.lineno, name


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Return the nodes that run when the module is loaded: not the bodies of functions, but their defaults."""
    yield node
    body = node.body if isinstance(node, Function.__value__) else []
    left_out = {id(each) for each in (body if isinstance(body, list) else [body])}
    for child in ast.iter_child_nodes(node):
        if id(child) not in left_out:
            yield from _run_at_import(child)


def unrepeatable(text: str) -> Iterator[tuple[int, str]]:
    """Return the line and name of each call that draws from a generator without a seed."""
    tree = ast.parse(text)
    imports_random = any(
        alias.name == "random" and not alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    )
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in GENERATORS:
            if not (node.args or node.keywords):
                yield node.lineno, name
        elif name in UNSEEDED or (
            imports_random and name.startswith("random.") and name.count(".") == 1 and "(" not in name
        ):
            yield node.lineno, name


def test_no_module_reads_a_clock_when_it_is_loaded() -> None:
    """A worker may run its last test an hour after it loaded the modules, and on another day."""
    words = sorted(name.rpartition(".")[2] + "(" for name in CLOCKS)
    found = [
        f"{path}:{line} {name}"
        for path, text in python_containing(*words, folders=("tests",))
        for line, name in clocks_read_at_import(text)
    ]
    assert found == [], "read the clock in the test, or in a function that it calls"


def test_every_random_value_has_a_seed() -> None:
    found = [
        f"{path}:{line} {name}"
        for path, text in python_containing("random", "Random", "secrets.", folders=("tests",))
        if path not in ALLOWED and path != Path(__file__).relative_to(ROOT)
        for line, name in unrepeatable(text)
    ]
    assert found == [], "draw from random.Random(sampling.SEED)"


def test_exceptions_are_still_needed() -> None:
    assert [str(path) for path in ALLOWED if not any(unrepeatable((ROOT / path).read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("NOW = datetime.now(UTC)", [1]), ("def f():\n    return datetime.now(UTC)", []), ("f = lambda: time.time()", []),
        ("def f(at=clock.wall()):\n    pass", [1]), ("class A:\n    at = date.today()", [2]),
        ("class A:\n    def f(self):\n        return clock.now()", []), ("@mark(timezone.now())\nasync def f():\n    pass", [1]),
    ],
)  # fmt: skip
def test_clock_read_at_import_is_found(text: str, lines: list[int]) -> None:
    assert [line for line, _ in clocks_read_at_import(text)] == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("import random\nrandom.random()", [2]), ("import random\nrandom.Random(7).random()", []), ("Random()", [1]),
        ("import random\nrandom.Random()", [2]), ("import random\nrandom.Random(x=7)", []), ("os.urandom(9)", [1]),
        ("def f(random):\n    return random.choice([1])", []), ("secrets.token_hex(16)", []), ("secrets.choice([1])", [1]),
    ],
)  # fmt: skip
def test_random_value_without_a_seed_is_found(text: str, lines: list[int]) -> None:
    assert [line for line, _ in unrepeatable(text)] == lines
