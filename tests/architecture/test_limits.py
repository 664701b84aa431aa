"""Nothing in the tests waits without a limit: a program, thread or download that never ends would hold the whole run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT

PROGRAMS = {"subprocess.run", "subprocess.check_output", "subprocess.check_call"}
WAITS = {"wait", "join", "communicate", "result"}
ALLOWED = {
    "tests/browser/test_editor.py": "Saves.wait has a limit",
    "tests/browser/typing_company.py": "Saves.wait has a limit",
    "tests/chaos/cloud_kills.py": "Killer.wait has a limit",
    "tests/market/production/test_gateway.py": "asyncio.wait_for limits it",
    "tests/market/web/test_request_buffering.py": "results of finished asyncio tasks",
}


def unlimited(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in awaited and (call := _unlimited_call(node)):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {call}"


def _unlimited_call(node: ast.Call) -> str:
    name = ast.unparse(node.func)
    has_limit = any(keyword.arg == "timeout" for keyword in node.keywords)
    waits = isinstance(node.func, ast.Attribute) and (
        (node.func.attr in WAITS and not node.args) or name.endswith((".value.path", ".value.save_as"))
    )
    return name if (name in PROGRAMS or waits) and not has_limit else ""


def test_nothing_waits_without_a_limit() -> None:
    paths = sorted((ROOT / "tests").rglob("*.py"))
    found = [call for path in paths if str(path.relative_to(ROOT)) not in ALLOWED for call in unlimited(path)]
    assert found == [], "pass timeout=waiting.TIMEOUT (tests/waiting.py)"


def test_exceptions_are_still_needed() -> None:
    assert [name for name in ALLOWED if not any(unlimited(ROOT / name))] == []
