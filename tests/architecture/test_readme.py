"""The first page of the project: its links lead somewhere, its pictures are there and small, in both languages alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture import source

READMES = {"README.md": "en", "README.zh-CN.md": "zh"}
GUIDES = ("docs/guides/tour.md", "docs/guides/tour.zh-CN.md")
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


def test_four_small_pictures_in_each_language() -> None:
    sizes = []
    for name, language in READMES.items():
        pictures = [link for link in links(name) if link.endswith(".webp")]
        assert len(pictures) == 4
        assert {Path(one).parent.name for one in pictures} == {language}
        sizes += [(source.ROOT / one).stat().st_size for one in pictures]
    assert min(sizes) > 5_000
    assert sum(sizes) <= MAX_BYTES


def test_the_tour_ends_no_program_by_its_name() -> None:
    for name in (*READMES, *GUIDES):
        assert not re.search(r"\b(pkill|killall)\b", (source.ROOT / name).read_text(encoding="utf-8")), name
    assert all("tradepost demo pause-seller" in (source.ROOT / name).read_text(encoding="utf-8") for name in GUIDES)
