"""Decision records can be found and cited: a plain title, a date, a status, and numbers without a gap."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tests.architecture.source import ROOT, tracked_files

FOLDER = ROOT / "docs/decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
NEVER_USED = {13, 16}
HEAD = re.compile(
    r"# (?P<number>\d{4})\. (?P<title>\S.*\S)\n\nDate: (?P<date>\d{4}-\d\d-\d\d)  \nStatus: (?P<status>[^\n]+)\n\n"
)
STATUSES = ("Accepted", "Proposed", "Replaced by ")
MAX_TITLE_LENGTH = 100
MENTIONED = re.compile(r"\b[Dd]ecision (\d{4})\b|docs/decisions/(\d{4})-[\w-]+\.md")


def head(name: str) -> re.Match[str]:
    found = HEAD.match((FOLDER / name).read_text(encoding="utf-8"))
    assert found, f"{name} begins with a title '# 0001. …', a line 'Date: 2026-01-31' and a line 'Status: Accepted'"
    return found


@pytest.mark.parametrize("name", [path.name for path in RECORDS])
def test_record_has_a_title_a_date_and_a_status(name: str) -> None:
    found = head(name)
    assert found["number"] == name[:4]
    assert len(found["title"]) <= MAX_TITLE_LENGTH
    assert not found["title"].endswith(".")
    assert date(2026, 1, 1) <= date.fromisoformat(found["date"])
    assert found["status"].startswith(STATUSES)


def test_numbers_start_with_one_and_have_no_gap() -> None:
    numbers = {int(path.name[:4]) for path in RECORDS}
    assert numbers | NEVER_USED == set(range(1, max(numbers) + 1))


def test_index_lists_each_record_once_with_its_title() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^- \[(\d{4})\]\(([\w-]+\.md)\) (.+)$", index, re.MULTILINE)
    assert sorted(listed) == [(path.name[:4], path.name, head(path.name)["title"]) for path in RECORDS]
    assert len({title for _number, _name, title in listed}) == len(listed)


def test_mentioned_decision_exists_and_is_valid() -> None:
    standing = {path.name[:4] for path in RECORDS}
    mentioned: dict[str, set[str]] = {}
    for path in tracked_files():
        if path.suffix in {".md", ".py", ".html", ".toml"} and path.name != "test_decisions.py":
            for numbers in MENTIONED.findall((ROOT / path).read_text(encoding="utf-8")):
                mentioned.setdefault(max(numbers), set()).add(str(path))
    assert mentioned, "some are cited: the pattern finds them"
    assert {number: paths for number, paths in mentioned.items() if number not in standing} == {}


def test_record_fits_a_screen_and_names_rejected_alternatives() -> None:
    for path in RECORDS:
        text = path.read_text(encoding="utf-8")
        assert len(text.split()) <= 520, path.name
        assert "**Rejected.**" in text, path.name
