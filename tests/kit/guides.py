"""The documents for sellers, and their code blocks."""

from __future__ import annotations

import re
from pathlib import Path

from tests.kit.servers import ROOT

GUIDES = ROOT / "docs" / "how-to" / "sellers"
TUTORIALS = ROOT / "docs" / "tutorials"


def guide_path(name: str) -> Path:
    folder = TUTORIALS if name.startswith("quickstart") else GUIDES
    return folder / name


def blocks(guide: str, language: str) -> list[str]:
    text = guide_path(guide).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
