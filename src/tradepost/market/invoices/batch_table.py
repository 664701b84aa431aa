"""The table of a batch, as CSV or spreadsheet. Rows become lines without database access."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.spreadsheet import Unreadable, rows_of
from tradepost.market.base.table_cells import cell_text, decoded, is_rounded

from .models import Invoice

CSV, XLSX = "invoices.csv", "invoices.xlsx"
TABLES = (CSV, XLSX)
MAX_LINES = 200
MAX_TABLE_BYTES = 256 * 1024
"""Maximum bytes of the table; a spreadsheet is compressed."""
_MAX_CELL = 200
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "application": ("application", "申请编号"),
    "number": ("number", "发票号码"),
    "file": ("file", "文件名"),
    "carrier": ("carrier", "快递公司"),
    "parcel": ("parcel", "快递单号"),
}
"""Column names in the table's first row, in any order; the last three are optional."""


class Line(Struct, frozen=True, kw_only=True):
    """A line of the table with its result. ``at``: row number, from 1."""

    at: int
    application: str = ""
    number: str = ""
    file: str = ""
    carrier: str = ""
    parcel: str = ""
    invoice: Invoice | None = None
    wrong: str = ""
    issued: bool = False


def read_csv(raw: bytes) -> list[Line]:
    """Read UTF-8 or GBK. Raises ``Refused`` (field ``batch``)."""
    text = _decoded(raw)
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        raise invalid_table(_("The table cannot be read. Save it as CSV.")) from None
    return _lines(rows)


def _decoded(raw: bytes) -> str:
    text = decoded(raw)
    if text is None:
        raise invalid_table(_("The table is neither UTF-8 nor GBK."))
    return text


def read_xlsx(raw: bytes) -> list[Line]:
    """Read the first sheet. Raises ``Refused`` (field ``batch``)."""
    try:
        return _lines(rows_of(raw))
    except Unreadable:
        raise invalid_table(
            _(
                "The spreadsheet cannot be read. Save it as XLSX without a password and with only these columns, "
                "or as CSV."
            )
        ) from None


def _lines(rows: Iterable[Sequence[object]]) -> list[Line]:
    filled_rows = [(at, row) for at, row in enumerate(rows, start=1) if any(cell_text(cell) for cell in row)]
    columns = _columns(cell_text(cell) for cell in filled_rows[0][1]) if filled_rows else {}
    if not {"application", "number"} <= set(columns.values()):
        raise invalid_table(_("The first row of the table must name its columns: at least application and number."))
    if len(filled_rows) - 1 > MAX_LINES:
        raise invalid_table(_("A batch has at most %(most)s invoices.") % {"most": MAX_LINES})
    return [_line(at, row, columns) for at, row in filled_rows[1:]]


def _line(row_number: int, row: Sequence[object], columns: Mapping[int, str]) -> Line:
    cells = {columns[index]: cell for index, cell in enumerate(row) if index in columns}
    texts = {name: cell_text(cell)[:_MAX_CELL] for name, cell in cells.items()}
    rounded_text = next((texts[name] for name, cell in cells.items() if is_rounded(cell)), "")
    error = (
        _("The spreadsheet has rounded the number %(number)s: format the column as text, then enter the number again.")
        % {"number": rounded_text}
        if rounded_text
        else ""
    )
    return Line(at=row_number, wrong=error, **texts)  # type: ignore[arg-type]  # the columns are fields


def _columns(heading: Iterable[str]) -> dict[int, str]:
    """Return the field of each column; of repeated names, the first."""
    columns: dict[int, str] = {}
    for index, cell in enumerate(heading):
        name = next((name for name, words in COLUMNS.items() if cell.lower() in words), "")
        if name and name not in columns.values():
            columns[index] = name
    return columns


def invalid_table(words: str) -> Refused:
    return Refused("invoice_batch.table", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="batch")
