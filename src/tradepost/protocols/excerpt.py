"""Short quotations of what a stranger sent, fit for a report: cut, made printable, secrets taken out."""

from __future__ import annotations

import re

LIMIT = 120
_LOOKED_AT = 4096
_SECRET_MEMBER = re.compile(
    r'("(?:[a-z]*password|license|client_?secret|access_?key)"\s*:\s*)"(?:[^"\\]|\\.)*"?', re.IGNORECASE
)


def excerpt(raw: bytes | str, *, secrets: tuple[str, ...] = (), limit: int = LIMIT) -> str:
    """``raw`` in quotes, at most ``limit`` characters of it; control characters escaped, members that hold secrets masked."""
    if isinstance(raw, bytes):
        raw = raw[:_LOOKED_AT].decode("utf-8", "backslashreplace")
    text = _SECRET_MEMBER.sub(r'\1"***"', raw[:_LOOKED_AT])
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    shown = "".join(printable(character) for character in text[: limit + 1])
    return f"“{shown[:limit]}…”" if len(shown) > limit else f"“{shown}”"


def printable(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
