"""Decision records can be found and cited: a plain title, a date, a status, and numbers without a gap."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tests.architecture.source import ROOT, tracked_files

FOLDER = ROOT / "docs/decisions"
RECORDS = sorted(FOLDER.glob("*.md"))
HEAD = re.compile(
    r"# (?P<number>\d{4})\. (?P<title>\S.*\S)\n\nDate: (?P<date>\d{4}-\d\d-\d\d)  \nStatus: (?P<status>[^\n]+)\n\n"
)
STATUSES = ("Accepted", "Proposed", "Withdrawn", "Replaced by ")
LONGEST_TITLE = 100
MENTIONED = re.compile(r"\b[Dd]ecision (\d{4})\b|docs/decisions/(\d{4})-[\w-]+\.md")


def head(name: str) -> re.Match[str]:
    found = HEAD.match((FOLDER / name).read_text(encoding="utf-8"))
    assert found, f"{name} begins with a title '# 0001. …', a line 'Date: 2026-01-31' and a line 'Status: Accepted'"
    return found


@pytest.mark.parametrize("name", [path.name for path in RECORDS])
def test_a_record_says_its_decision_its_date_and_its_status(name: str) -> None:
    found = head(name)
    assert found["number"] == name[:4]
    assert len(found["title"]) <= LONGEST_TITLE
    assert not found["title"].endswith(".")
    assert date(2026, 1, 1) <= date.fromisoformat(found["date"])
    assert found["status"].startswith(STATUSES)


def test_numbers_begin_with_one_and_have_no_gap() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_each_title_is_one_records_own_but_for_numbers_that_are_not_used() -> None:
    titles = [head(path.name)["title"] for path in RECORDS if head(path.name)["status"] != "Withdrawn"]
    assert len(set(titles)) == len(titles)


def test_a_decision_that_is_mentioned_exists_and_stands() -> None:
    standing = {path.name[:4] for path in RECORDS if head(path.name)["status"] != "Withdrawn"}
    mentioned: dict[str, set[str]] = {}
    for path in tracked_files():
        if path.suffix in {".md", ".py", ".html", ".toml"} and path.name != "test_decisions.py":
            for numbers in MENTIONED.findall((ROOT / path).read_text(encoding="utf-8")):
                mentioned.setdefault(max(numbers), set()).add(str(path))
    assert mentioned, "some are cited: the pattern finds them"
    assert {number: paths for number, paths in mentioned.items() if number not in standing} == {}


def test_a_record_fits_a_screen_and_says_what_was_rejected() -> None:
    for path in RECORDS:
        text = path.read_text(encoding="utf-8")
        assert len(text.split()) <= 520, path.name
        assert "**Rejected.**" in text or head(path.name)["status"] == "Withdrawn", path.name
