"""The guides for sellers, and the blocks of code in them."""

from __future__ import annotations

import re

from tests.kit.servers import ROOT

GUIDES = ROOT / "docs" / "guides" / "sellers"


def blocks(guide: str, language: str) -> list[str]:
    text = (GUIDES / guide).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
