"""Write tables as CSV or XLSX files row by row, so that a million rows need little memory.

In CSV, a text that a spreadsheet would run as a formula gets a leading apostrophe. In a workbook, texts are typed as
texts."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from django.utils import timezone

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

type Cell = str | int | Decimal | datetime | date | None
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"
"""Marks a CSV file as UTF-8 for spreadsheets."""
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE = "text/csv; charset=utf-8"
MAX_WORKBOOK_ROWS = 1_048_575
"""Rows of a sheet, without its heading."""
_WIDTH = 18


def write_csv(out: IO[str], head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write heading and rows; return the number of rows. Times include their offset from UTC."""
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow(head)
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007  # the last value is the count
        writer.writerow([_as_text(cell) for cell in row])
    return count


def _as_text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:f}"
        case datetime():
            return timezone.localtime(cell).isoformat(sep=" ", timespec="seconds")
        case str():
            return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
        case _:
            return str(cell)


def write_workbook(
    path: Path, head: Sequence[str], rows: Iterable[Sequence[Cell]], *, name: str = "", digits: int = 2
) -> int:
    """Write one sheet without formulas, links and macros; return the number of rows. ``digits``: decimal places of
    amounts.

    Times are in the market's time zone, because spreadsheets have none. Raises ``ValueError`` beyond
    ``MAX_WORKBOOK_ROWS``."""
    import xlsxwriter  # takes long to load, and few processes write workbooks

    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    with (
        TemporaryDirectory(dir=path.parent, prefix=".workbook-") as folder,
        xlsxwriter.Workbook(str(path), options | {"tmpdir": folder}) as book,
    ):
        sheet = book.add_worksheet(name[:31] or None)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(head) - 1, 0), _WIDTH)
        formats = {
            "head": book.add_format({"bold": True}),
            "amount": book.add_format({"num_format": "#,##0" + (f".{'0' * digits}" if digits else "")}),
            "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for column, words in enumerate(head):
            sheet.write_string(0, column, words, formats["head"])
        count = 0
        for count, row in enumerate(rows, start=1):
            if count > MAX_WORKBOOK_ROWS:
                raise ValueError("a workbook cannot hold this many rows")
            for column, cell in enumerate(row):
                _write_cell(sheet, count, column, cell, formats)
        return count


def _write_cell(sheet: Worksheet, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    match cell:
        case None | "":
            return
        case str():
            sheet.write_string(row, column, cell)
        case Decimal():
            sheet.write_number(row, column, float(cell), formats["amount"])
        case datetime():
            sheet.write_datetime(row, column, timezone.localtime(cell).replace(tzinfo=None), formats["moment"])
        case date():
            sheet.write_datetime(row, column, cell, formats["day"])
        case _:
            sheet.write_number(row, column, cell)
