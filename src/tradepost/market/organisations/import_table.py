"""The table of members that an administrator hands in, as CSV or as a spreadsheet: its rows become lines, one after the other.
Nothing is looked up here."""

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
"""A larger table comes as CSV: a spreadsheet unpacks to twenty times its size."""
LONGEST_CELL = 1000
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
"""How the first line of the table may name them, in any order and in any case; the first two must be there."""


class Line(Struct, frozen=True, kw_only=True):
    """``at``: its number in the table, from 1, as a spreadsheet counts. ``said``: by column, without what is empty. ``rounded``: a
    number that the spreadsheet has cut."""

    at: int
    said: Mapping[str, str]
    rounded: str = ""


class Table(Struct, frozen=True):
    """``unread``: headings that mean nothing here. ``lines`` can be gone through once."""

    unread: tuple[str, ...]
    lines: Iterator[Line]


def read_table(raw: bytes) -> Table:
    """What it is is seen by its first bytes, whatever its name. Raises ``Refused``, also while its lines are gone through."""
    rows: Iterable[Sequence[object]] = _of_spreadsheet(raw) if raw.startswith(_ZIP) else _of_csv(raw)
    numbered = enumerate(rows, start=1)
    for _at, row in numbered:
        heading = [cell_text(cell) for cell in row]
        if any(heading):
            break
    else:
        heading = []
    columns = _columns(heading)
    if not {"user_name", "name"} <= set(columns.values()):
        raise wrong_table(_("The first line of the table names its columns: account name and name at least."))
    unread = tuple(cell[:64] for n, cell in enumerate(heading) if cell and n not in columns)
    return Table(unread[:20], _lines(numbered, columns))


def _of_spreadsheet(raw: bytes) -> list[list[object]]:
    try:
        return rows_of(raw, SPREADSHEET)
    except Unreadable:
        words = _(
            "This is no spreadsheet that can be read. Save it as XLSX without a password, with at most %(most)s lines, or as CSV."
        )
        raise wrong_table(words % {"most": SPREADSHEET.rows - 1}) from None


def _of_csv(raw: bytes) -> Iterator[list[str]]:
    text = decoded(raw)
    if text is None or "\0" in text:
        raise wrong_table(_("The table is neither a spreadsheet (XLSX) nor CSV in UTF-8 or GBK."))
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error:
        raise wrong_table(_("This is no table that can be read: save it as CSV again.")) from None


def _columns(heading: Iterable[str]) -> dict[int, str]:
    """Which column is what; the first one of a name counts."""
    found: dict[int, str] = {}
    for n, cell in enumerate(heading):
        said = " ".join(cell.casefold().split())
        name = next((name for name, words in COLUMNS.items() if said in words), "")
        if name and name not in found.values():
            found[n] = name
    return found


def _lines(numbered: Iterator[tuple[int, Sequence[object]]], columns: Mapping[int, str]) -> Iterator[Line]:
    for at, row in numbered:
        cells = {columns[n]: cell for n, cell in enumerate(row) if n in columns}
        said = {name: text[:LONGEST_CELL] for name, cell in cells.items() if (text := cell_text(cell))}
        if said:
            rounded = next((said[name] for name, cell in cells.items() if name in said and is_rounded(cell)), "")
            yield Line(at=at, said=said, rounded=rounded)


def wrong_table(words: str) -> Refused:
    return Refused("enterprise_import.table", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="table")
