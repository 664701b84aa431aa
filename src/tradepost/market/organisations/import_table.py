"""Parse a table of members from CSV or a spreadsheet into lines. No look-ups."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.spreadsheet import Bounds, Unreadable, rows_of
from tradepost.market.base.table_cells import cell_text, decoded, is_rounded

SPREADSHEET = Bounds(rows=20_001, unpacked=48 * 1024 * 1024)
"""Larger tables must be CSV: a spreadsheet unpacks to twenty times its size."""
MAX_CELL_LENGTH = 1000
_ZIP = b"PK\x03\x04"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "user_name": ("account name", "account", "账号", "账号名", "用户名"),
    "name": ("name", "姓名"),
    "department": ("department", "部门", "部门编码", "部门编号"),
    "role": ("role", "角色"),
    "position": ("position", "职位", "岗位"),
    "employee_code": ("employee code", "employee number", "工号"),
    "employee_type": ("employment", "employee type", "用工类型", "员工类型"),
    "mobile": ("mobile", "手机", "手机号", "手机号码"),
    "email": ("e-mail", "email", "邮箱", "电子邮箱"),
    "work_place": ("work place", "工作地点", "办公地点"),
    "entry_date": ("entry date", "入职日期", "入职时间"),
}
"""Accepted headings in the first line, in any order and case; the first two columns are required."""


class Line(Struct, frozen=True, kw_only=True):
    """``at``: line number in the table, from 1. ``cells``: texts by column, without empty ones. ``rounded``: a number
    whose digits the spreadsheet lost."""

    at: int
    cells: Mapping[str, str]
    rounded: str = ""


class Table(Struct, frozen=True):
    """``unread``: headings that are ignored. ``lines``: a single-use iterator."""

    unread: tuple[str, ...]
    lines: Iterator[Line]


def read_table(raw: bytes) -> Table:
    """Read a table; its first bytes determine the format. Raises ``Refused``, also while the lines are iterated."""
    rows: Iterable[Sequence[object]] = _spreadsheet_rows(raw) if raw.startswith(_ZIP) else _csv_rows(raw)
    numbered_rows = enumerate(rows, start=1)
    for _number, row in numbered_rows:
        heading = [cell_text(cell) for cell in row]
        if any(heading):
            break
    else:
        heading = []
    columns = _columns(heading)
    if not {"user_name", "name"} <= set(columns.values()):
        raise invalid_table(_("The first row of the table must name its columns: at least account name and name."))
    unread_columns = tuple(cell[:64] for n, cell in enumerate(heading) if cell and n not in columns)
    return Table(unread_columns[:20], _lines(numbered_rows, columns))


def _spreadsheet_rows(raw: bytes) -> list[list[object]]:
    try:
        return rows_of(raw, SPREADSHEET)
    except Unreadable:
        message = _(
            "The spreadsheet cannot be read. Save it as XLSX without a password and with at most %(most)s lines, "
            "or as CSV."
        )
        raise invalid_table(message % {"most": SPREADSHEET.rows - 1}) from None


def _csv_rows(raw: bytes) -> Iterator[list[str]]:
    text = decoded(raw)
    if text is None or "\0" in text:
        raise invalid_table(_("The table is neither a spreadsheet (XLSX) nor CSV in UTF-8 or GBK."))
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error:
        raise invalid_table(_("The table cannot be read. Save it as CSV again.")) from None


def _columns(heading: Iterable[str]) -> dict[int, str]:
    """Return the position of each known column; the first column of a name counts."""
    positions: dict[int, str] = {}
    for position, cell in enumerate(heading):
        normalised_cell = " ".join(cell.casefold().split())
        name = next((name for name, headings in COLUMNS.items() if normalised_cell in headings), "")
        if name and name not in positions.values():
            positions[position] = name
    return positions


def _lines(numbered_rows: Iterator[tuple[int, Sequence[object]]], columns: Mapping[int, str]) -> Iterator[Line]:
    for row_number, row in numbered_rows:
        cells = {columns[n]: cell for n, cell in enumerate(row) if n in columns}
        texts = {name: text[:MAX_CELL_LENGTH] for name, cell in cells.items() if (text := cell_text(cell))}
        if texts:
            rounded_text = next((texts[name] for name, cell in cells.items() if name in texts and is_rounded(cell)), "")
            yield Line(at=row_number, cells=texts, rounded=rounded_text)


def invalid_table(words: str) -> Refused:
    return Refused("enterprise_import.table", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="table")
