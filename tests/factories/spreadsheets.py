"""Spreadsheets as programs save them, and invalid ones. They are ZIP parts written here: no library of the project
writes XLSX.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def sheet_xml(cells: str) -> str:
    return f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>'


def rows_xml(rows: Iterable[Sequence[object]]) -> str:
    """Return rows with inline strings and numbers. None leaves a cell out."""
    made = []
    for at, row in enumerate(rows, start=1):
        cells = "".join(_cell(f"{chr(65 + n)}{at}", value) for n, value in enumerate(row) if value is not None)
        made.append(f'<row r="{at}">{cells}</row>')
    return "".join(made)


def _cell(where: str, value: object) -> str:
    if isinstance(value, int | float):
        return f'<c r="{where}"><v>{value}</v></c>'
    return f'<c r="{where}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def spreadsheet(rows: Iterable[Sequence[object]] = (), *, sheet: str | bytes = "", **parts: bytes) -> bytes:
    """Return an XLSX with one sheet. ``sheet``: its XML instead of ``rows``. ``parts``: more members, whose names end
    in .bin."""
    made = io.BytesIO()
    members: Mapping[str, str | bytes] = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="发票" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet or sheet_xml(rows_xml(rows)),
        **{f"xl/{name}.bin": content for name, content in parts.items()},
    }
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _relation(kind: str, target: str) -> str:
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )
