"""Chinese translations read from the .po files, so that a test needs no compiled catalogue."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

import tradepost.market


@cache
def chinese() -> dict[str, str]:
    """Return English text → Chinese, from every catalogue of the market."""
    translations: dict[str, str] = {}
    for path in Path(tradepost.market.__file__).parent.glob("**/locale/zh_Hans/LC_MESSAGES/django.po"):
        with path.open("rb") as handle:
            translations |= {m.id: str(m.string) for m in read_po(handle) if isinstance(m.id, str) and m.id}
    return translations
