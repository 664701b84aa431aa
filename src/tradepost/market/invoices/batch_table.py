"""The table of a batch: which file is which invoice, as CSV or as a spreadsheet. Rows become lines; nothing is looked up here."""

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
MOST_LINES = 200
LONGEST_TABLE = 256 * 1024
"""Bytes of either; a spreadsheet is packed."""
_LONGEST_CELL = 200
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "application": ("application", "申请编号"),
    "number": ("number", "发票号码"),
    "file": ("file", "文件名"),
    "carrier": ("carrier", "快递公司"),
    "parcel": ("parcel", "快递单号"),
}
"""How the first line of the table may name them, in any order; the last three only where they are needed."""


class Line(Struct, frozen=True, kw_only=True):
    """One line of the table, and what became of it. ``at``: its number in the table, from 1."""

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
    """UTF-8 or GBK. Raises ``Refused`` (field ``batch``)."""
    text = _decoded(raw)
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        raise wrong_table(_("This is no table that can be read: save it as CSV.")) from None
    return _lines(rows)


def _decoded(raw: bytes) -> str:
    text = decoded(raw)
    if text is None:
        raise wrong_table(_("The table is neither UTF-8 nor GBK."))
    return text


def read_xlsx(raw: bytes) -> list[Line]:
    """Its first sheet. Raises ``Refused`` (field ``batch``)."""
    try:
        return _lines(rows_of(raw))
    except Unreadable:
        raise wrong_table(
            _(
                "This is no spreadsheet that can be read: save it as XLSX without a password, with these columns alone, or as CSV."
            )
        ) from None


def _lines(rows: Iterable[Sequence[object]]) -> list[Line]:
    filled = [(at, row) for at, row in enumerate(rows, start=1) if any(cell_text(cell) for cell in row)]
    columns = _columns(cell_text(cell) for cell in filled[0][1]) if filled else {}
    if not {"application", "number"} <= set(columns.values()):
        raise wrong_table(_("The first line of the table names its columns: application and number at least."))
    if len(filled) - 1 > MOST_LINES:
        raise wrong_table(_("A batch has at most %(most)s invoices.") % {"most": MOST_LINES})
    return [_line(at, row, columns) for at, row in filled[1:]]


def _line(at: int, row: Sequence[object], columns: Mapping[int, str]) -> Line:
    cells = {columns[n]: cell for n, cell in enumerate(row) if n in columns}
    said = {name: cell_text(cell)[:_LONGEST_CELL] for name, cell in cells.items()}
    rounded = next((said[name] for name, cell in cells.items() if is_rounded(cell)), "")
    wrong = (
        _("The spreadsheet has rounded the number %(number)s: format the column as text, then enter the number again.")
        % {"number": rounded}
        if rounded
        else ""
    )
    return Line(at=at, wrong=wrong, **said)  # type: ignore[arg-type]  # the columns are fields


def _columns(heading: Iterable[str]) -> dict[int, str]:
    """Which column is what; the first one of a name counts."""
    found: dict[int, str] = {}
    for n, cell in enumerate(heading):
        name = next((name for name, words in COLUMNS.items() if cell.lower() in words), "")
        if name and name not in found.values():
            found[n] = name
    return found


def wrong_table(words: str) -> Refused:
    return Refused("invoice_batch.table", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="batch")
