"""Numbers in received messages: a JSON number, or the same in quotes (saas-v2 §3.2 and §11, 25)."""

from __future__ import annotations

import re
from decimal import Decimal

MAX_TEXT_LENGTH = 40
"""Maximum characters of a number in a text."""
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
"""The format of JSON, and of Java for numbers from 10⁷: ``1.0E7``."""


def decimal_of(value: object) -> Decimal | None:
    """Return the finite number that ``value`` is or contains as text; None for a boolean, ``1_0``, digits of other
    scripts or blanks."""
    match value:
        case bool():
            return None
        case int() | Decimal():
            number = Decimal(value)
        case float():
            number = Decimal(str(value))
        case str() if len(value) <= MAX_TEXT_LENGTH and _NUMBER.fullmatch(value):
            number = Decimal(value)
        case _:
            return None
    return number if number.is_finite() else None
