"""Rows of a spreadsheet (XLSX) that somebody handed in, without trusting it.

A spreadsheet is a ZIP of XML. The reader behind this makes room for all cells between the first and the last one, so that a file of
two cells could take the whole memory. So every part is unpacked here within bounds and parsed once; the reader gets the parts that
are XML and keep within rows and columns, and no others.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from xml.parsers import expat

from msgspec import Struct
from python_calamine import CalamineError, CalamineWorkbook

MOST_ROWS, MOST_COLUMNS, MOST_PARTS = 2000, 64, 200
MOST_UNPACKED = 8 * 1024 * 1024


class Bounds(Struct, frozen=True):
    """Of a sheet, and of all that the file unpacks to, in bytes."""

    rows: int = MOST_ROWS
    unpacked: int = MOST_UNPACKED


_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


USUAL = Bounds()


class Unreadable(Exception):  # it is no error
    """No spreadsheet, or one beyond the bounds."""


def rows_of(raw: bytes, bounds: Bounds = USUAL) -> list[list[object]]:
    """The cells of the first sheet, from its first row and column on. Raises ``Unreadable``."""
    try:
        harmless = io.BytesIO(_harmless(raw, bounds))
    except _BROKEN:
        raise Unreadable from None
    try:
        sheet = CalamineWorkbook.from_filelike(harmless).get_sheet_by_index(0)
        return [list(row) for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, OSError, ValueError, IndexError, LookupError):
        raise Unreadable from None
    except BaseException as panic:
        if (
            type(panic).__name__ != "PanicException"
        ):  # what a fault in the reader's Rust becomes; it has no name to import
            raise
        raise Unreadable from None


def _harmless(raw: bytes, bounds: Bounds) -> bytes:
    """The same archive with those parts alone that are XML within bounds."""
    kept = io.BytesIO()
    left = bounds.unpacked
    with zipfile.ZipFile(io.BytesIO(raw)) as archive, zipfile.ZipFile(kept, "w") as made:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or len({part.filename for part in parts}) < len(parts):
            raise Unreadable
        for part in parts:
            with archive.open(part) as member:
                content = member.read(left + 1)
            left -= len(content)
            if left < 0:
                raise Unreadable
            if _is_xml(content, bounds.rows):
                made.writestr(part.filename, content)
    return kept.getvalue()


def _is_xml(content: bytes, most_rows: int) -> bool:
    """False for other parts, such as pictures. Raises ``Unreadable`` for XML that says where cells are beyond the bounds, or
    defines entities."""
    parser = expat.ParserCreate("utf-8", "\n")  # whatever it says of itself: in UTF-16 the reader would see other cells
    parser.StartElementHandler = _Cells(most_rows).begin
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        return False
    return True


def _refuse(*_doctype: object) -> None:
    raise Unreadable


class _Cells:
    """Where the next row and the next cell are, as readers count them: by their reference, or one further."""

    def __init__(self, most_rows: int) -> None:
        self.row = self.column = 0
        self.most_rows = most_rows

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        match name.rpartition("\n")[2]:
            case "row":
                self.row, self.column = _number(attributes.get("r", ""), self.row + 1), 0
            case "c":
                self._cell(attributes.get("r", ""))
            case _:
                return
        if self.row > self.most_rows or self.column > MOST_COLUMNS:
            raise Unreadable

    def _cell(self, reference: str) -> None:
        if not reference:
            self.column += 1
            return
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise Unreadable
        self.column, self.row = _column(found[1].upper()), int(found[2])


def _number(text: str, otherwise: int) -> int:
    if not text:
        return otherwise
    if not re.fullmatch(r"[0-9]{1,7}", text):
        raise Unreadable
    return int(text)


def _column(letters: str) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
