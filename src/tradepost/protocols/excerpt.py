"""Short quotations of received data for reports: truncated, printable, and with secrets masked."""

from __future__ import annotations

import re

MAX_LENGTH = 120
_MAX_SCANNED = 4096
_SECRET_MEMBER = re.compile(
    r'("(?:[a-z]*password|license|client_?secret|access_?key)"\s*:\s*)"(?:[^"\\]|\\.)*"?', re.IGNORECASE
)


def excerpt(raw: bytes | str, *, secrets: tuple[str, ...] = (), limit: int = MAX_LENGTH) -> str:
    """Return at most ``limit`` characters of ``raw`` in quotes, with control characters escaped and secret members
    masked."""
    if isinstance(raw, bytes):
        raw = raw[:_MAX_SCANNED].decode("utf-8", "backslashreplace")
    text = _SECRET_MEMBER.sub(r'\1"***"', raw[:_MAX_SCANNED])
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    text_shown = "".join(printable(character) for character in text[: limit + 1])
    return f"“{text_shown[:limit]}…”" if len(text_shown) > limit else f"“{text_shown}”"


def printable(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
