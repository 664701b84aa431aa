"""Many invoices at once: a ZIP with the files and a table that says which is for which application (business-rules §6.2).

First everything is looked at, and each line is told what is wrong with it; what is right is issued only when its seller says so, each
in a transaction of its own. Nothing of the ZIP is written where a name says, and of one member never more than a file may have is read.
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

from tradepost.market.assets.inside import InsideLimits, look_inside
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.files import Files
from tradepost.market.base.values import replace
from tradepost.market.identity.models import Seller, User

from .batch_table import LONGEST_TABLE, MOST_LINES, TABLES, XLSX, Line, read_csv, read_xlsx, wrong_table
from .invoice_files import InvoiceFile, read_file
from .issue import Issue, approve, check, issue
from .models import Invoice

MOST_UNPACKED = 400 * 1024 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


class Bounds(Struct, frozen=True, kw_only=True):
    """``file_bytes``: of one invoice; ``batch_bytes``: of the ZIP."""

    file_bytes: int
    batch_bytes: int


def run(
    content: IO[bytes], *, seller: Seller, by: User, files: Files, bounds: Bounds, issues: bool, now: datetime
) -> list[Line]:
    """Look at each line and, when ``issues``, issue those that are right. Raises ``Refused`` (field ``batch``) for what is no
    such ZIP."""
    data = content.read(bounds.batch_bytes + 1)
    if len(data) > bounds.batch_bytes:
        raise too_large(bounds.batch_bytes)
    with _opened(data) as archive:
        lines = _lines(archive)
        known = Invoice.objects.filter(seller=seller, number__in={one.application for one in lines})
        invoices = {one.number: one for one in known}
        again = {
            column: Counter(getattr(one, column) for one in lines if getattr(one, column))
            for column in ("application", "number", "file")
        }
        done = []
        for line in lines:
            repeated = next((column for column in again if again[column][getattr(line, column)] > 1), "")
            one = replace(line, invoice=invoices.get(line.application))
            done.append(_one(one, archive, repeated, by=by, files=files, bounds=bounds, issues=issues, now=now))
    return done


def _one(
    line: Line, archive: zipfile.ZipFile, repeated: str, *, by: User, files: Files, bounds: Bounds, issues: bool, now: datetime
) -> Line:  # fmt: skip
    if line.wrong:
        return line
    if line.invoice is None:
        return replace(line, wrong=_("There is no such application of yours."))
    if repeated:
        return replace(line, wrong=_("“%(what)s” stands in more than one line.") % {"what": getattr(line, repeated)})
    try:
        file = None if line.invoice.type.on_paper else _file(archive, line.file, bounds)
        what = Issue(by=by, number=line.number, files=files, file=file, carrier=line.carrier, parcel=line.parcel)
        if issues:
            _issue(line.invoice, what, now)
        else:
            check(line.invoice, what)
    except IllegalTransition:
        return replace(line, wrong=_("It waits for no invoice any more."))
    except Refused as refused:
        return replace(line, wrong=refused.message)
    return replace(line, issued=issues)


def _issue(invoice: Invoice, what: Issue, now: datetime) -> None:
    """One that is to be reviewed is accepted with it."""
    with transaction.atomic():
        if invoice.status == Invoice.Status.REVIEW:
            approve(invoice, by=what.by, now=now)
        issue(invoice, what, now=now)


def _file(archive: zipfile.ZipFile, name: str, bounds: Bounds) -> InvoiceFile | None:
    if not name:
        return None
    found = next((one for one in archive.infolist() if _name(one) == name and not one.is_dir()), None)
    if found is None:
        raise Refused("invoice_batch.file", _("The ZIP holds no file “%(name)s”.") % {"name": name})
    with _readable(), archive.open(found) as member:
        return read_file(member, name=name, most_bytes=bounds.file_bytes)


def _name(info: zipfile.ZipInfo) -> str:
    """Without its folder. Programs that write Chinese names without saying so mean GBK."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("gb18030")
    return PurePosixPath(name).name


# --- the ZIP and its table ------------------------------------------------------------------------------------------------


@contextmanager
def _opened(data: bytes) -> Iterator[zipfile.ZipFile]:
    limits = InsideLimits(depth=2, files=2 * MOST_LINES + 100, unpacked=MOST_UNPACKED, seconds=20.0)
    with tempfile.NamedTemporaryFile() as aside:
        aside.write(data)
        aside.flush()
        inside = look_inside(Path(aside.name), "zip", limits=limits, executables=True, go_on=_on)
    if not inside.whole:
        raise _refused("zip", _("This is no ZIP that can be looked into, or it unpacks to far too much."))
    with _readable():
        archive = zipfile.ZipFile(io.BytesIO(data))
    with archive:
        yield archive


def _on() -> None:
    """Nobody calls this look off: its bounds end it."""


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except _BROKEN:
        raise _refused("zip", _("This is no ZIP that can be looked into, or it unpacks to far too much.")) from None


def _lines(archive: zipfile.ZipFile) -> list[Line]:
    found = [one for one in archive.infolist() if _name(one).lower() in TABLES and not one.is_dir()]
    if not found:
        raise wrong_table(_("The ZIP holds no table: put %(names)s into it.") % {"names": _named(TABLES)})
    if len(found) > 1:
        words = _("The ZIP holds more than one table: leave one of %(names)s in it.")
        raise wrong_table(words % {"names": _named(_name(one) for one in found)})
    with _readable(), archive.open(found[0]) as member:
        raw = member.read(LONGEST_TABLE + 1)
    if len(raw) > LONGEST_TABLE:
        raise wrong_table(_("The table is too long."))
    return read_xlsx(raw) if _name(found[0]).lower() == XLSX else read_csv(raw)


def _named(names: Iterable[str]) -> str:
    return _(" or ").join(f"“{name[:64]}”" for name in names)


def too_large(most_bytes: int) -> Refused:
    return _refused("too_large", _("The file is larger than %(most)s MB.") % {"most": f"{most_bytes / 1_048_576:g}"})


def _refused(what: str, words: str) -> Refused:
    return Refused(f"invoice_batch.{what}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="batch")
