"""Only production writes the rows of its calls, because workers hold them under leases."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture import source

MODELS = "tradepost.market.production.models"
WRITES = frozenset({
    "create", "bulk_create", "update", "bulk_update", "get_or_create", "update_or_create", "delete", "save",
    "acreate", "aupdate", "adelete", "asave",
})  # fmt: skip
RELATED = frozenset({"calls", "tries"})
"""Related managers that reach calls and their attempts from other rows."""
SQL = re.compile(r"(?i)\b(insert\s+into|update|delete\s+from)\s+\"?production_(call|attempt)\b")


def written_calls(text: str) -> Iterator[int]:
    """Return the lines that write rows of ``Call`` or ``Attempt``: created, changed, deleted, saved, or by a statement."""
    tree = ast.parse(text)
    classes = _classes(tree)
    rows = set(_rows(tree, classes))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            yield node.lineno
        if not isinstance(node, ast.Call):
            continue
        named = _dotted(node.func)
        if named in classes:
            yield node.lineno
        elif isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            chain = set(_chain(node.func.value))
            if chain & (classes | rows | RELATED):
                yield node.lineno


def _classes(tree: ast.Module) -> set[str]:
    """Return the names of the models in this module, ``models.Call`` too."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            name = node.module or ""
            for alias in node.names:
                known = alias.asname or alias.name
                if name == MODELS and alias.name in {"Call", "Attempt"}:
                    found.add(known)
                elif f"{name}.{alias.name}" == MODELS:
                    found |= {f"{known}.Call", f"{known}.Attempt"}
        elif isinstance(node, ast.Import):
            found |= {
                f"{alias.asname or alias.name}.{model}"
                for alias in node.names
                for model in ("Call", "Attempt")
                if alias.name == MODELS
            }
    return found


def _rows(tree: ast.Module, classes: set[str]) -> Iterator[str]:
    """Return the parameters and variables that are annotated with such a row."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None and _mentions(node.annotation, classes):
            yield node.arg
        elif (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and _mentions(node.annotation, classes)
        ):
            yield node.target.id
        elif isinstance(node, ast.Assign) and classes & set(_chain(node.value)):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Name) and classes & set(_chain(node.iter)):
            yield node.target.id


def _mentions(annotation: ast.expr, classes: set[str]) -> bool:
    return any(_dotted(part) in classes for part in ast.walk(annotation) if isinstance(part, ast.expr))


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{_dotted(value)}.{attr}"
    return ""


def _chain(node: ast.expr) -> Iterator[str]:
    """``Call.objects.filter(…)[0]`` → each dotted prefix and each name on the way."""
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Attribute(value=value, attr=attr):
            yield attr
            yield _dotted(node)
            yield from _chain(value)
        case ast.Call(func=func):
            yield from _chain(func)
        case ast.Subscript(value=value):
            yield from _chain(value)


def test_only_production_writes_calls() -> None:
    """operations.md §2; the functions are those of ``calls``, ``restart`` and the engine."""
    outside = [
        path
        for path in source.python_files("src")
        if path.is_relative_to("src/tradepost/market") and not path.is_relative_to("src/tradepost/market/production")
    ]
    found = [
        f"{path}:{line}" for path in outside for line in written_calls((source.ROOT / path).read_text(encoding="utf-8"))
    ]
    assert len(outside) > 100
    assert found == []


IMPORT = "from tradepost.market.production.models import Call, Binding\n"


@pytest.mark.parametrize(
    "text",
    [
        IMPORT + "Call(kind='Create')",
        IMPORT + "Call.objects.create(kind='Create')",
        IMPORT + "Call.objects.filter(pk=1).update(state=3)",
        IMPORT + "Call.objects.filter(pk=1).select_for_update().order_by('pk')[:3].delete()",
        IMPORT + "Call.objects.bulk_create([])",
        IMPORT + "def restart(call: Call | None) -> None:\n    call.save(update_fields=['state'])",
        IMPORT + "call = Call.objects.get(pk=1)\ncall.save()",
        IMPORT + "for call in Call.objects.all():\n    call.delete()",
        "from tradepost.market.production.models import Call as Row\nRow.objects.update(state=3)",
        "from tradepost.market.production import models\nmodels.Call.objects.update(state=3)",
        "from tradepost.market.production import models\nmodels.Attempt()",
        "subscription.calls.update(state=3)",
        "subscription.calls.filter(kind='Release').delete()",
        "rows.run('UPDATE production_call SET state = 3', [])",
        "rows.run(f'DELETE FROM production_attempt WHERE id = {pk}', [])",
    ],
)
def test_every_form_of_writing_is_found(text: str) -> None:
    assert len(list(written_calls(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        IMPORT + "Call.objects.filter(kind='Create').exclude(outcome='').count()",
        IMPORT + "Binding.objects.create(product=1)",
        IMPORT + "def show(call: Call) -> None:\n    response.save()",
        "from tradepost.protocols.commands import Create\nCall.objects.update()",
        "from tradepost.market.production import calls\ncalls.cancel([1], now=now)",
        "rows.run('SELECT * FROM production_call', [])",
    ],
)
def test_reads_and_writes_of_other_rows_are_ignored(text: str) -> None:
    assert list(written_calls(text)) == []
