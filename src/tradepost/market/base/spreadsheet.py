"""Read an uploaded spreadsheet (XLSX) as untrusted input.

A spreadsheet is a ZIP of XML. The reader library allocates all cells between the first and the last one, so a file
with two cells could exhaust the memory. So every part is unpacked here within limits and parsed once. The library
receives only XML parts within the limits of rows and columns."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from xml.parsers import expat

from msgspec import Struct
from python_calamine import CalamineError, CalamineWorkbook

MAX_ROWS, MAX_COLUMNS, MAX_PARTS = 2000, 64, 200
MAX_UNPACKED_BYTES = 8 * 1024 * 1024


class Bounds(Struct, frozen=True):
    """Limits: rows of a sheet, and the unpacked size of the file in bytes."""

    rows: int = MAX_ROWS
    unpacked: int = MAX_UNPACKED_BYTES


_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


DEFAULT_BOUNDS = Bounds()


class Unreadable(Exception):  # control flow, not an error
    """Not a spreadsheet, or beyond the limits."""


def rows_of(raw: bytes, bounds: Bounds = DEFAULT_BOUNDS) -> list[list[object]]:
    """Return the cells of the first sheet, from its first row and column on. Raises ``Unreadable``."""
    try:
        harmless = io.BytesIO(_sanitise(raw, bounds))
    except _BROKEN:
        raise Unreadable from None
    try:
        sheet = CalamineWorkbook.from_filelike(harmless).get_sheet_by_index(0)
        return [list(row) for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, OSError, ValueError, IndexError, LookupError):
        raise Unreadable from None
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":  # a panic in the library's Rust code; the class cannot be imported
            raise
        raise Unreadable from None


def _sanitise(raw: bytes, bounds: Bounds) -> bytes:
    """Return the archive reduced to the XML parts within the limits."""
    buffer = io.BytesIO()
    bytes_left = bounds.unpacked
    with zipfile.ZipFile(io.BytesIO(raw)) as archive, zipfile.ZipFile(buffer, "w") as output:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or len({part.filename for part in parts}) < len(parts):
            raise Unreadable
        for part in parts:
            with archive.open(part) as member:
                content = member.read(bytes_left + 1)
            bytes_left -= len(content)
            if bytes_left < 0:
                raise Unreadable
            if _is_xml(content, bounds.rows):
                output.writestr(part.filename, content)
    return buffer.getvalue()


def _is_xml(content: bytes, most_rows: int) -> bool:
    """Return False for other parts, such as pictures. Raises ``Unreadable`` for XML with cells beyond the limits or
    with entities."""
    parser = expat.ParserCreate(
        "utf-8", "\n"
    )  # ignore the declared encoding: with UTF-16 the library would see other cells
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
    """Tracks the position of rows and cells as readers do: by reference, or the next position."""

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
        if self.row > self.most_rows or self.column > MAX_COLUMNS:
            raise Unreadable

    def _cell(self, reference: str) -> None:
        if not reference:
            self.column += 1
            return
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise Unreadable
        self.column, self.row = _column(match[1].upper()), int(match[2])


def _number(text: str, default: int) -> int:
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,7}", text):
        raise Unreadable
    return int(text)


def _column(letters: str) -> int:
    """Return the number of a column: A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
