"""Numbers that somebody typed, or put into an address: bounded before they are read."""

from __future__ import annotations

import re
from decimal import Decimal

DIGITS = 18
"""As many always fit a column of 64 bits. Python itself refuses to read more than 4,300 with an error."""
DECIMALS = 8
_PLAIN = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


def whole_number(text: str, *, digits: int = DIGITS) -> int | None:
    """The number that ``text`` says in at most so many ``digits``; None when it is none, or longer."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= digits else None


def decimal_number(text: str, *, digits: int = 12, decimals: int = DECIMALS) -> Decimal | None:
    """The number from zero on that ``text`` says, with at most so many digits before and after the point, such as ``1200.50``
    or ``1,200.50``; None when it is none, or longer. No exponent, no sign: nobody types a price so."""
    text = text.strip()
    if len(text) > 2 * (digits + decimals):
        return None
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    found = _PLAIN.fullmatch(text)
    if found is None or len(found[1].lstrip("0")) > digits or len(found[2] or "") > decimals:
        return None
    return Decimal(text)
