"""Tests check order, counts and outcomes, never how long something takes. They wait for conditions and do not sleep.

On a busy machine, a test that measures time fails although the product is correct. Speed is measured in ``bench/``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

TESTS = ROOT / "tests"
CLOCKS = {"monotonic", "perf_counter", "process_time", "monotonic_ns", "perf_counter_ns"}
MEASURED = ("seconds", "_ms", "_s", "elapsed", "duration", "took")
"""Suffixes of names and keys that hold a measured time."""
NOT_MEASURED = {
    "total_seconds",  # of a planned duration
    "retry_after_s",
}
SLEEPS_FOR_A_REASON = {
    "tests/market/production/test_database_away.py": "a commit whose answer is late: the delay is the case",
}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(TESTS.rglob("test_*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant):
            yield str(part.slice.value)


def is_measured(name: str) -> bool:
    return name in CLOCKS or (name not in NOT_MEASURED and name.endswith(MEASURED))


def upper_bounded(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what an assertion requires to be small: ``x`` of ``x < 3`` and of ``3 >= x``. A lower bound holds on any
    machine."""
    for part in ast.walk(node):
        if isinstance(part, ast.Compare):
            sides = [part.left, *part.comparators]
            for left, operator, right in zip(sides, part.ops, sides[1:], strict=False):
                if isinstance(operator, ast.Lt | ast.LtE):
                    yield left
                elif isinstance(operator, ast.Gt | ast.GtE):
                    yield right


def timed_asserts(tree: ast.Module) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        and any(is_measured(name) for side in upper_bounded(node.test) for name in names(side))
    ]


def sleeps(tree: ast.Module) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sleep"
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)  # yields to the event loop
    ]  # fmt: skip


def test_no_test_asserts_a_duration() -> None:
    found = [f"{path}:{line}" for path, tree in trees() for line in timed_asserts(tree)]
    assert found == []


def test_no_test_sleeps() -> None:
    found = {path: lines for path, tree in trees() if (lines := sleeps(tree))}
    assert set(found) == set(SLEEPS_FOR_A_REASON), found


def test_rule_finds_timing_assertions() -> None:
    """The two tests that failed on a busy machine, and the forms of others."""
    examples = [
        "assert time.monotonic() - begun < 10",
        'assert found["slowest_answer_ms"] < LONGEST_PAGE',
        'assert found["p95_loaded_ms"] <= max(2 * found["p95_alone_ms"], 250), found',
        "assert max(slowest_s) < 2.5",
        "assert report.seconds < 15",
        "assert seconds <= AT_MOST",
    ]
    for example in examples:
        assert timed_asserts(ast.parse(example)) == [1], example
    assert timed_asserts(ast.parse("assert plan.total_seconds() < 60")) == []
    assert timed_asserts(ast.parse("assert found.seconds == 5")) == []
    assert timed_asserts(ast.parse("assert found.seconds >= GRACE")) == []
    assert sleeps(ast.parse("time.sleep(1)\nasyncio.sleep(0)")) == [1]


@pytest.mark.slow
def test_every_test_file_is_read() -> None:
    assert len(list(trees())) > 500
    assert Path(__file__).relative_to(ROOT).as_posix() in dict(trees())
