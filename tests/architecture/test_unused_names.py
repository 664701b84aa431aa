"""Every name of a module is used in the product. Names that only their definition or a test mentions are deleted."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT, python_files, tracked_files

EXEMPT: dict[str, str] = {
    "handler400": "Django looks for it in the URL configuration",
    "handler500": "Django looks for it in the URL configuration",
    "PASSWORDS": "message ids of Django, which our catalogue translates",
    "_STORED_BEFORE": "a message id that older rows hold",
    "PUBLIC": "the default policy, for tests that need one which is not a sandbox's",
    "open_push": "reads a push as KooGallery would: the kit's calls are verified with it",
    "all_limits": "tests compare every limit of the table",
    "create_call": "a single call, for tests; the market creates many at once",
    "product_with_modes": "a product of which only the charging modes matter, for tests of the required cases",
    "book_debt": "a single debt, for tests; the market books many at once",
    "MOCK_ORDER_IDS": "the guide's list of test orders is compared with it",
    "code_at": "what a buyer's authenticator shows: tests sign in with it",
    "load_form": "reads what dump_form writes, as the market's own FormReader does in pieces",
    "load_records_2018": "reads the push of 2018 as KooGallery would",
}
"""Names that only a framework or tests use, each with its reason."""
_WORD = re.compile(r"\w+")
_TEXTS = {".py", ".html", ".toml", ".txt", ".js", ".mjs", ".sh", ".md", ".xml"}


def _texts() -> Iterator[str]:
    """Return every text that may use a name: the product with its templates, its scripts, and documents that show code."""
    for path in tracked_files():
        if path.suffix in _TEXTS and path.parts[0] != "tests":
            yield (ROOT / path).read_text(encoding="utf-8")


def _names(path: Path) -> Iterator[str]:
    """Return the names that a module defines, without those that a decorator registers."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.decorator_list:
                yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_every_name_is_used() -> None:
    words = Counter(word for text in _texts() for word in _WORD.findall(text))
    unused = {
        name: str(path)
        for path in python_files("src")
        if path.name not in {"apps.py", "settings.py"}  # Django reads them
        for name in _names(ROOT / path)
        if words[name] == 1
    }
    assert {name: path for name, path in unused.items() if name not in EXEMPT} == {}
    assert sorted(EXEMPT) == sorted(unused), "an exemption that is not needed any more"
