"""Issue many invoices from a ZIP with files and a table that assigns them to applications (business-rules §6.2).

All lines are validated first and report their errors. Valid ones are issued when the seller confirms, each in its own
transaction. Nothing is extracted to paths from the ZIP, and reads are limited to the maximum file size.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import IO

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.inside import InsideLimits, inspect_file
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.files import Files
from tradepost.market.base.values import replace
from tradepost.market.identity.models import Seller, User

from .batch_table import MAX_LINES, MAX_TABLE_BYTES, TABLES, XLSX, Line, invalid_table, read_csv, read_xlsx
from .invoice_files import InvoiceFile, read_file
from .issue import IssueData, approve, check, issue
from .models import Invoice

MAX_UNPACKED = 400 * 1024 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


class Bounds(Struct, frozen=True, kw_only=True):
    """``file_bytes``: per invoice; ``batch_bytes``: of the ZIP."""

    file_bytes: int
    batch_bytes: int


def run(
    content: IO[bytes], *, seller: Seller, by: User, files: Files, bounds: Bounds, issues: bool, now: datetime
) -> list[Line]:
    """Validate each line and, with ``issues``, issue the valid ones. Raises ``Refused`` (field ``batch``) for an
    invalid ZIP."""
    data = content.read(bounds.batch_bytes + 1)
    if len(data) > bounds.batch_bytes:
        raise too_large(bounds.batch_bytes)
    with _opened(data) as archive:
        lines = _lines(archive)
        matching = Invoice.objects.filter(seller=seller, number__in={line.application for line in lines})
        invoices = {invoice.number: invoice for invoice in matching}
        counts = {
            column: Counter(getattr(line, column) for line in lines if getattr(line, column))
            for column in ("application", "number", "file")
        }
        results = []
        for line in lines:
            repeated_column = next((column for column in counts if counts[column][getattr(line, column)] > 1), "")
            matched_line = replace(line, invoice=invoices.get(line.application))
            results.append(
                _process(
                    matched_line, archive, repeated_column, by=by, files=files, bounds=bounds, issues=issues, now=now
                )
            )
    return results


def _process(
    line: Line, archive: zipfile.ZipFile, repeated_column: str, *, by: User, files: Files, bounds: Bounds, issues: bool, now: datetime
) -> Line:  # fmt: skip
    if line.wrong:
        return line
    if line.invoice is None:
        return replace(line, wrong=_("You have no application with this number."))
    if repeated_column:
        return replace(
            line, wrong=_("“%(what)s” appears on more than one line.") % {"what": getattr(line, repeated_column)}
        )
    try:
        file = None if line.invoice.type.on_paper else _file(archive, line.file, bounds)
        issue_data = IssueData(
            by=by, number=line.number, files=files, file=file, carrier=line.carrier, parcel=line.parcel
        )
        if issues:
            _issue(line.invoice, issue_data, now)
        else:
            check(line.invoice, issue_data)
    except IllegalTransition:
        return replace(line, wrong=_("This application no longer needs an invoice."))
    except Refused as refusal:
        return replace(line, wrong=refusal.message)
    return replace(line, issued=issues)


def _issue(invoice: Invoice, issue_data: IssueData, now: datetime) -> None:
    """Issue the invoice; an application under review is approved with it."""
    with transaction.atomic():
        if invoice.status == Invoice.Status.REVIEW:
            approve(invoice, by=issue_data.by, now=now)
        issue(invoice, issue_data, now=now)


def _file(archive: zipfile.ZipFile, name: str, bounds: Bounds) -> InvoiceFile | None:
    if not name:
        return None
    info = next((entry for entry in archive.infolist() if _name(entry) == name and not entry.is_dir()), None)
    if info is None:
        raise Refused("invoice_batch.file", _("The ZIP contains no file “%(name)s”.") % {"name": name})
    with _readable(), archive.open(info) as member:
        return read_file(member, name=name, most_bytes=bounds.file_bytes)


def _name(info: zipfile.ZipInfo) -> str:
    """Return the name without its folder. Names without the UTF-8 flag are read as GBK."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("gb18030")
    return PurePosixPath(name).name


# --- ZIP and table ---


@contextmanager
def _opened(data: bytes) -> Iterator[zipfile.ZipFile]:
    limits = InsideLimits(depth=2, files=2 * MAX_LINES + 100, unpacked=MAX_UNPACKED, seconds=20.0)
    with tempfile.NamedTemporaryFile() as temporary:
        temporary.write(data)
        temporary.flush()
        inspection = inspect_file(Path(temporary.name), "zip", limits=limits, executables=True, go_on=_continue)
    if not inspection.whole:
        raise _refused("zip", _("The ZIP file cannot be inspected, or its unpacked contents are too large."))
    with _readable():
        archive = zipfile.ZipFile(io.BytesIO(data))
    with archive:
        yield archive


def _continue() -> None:
    """Continue always; the limits end the inspection."""


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except _BROKEN:
        raise _refused("zip", _("The ZIP file cannot be inspected, or its unpacked contents are too large.")) from None


def _lines(archive: zipfile.ZipFile) -> list[Line]:
    tables = [entry for entry in archive.infolist() if _name(entry).lower() in TABLES and not entry.is_dir()]
    if not tables:
        raise invalid_table(_("The ZIP contains no table. Add %(names)s.") % {"names": _quoted(TABLES)})
    if len(tables) > 1:
        words = _("The ZIP contains more than one table. Keep only one of %(names)s.")
        raise invalid_table(words % {"names": _quoted(_name(entry) for entry in tables)})
    with _readable(), archive.open(tables[0]) as member:
        raw = member.read(MAX_TABLE_BYTES + 1)
    if len(raw) > MAX_TABLE_BYTES:
        raise invalid_table(_("The table is too long."))
    return read_xlsx(raw) if _name(tables[0]).lower() == XLSX else read_csv(raw)


def _quoted(names: Iterable[str]) -> str:
    return _(" or ").join(f"“{name[:64]}”" for name in names)


def too_large(most_bytes: int) -> Refused:
    return _refused("too_large", _("The file is larger than %(most)s MB.") % {"most": f"{most_bytes / 1_048_576:g}"})


def _refused(code: str, words: str) -> Refused:
    return Refused(f"invoice_batch.{code}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="batch")
