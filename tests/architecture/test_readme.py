"""The first page of the project: its links work, and its pictures exist and are small, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture import source

READMES = {"README.md": "en", "README.zh-CN.md": "zh"}
GUIDES = ("docs/tutorials/tour.md", "docs/tutorials/tour.zh-CN.md")
MAX_BYTES = 600_000
"""Of all pictures together."""


def links(name: str) -> list[str]:
    text = (source.ROOT / name).read_text(encoding="utf-8")
    return [link for link in re.findall(r"\]\(([^)#]+)", text) if not link.startswith("https://")]


@pytest.mark.parametrize("name", [*READMES, *GUIDES])
def test_every_link_leads_to_a_file(name: str) -> None:
    missing = [link for link in links(name) if not ((source.ROOT / name).parent / link).exists()]
    assert missing == []
    assert links(name)


def test_each_language_has_four_small_pictures() -> None:
    sizes = []
    for name, language in READMES.items():
        pictures = [link for link in links(name) if link.endswith(".webp")]
        assert len(pictures) == 4
        assert {Path(one).parent.name for one in pictures} == {language}
        sizes += [(source.ROOT / one).stat().st_size for one in pictures]
    assert min(sizes) > 5_000
    assert sum(sizes) <= MAX_BYTES


def test_tour_kills_no_program_by_name() -> None:
    for name in (*READMES, *GUIDES):
        assert not re.search(r"\b(pkill|killall)\b", (source.ROOT / name).read_text(encoding="utf-8")), name
    assert all("tradepost demo pause-seller" in (source.ROOT / name).read_text(encoding="utf-8") for name in GUIDES)
