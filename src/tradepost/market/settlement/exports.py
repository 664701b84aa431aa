"""A statement as a table for other programs: CSV, and a workbook (business-rules §8.4). Pure, but for the writing.

Text that a spreadsheet takes for a formula stands as text.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO, StringIO

from msgspec import Struct

type Cell = str | Decimal
RUNS = ("=", "+", "-", "@", "\t", "\r")
"""What text begins with that runs."""
MARK = "\ufeff"
"""By which spreadsheets know UTF-8."""


class Table(Struct, frozen=True):
    """Headings and rows; amounts are numbers in main units, everything else is text. ``name``: of the sheet, and of the file."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    digits: int = 2
    """Decimal places of amounts."""


def as_csv(table: Table) -> str:
    out = StringIO()
    out.write(MARK)
    writer = csv.writer(out)
    writer.writerow(table.head)
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return out.getvalue()


def _plain(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return f"'{cell}" if cell.startswith(RUNS) else cell


def as_workbook(table: Table) -> bytes:
    """One sheet; nothing in it is a formula, a link or a macro."""
    import xlsxwriter  # takes long to load, and few processes write workbooks

    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(table.name[:31])
        bold = book.add_format({"bold": True})
        amount = book.add_format({"num_format": "#,##0" + (f".{'0' * table.digits}" if table.digits else "")})
        for column, words in enumerate(table.head):
            sheet.write_string(0, column, words, bold)
        for at, row in enumerate(table.rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, Decimal):
                    sheet.write_number(at, column, float(cell), amount)
                else:
                    sheet.write_string(at, column, cell)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(table.head) - 1, 18)
    return out.getvalue()
