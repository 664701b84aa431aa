"""What a list is asked for: a filter of one comparison, and a part of it by number (RFC 7644 §3.4.2). No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from tradepost.market.base.numbers import whole_number

from .errors import ScimError

MOST_AT_ONCE = 200
"""Resources of one answer."""
AT_ONCE = 100
LONGEST_FILTER = 600
FURTHEST = 10_000_000
_EQUALS = re.compile(r'\s*([A-Za-z][A-Za-z0-9.:$_-]{0,99})\s+eq\s+"((?:[^"\\]|\\["\\/])*)"\s*', re.IGNORECASE)


class Part(Struct, frozen=True, kw_only=True):
    """``start``: the first one's number, from 1. ``count``: how many at most; 0 asks only how many there are."""

    start: int
    count: int


def part_of(asked: Mapping[str, str]) -> Part:
    """A start below 1 is 1, a count below 0 is 0 (§3.4.2.4). Raises ``ScimError`` for what is no number."""
    return Part(
        start=max(1, min(_number(asked, "startIndex", 1), FURTHEST)),
        count=max(0, min(_number(asked, "count", AT_ONCE), MOST_AT_ONCE)),
    )


def _number(asked: Mapping[str, str], name: str, otherwise: int) -> int:
    text = asked.get(name, "").strip()
    if not text:
        return otherwise
    number = whole_number(text.removeprefix("-"))
    if number is None:
        raise ScimError(f"{name} is a whole number.", kind="invalidValue")
    return -number if text.startswith("-") else number


def filter_of(text: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """Which attribute is to have which value; None for all. ``known``: attributes by their names in small letters. Raises
    ``ScimError`` for everything else: a filter is never passed over."""
    if not text.strip():
        return None
    found = _EQUALS.fullmatch(text) if len(text) <= LONGEST_FILTER else None
    if found is None or (name := found[1].lower().rpartition(":")[2]) not in known:
        names = ", ".join(sorted(known.values()))
        raise ScimError(f'A filter is one comparison, such as userName eq "li.lei", of {names}.', kind="invalidFilter")
    value = re.sub(r"\\(.)", r"\1", found[2])
    if not value.isprintable():
        raise ScimError("The value of a filter is one line of printable characters.", kind="invalidFilter")
    return known[name], value
