"""The Chinese of the market as the .po files say it, so that a test needs no compiled catalogue."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

import tradepost.market


@cache
def chinese() -> dict[str, str]:
    """English text → Chinese, of every catalogue of the market."""
    found: dict[str, str] = {}
    for path in Path(tradepost.market.__file__).parent.glob("**/locale/zh_Hans/LC_MESSAGES/django.po"):
        with path.open("rb") as handle:
            found |= {m.id: str(m.string) for m in read_po(handle) if isinstance(m.id, str) and m.id}
    return found
