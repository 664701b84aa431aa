"""Convert cells of uploaded tables (CSV or spreadsheet) to the text that a person sees."""

from __future__ import annotations

from datetime import date, datetime

_EXACT = 10**15
"""From this value on, a spreadsheet loses the last digits of a number."""
ENCODINGS = ("utf-8-sig", "gb18030")
"""The encodings in which Excel saves CSV in China."""


def decoded(raw: bytes) -> str | None:
    """Decode a CSV file in UTF-8 or GBK; None if it is in neither."""
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def cell_text(cell: object) -> str:
    """Return the text of a cell: whole numbers without a decimal point, dates without a time."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime) and cell.time() == datetime.min.time():
        cell = cell.date()
    return (cell.isoformat() if isinstance(cell, date) else str(cell)).strip()


def is_rounded(cell: object) -> bool:
    """Return whether a spreadsheet has lost the last digits of a number."""
    return isinstance(cell, int | float) and abs(cell) >= _EXACT
