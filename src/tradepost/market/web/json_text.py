"""Format JSON for reading: indented, with every value exactly as received.

A parser would round ``1.00``, drop the first of two equal names and decode escapes. People look for these details in
messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

MAX_DEPTH = 24
"""Deeper levels get no further indentation, so that the text fits the page."""
MAX_LENGTH = 400_000
"""Maximum length in characters; longer text is shown unformatted."""
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def indent_json(text: str) -> str:
    """Return an object or list with one member per line; "" for invalid JSON and for other values."""
    if text.lstrip(" \t\r\n")[:1] not in {"{", "["}:
        return ""
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return ""
    formatted = "".join(_pieces(_TOKENS.findall(text)))
    return "" if formatted == text or len(formatted) > MAX_LENGTH else formatted


def _pieces(tokens: list[str]) -> Iterator[str]:
    depth = 0
    for piece, after in zip(tokens, [*tokens[1:], ""], strict=True):
        if piece in {"{", "["}:
            depth += 1
            yield piece if after in {"}", "]"} else piece + _line(depth)
        elif piece == ",":
            yield piece + _line(depth)
        elif piece == ":":
            yield ": "
        else:
            yield piece
        if after in {"}", "]"}:
            depth -= 1
            if piece not in {"{", "["}:
                yield _line(depth)


def _line(depth: int) -> str:
    return "\n" + "  " * min(depth, MAX_DEPTH)
