"""Cells of tables that people hand in, as CSV or as a spreadsheet: what they say, as a person reads it."""

from __future__ import annotations

from datetime import date, datetime

_EXACT = 10**15
"""From here on a spreadsheet keeps numbers without their last digits."""
ENCODINGS = ("utf-8-sig", "gb18030")
"""As Excel saves CSV in China."""


def decoded(raw: bytes) -> str | None:
    """The text of a CSV file, UTF-8 or GBK; None for neither."""
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def cell_text(cell: object) -> str:
    """Whole numbers without a point, days without a time."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime) and cell.time() == datetime.min.time():
        cell = cell.date()
    return (cell.isoformat() if isinstance(cell, date) else str(cell)).strip()


def is_rounded(cell: object) -> bool:
    """Whether a spreadsheet has lost the end of a number."""
    return isinstance(cell, int | float) and abs(cell) >= _EXACT
