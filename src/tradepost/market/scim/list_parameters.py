"""Parameters of a list request: a filter with one comparison, and a range by number (RFC 7644 §3.4.2). No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from tradepost.market.base.numbers import whole_number

from .errors import ScimError

MAX_COUNT = 200
"""Maximum number of resources per response."""
DEFAULT_COUNT = 100
MAX_FILTER_LENGTH = 600
MAX_START = 10_000_000
_EQUALITY_FILTER = re.compile(r'\s*([A-Za-z][A-Za-z0-9.:$_-]{0,99})\s+eq\s+"((?:[^"\\]|\\["\\/])*)"\s*', re.IGNORECASE)


class ListRange(Struct, frozen=True, kw_only=True):
    """The requested range. ``start``: number of the first resource, from 1. ``count``: maximum number; 0 requests only
    the total."""

    start: int
    count: int


def range_of(parameters: Mapping[str, str]) -> ListRange:
    """Parse the range. A start below 1 is 1, a count below 0 is 0 (§3.4.2.4). Raises ``ScimError`` for an invalid
    number."""
    return ListRange(
        start=max(1, min(_number(parameters, "startIndex", 1), MAX_START)),
        count=max(0, min(_number(parameters, "count", DEFAULT_COUNT), MAX_COUNT)),
    )


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name, "").strip()
    if not text:
        return default
    number = whole_number(text.removeprefix("-"))
    if number is None:
        raise ScimError(f"{name} is a whole number.", kind="invalidValue")
    return -number if text.startswith("-") else number


def filter_of(text: str, attributes: Mapping[str, str]) -> tuple[str, str] | None:
    """Parse a filter into attribute and value; None for no filter. ``attributes``: attributes by lower-case name.

    Raises ``ScimError`` for any other filter, since filters must not be ignored.
    """
    if not text.strip():
        return None
    match = _EQUALITY_FILTER.fullmatch(text) if len(text) <= MAX_FILTER_LENGTH else None
    if match is None or (name := match[1].lower().rpartition(":")[2]) not in attributes:
        names = ", ".join(sorted(attributes.values()))
        raise ScimError(f'A filter is one comparison, such as userName eq "li.lei", of {names}.', kind="invalidFilter")
    value = re.sub(r"\\(.)", r"\1", match[2])
    if not value.isprintable():
        raise ScimError("The value of a filter is one line of printable characters.", kind="invalidFilter")
    return attributes[name], value
