"""Whole numbers that somebody typed, or put into an address: bounded before they are read."""

from __future__ import annotations

DIGITS = 18
"""As many always fit a column of 64 bits. Python itself refuses to read more than 4,300 with an error."""


def whole_number(text: str, *, digits: int = DIGITS) -> int | None:
    """The number that ``text`` says in at most so many ``digits``; None when it is none, or longer."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= digits else None
