"""docs/glossary.md is correct: each term is in the code and on pages, and no visible text has a word that it excludes."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.architecture.source import ROOT, python_files

type Row = tuple[str, ...]
"""English, Chinese, code, meaning, words that are not used."""
GLOSSARY = ROOT / "docs/glossary.md"
ALLOWED = {"对账单": "银行对账单"}
"""Word of the glossary → the longer word in which it means something else, such as a bank's statement of account."""


@functools.cache
def rows() -> tuple[Row, ...]:
    lines = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return tuple(row for row in cells if row[0] != "English")


@functools.cache
def visible() -> str:
    """Return every text of pages, mails and guides, in both languages."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("[ht]*/**/*.md"))]
    texts += [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")]
    for path in sorted((ROOT / "src").rglob("zh_Hans/LC_MESSAGES/*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                for text in (message.id, message.string):
                    texts += text if isinstance(text, list | tuple) else [text or ""]
    return "\n".join(texts)


@functools.cache
def code() -> str:
    return "\n".join((ROOT / path).read_text(encoding="utf-8") for path in python_files("src"))


def is_in_code(name: str) -> bool:
    if name.endswith(".py"):
        return any(Path(path).name == name for path in python_files("src"))
    declared = rf"^ *(?:class|def) {name}\b|^ +{name}\b.* = "
    return bool(re.search(declared, code(), re.MULTILINE)) or (ROOT / "src/tradepost/market" / name).is_dir()


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_term_is_in_the_code_and_on_pages(row: Row) -> None:
    english, chinese, names, meaning, _avoided = row
    assert meaning
    assert [name for name in re.findall(r"`([^`]+)`", names) if not is_in_code(name)] == []
    assert english.lower() in visible().lower()
    assert chinese in visible()


def test_no_visible_text_has_an_excluded_word() -> None:
    avoided = [word.strip() for row in rows() for word in row[4].split(",") if word.strip()]
    assert len(avoided) >= 8
    text = visible()
    for word in avoided:
        left = text.replace(ALLOWED[word], "") if word in ALLOWED else text
        around = [left[max(0, one.start() - 20) : one.end() + 20] for one in re.finditer(re.escape(word), left)]
        assert around == [], word


def test_no_term_is_listed_twice() -> None:
    terms = [row[0].lower() for row in rows()]
    assert len(terms) == len(set(terms)) > 40
