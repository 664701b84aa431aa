"""The ZIP file with a copy of a person's data: a README in both languages, a table and a JSON file per subject, and
documents.

Rows are written one by one, so memory use does not grow with them. Subjects without rows have no files."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation
from msgspec import Struct

from tradepost.market.base.personal import Exported, Person
from tradepost.market.base.table_files import Cell, write_csv
from tradepost.market.branding import face

from .headings import heading
from .person_rows import BATCH, Column, Row, columns, rows

LANGUAGES = ("zh-hans", "en")
FILE = "file"
"""Key of the column with the name of a row's document in the archive."""
MAX_NAME = 100
_INVALID_NAME_CHARACTERS = re.compile(r"[^\w.()\-]+")


class Source(Struct, frozen=True, kw_only=True):
    """``files``: the files folder. ``aside``: a folder for temporary files.

    ``begin`` receives the number of completed subjects. It and ``go_on``, which is called between rows, may raise an
    exception to stop."""

    person: Person
    files: Path
    aside: Path
    begin: Callable[[int], None]
    go_on: Callable[[], None]
    now: datetime


def write(path: Path, exported: Sequence[Exported], source: Source) -> dict[str, int]:
    """Write the archive, with tables in the active language. Return the number of rows per subject."""
    counts: dict[str, int] = {}
    with ZipFile(path, "w") as archive:
        for done_count, declaration in enumerate(exported):
            source.begin(done_count)
            counts[declaration.name] = _write_subject(archive, declaration, source)
        _add_text(archive, "manifest.json", _manifest(exported, counts, source), source.now)
        _add_text(archive, "README.txt", _readme(exported, counts, source), source.now)
    return counts


def _write_subject(archive: ZipFile, declaration: Exported, source: Source) -> int:
    """Write both files to temporary files first: an archive accepts one file at a time, and the rows' documents come
    before."""
    table_columns = columns(declaration)
    head = [heading(column.path) for column in table_columns] + ([heading(FILE)] if declaration.files else [])
    with _temporary_file(source) as table, _temporary_file(source) as data:
        count = write_csv(table, head, _lines(archive, declaration, table_columns, data, source))
        if count:
            data.write("\n]\n")
            _add_file(archive, f"tables/{declaration.name}.csv", table, source.now)
            _add_file(archive, f"json/{declaration.name}.json", data, source.now)
    return count


def _lines(
    archive: ZipFile, declaration: Exported, table_columns: Sequence[Column], data: IO[str], source: Source
) -> Iterator[list[Cell]]:
    """Yield the cells of each row, and write its JSON and document."""
    for count, row in enumerate(rows(declaration, source.person)):
        if count % BATCH == 0:
            source.go_on()
        values = {name: value for column in table_columns for name, value in column.values(row).items()}
        cells = [column.cell(row) for column in table_columns]
        if declaration.files:
            values[FILE] = _add_document(archive, declaration, row, source)
            cells.append(values[FILE])
        data.write(",\n" if count else "[\n")
        data.write(json.dumps(values, ensure_ascii=False, default=_plain))
        yield cells


def _add_document(archive: ZipFile, declaration: Exported, row: Row, source: Source) -> str:
    """Return the name in the archive; empty if the row has no document, or the file is no longer kept."""
    if declaration.files is None or not row[declaration.files.sha256]:
        return ""
    path = declaration.files.folder(source.files).path(row[declaration.files.sha256])
    if not path.exists():
        return ""
    name = f"files/{declaration.name}/{row['pk']}-{_INVALID_NAME_CHARACTERS.sub('_', row[declaration.files.name])[-MAX_NAME:]}"
    info = _info(name, source.now)
    info.compress_type = ZIP_STORED  # PDFs and pictures are already compressed
    with path.open("rb") as content, archive.open(info, "w", force_zip64=True) as target:
        shutil.copyfileobj(content, target)
    return name


def _manifest(exported: Sequence[Exported], counts: dict[str, int], source: Source) -> str:
    subjects = [
        {"name": declaration.name, "title": str(declaration.title), "rows": counts[declaration.name]}
        for declaration in exported
    ]
    facts = {"format": 1, "customer_id": source.person.customer_id, "created_at": source.now, "subjects": subjects}
    return json.dumps(facts, ensure_ascii=False, indent=2, default=_plain) + "\n"


def _readme(exported: Sequence[Exported], counts: dict[str, int], source: Source) -> str:
    parts = []
    for language in LANGUAGES:
        with translation.override(language):
            context = {
                "market": face.current().name, "person": source.person, "at": timezone.localtime(source.now).isoformat(" ", "seconds"),
                "subjects": [(declaration.title, declaration.name, counts[declaration.name]) for declaration in exported],
            }  # fmt: skip
            parts.append(render_to_string("personal_data/readme.txt", context).strip())
    return "\n\n--------\n\n".join(parts) + "\n"


def _plain(value: Any) -> str:
    """Convert types that JSON does not have."""
    return value.isoformat() if isinstance(value, (datetime, date)) else str(value)


def _temporary_file(source: Source) -> IO[str]:
    """Return an anonymous temporary file, of which nothing remains if the worker dies."""
    return TemporaryFile("w+", dir=source.aside, encoding="utf-8", newline="")


def _add_file(archive: ZipFile, name: str, text: IO[str], now: datetime) -> None:
    text.seek(0)
    with archive.open(_info(name, now), "w", force_zip64=True) as target:
        shutil.copyfileobj(text, TextIOWrapper(target, encoding="utf-8", newline="", write_through=True))


def _add_text(archive: ZipFile, name: str, text: str, now: datetime) -> None:
    archive.writestr(_info(name, now), text.encode())


def _info(name: str, now: datetime) -> ZipInfo:
    info = ZipInfo(name, date_time=timezone.localtime(now).timetuple()[:6])
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info
