"""Parse numbers from forms and URLs, with a limit on their length."""

from __future__ import annotations

import re
from decimal import Decimal

DIGITS = 18
"""Maximum number of digits: always fits a 64-bit column. Python raises an error beyond 4,300."""
DECIMALS = 8
_PLAIN = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


def whole_number(text: str, *, digits: int = DIGITS) -> int | None:
    """Parse a whole number of at most ``digits`` digits; None for any other text."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= digits else None


def decimal_number(text: str, *, digits: int = 12, decimals: int = DECIMALS) -> Decimal | None:
    """Parse a non-negative number with at most ``digits`` digits before the point and ``decimals`` after it.

    Accepts ``1200.50`` and ``1,200.50``, without exponent or sign; None for any other text."""
    text = text.strip()
    if len(text) > 2 * (digits + decimals):
        return None
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    match = _PLAIN.fullmatch(text)
    if match is None or len(match[1].lstrip("0")) > digits or len(match[2] or "") > decimals:
        return None
    return Decimal(text)
