"""Export a table as CSV or workbook (business-rules §8.4).

Texts that look like formulas are written as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO, StringIO

from msgspec import Struct

from tradepost.market.base.table_files import write_csv

type Cell = str | Decimal


class Table(Struct, frozen=True):
    """A table: amounts are numbers in main units, everything else is text. ``name``: of the sheet and the file."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    digits: int = 2
    """Decimal places of amounts."""


def as_csv(table: Table) -> str:
    buffer = StringIO(newline="")
    write_csv(buffer, table.head, table.rows)
    return buffer.getvalue()


def as_workbook(table: Table) -> bytes:
    """Return a workbook with one sheet, made in memory because some tables contain passwords. It has no formulas, links
    or macros."""
    import xlsxwriter  # slow to import, and few processes write workbooks

    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet(table.name[:31])
        bold = book.add_format({"bold": True})
        amount = book.add_format({"num_format": "#,##0" + (f".{'0' * table.digits}" if table.digits else "")})
        for column, words in enumerate(table.head):
            sheet.write_string(0, column, words, bold)
        for row_number, row in enumerate(table.rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, Decimal):
                    sheet.write_number(row_number, column, float(cell), amount)
                else:
                    sheet.write_string(row_number, column, cell)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(table.head) - 1, 18)
    return buffer.getvalue()
