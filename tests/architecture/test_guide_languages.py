"""A Chinese page for sellers and buyers has every section, step, list item, table row and code block of the English page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

PARTS = {
    "sections": r"^#+ ",
    "steps": r"^ *\d+\. ",
    "list items": r"^ *- ",
    "table rows": r"^\|",
    "code blocks": r"^ *```",
    "links": r"\]\(",
}


def english_pages() -> list[str]:
    folders = ("docs/how-to/sellers", "docs/how-to/buyers", "examples")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.md")]
    paths += [ROOT / name for name in ("README.md", "docs/tutorials/quickstart.md", "docs/tutorials/tour.md")]
    names = [path.relative_to(ROOT).as_posix() for path in paths]
    return sorted(name for name in names if not name.endswith(".zh-CN.md"))


def count_parts(path: Path) -> dict[str, int]:
    text = path.read_text(encoding="utf-8")
    return {part: len(re.findall(pattern, text, re.MULTILINE)) for part, pattern in PARTS.items()}


@pytest.mark.parametrize("name", english_pages())
def test_both_languages_have_the_same_parts(name: str) -> None:
    assert count_parts(ROOT / name) == count_parts(ROOT / name.replace(".md", ".zh-CN.md"))


def test_pages_are_compared() -> None:
    assert len(english_pages()) >= 16
