"""The file of an invoice: a PDF or an OFD, found out by looking into it (business-rules §6.2, §6.4).

It comes from a seller and is opened by a buyer's accountant: what could run there is refused, and so is what cannot be looked into.
It is kept as it came, signatures and all.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
import zlib
from http import HTTPStatus
from pathlib import Path, PurePath
from typing import IO

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.inside import InsideLimits, look_inside
from tradepost.market.assets.scan_contract import Severity
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files, sha256_of

from .models import FOLDER, IssuedInvoice

FIELD = "file"
RULE = "business-rules §6.2"
_BEGIN, _END = 1024, 2048
"""Bytes in which a PDF says that it begins and ends; some programs write something before and after."""
_RUNS = re.compile(rb"/(?:JavaScript|JS|Launch|RichMedia|XFA|ImportData|SubmitForm)(?![0-9A-Za-z])")
"""Names of what runs, or reaches out, when a PDF is opened (ISO 32000-2, 12.6.4, 12.7.6)."""
_LOCKED = re.compile(rb"/Encrypt(?![0-9A-Za-z])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_OBJECTS = re.compile(rb"/ObjStm(?![0-9A-Za-z]).{0,512}?stream\r?\n", re.DOTALL)
"""Where a stream begins that holds objects; names may hide in it, packed."""
_UNPACKED = 32 * 1024 * 1024
"""Bytes that all packed objects of one PDF may unpack to."""
_OFD_LIMITS = InsideLimits(depth=1, files=2000, unpacked=100 * 1024 * 1024, seconds=5.0)
_OFD_ROOT = re.compile(rb"<(?:\w+:)?OFD[\s>]")
_SUFFIXES = {IssuedInvoice.Format.PDF: ".pdf", IssuedInvoice.Format.OFD: ".ofd"}
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f\"\\/:*?<>|\u202a-\u202e\u2066-\u2069]+")
CONTENT_TYPES = {IssuedInvoice.Format.PDF: "application/pdf", IssuedInvoice.Format.OFD: "application/ofd"}


class InvoiceFile(Struct, frozen=True):
    """One that was looked into; ``name``: what a download is called."""

    file_format: str
    name: str
    content: bytes

    def keep(self, files: Files) -> str:
        """Store it; its SHA-256, in hex."""
        sha256 = sha256_of(self.content)
        if not files.has(sha256):
            files.put(self.content)
        return sha256


def folder(files: Path) -> Files:
    """Where invoices lie: beside other files, so that nothing that clears those away knows of them. They are kept for good."""
    return Files(files / FOLDER)


def read_file(content: bytes | IO[bytes], *, name: str, most_bytes: int) -> InvoiceFile:
    """Looked into; nothing is kept yet. Raises ``Refused`` with the field ``file``."""
    data = content if isinstance(content, bytes) else content.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise too_large(most_bytes)
    kind = judge_file(data, name)
    return InvoiceFile(kind.value, _name(name, kind), data)


def judge_file(data: bytes, name: str) -> IssuedInvoice.Format:
    """What it is. Raises ``Refused`` for what is no invoice, or no harmless one."""
    if data.startswith(b"PK\x03\x04"):
        _look_into_ofd(data)
        kind = IssuedInvoice.Format.OFD
    elif b"%PDF-" in data[:_BEGIN] and b"%%EOF" in data[-_END:]:
        _look_into_pdf(data)
        kind = IssuedInvoice.Format.PDF
    else:
        raise _refused(
            "format",
            _("This is no PDF and no OFD, or not the whole of one. Hand in the file as the tax bureau gave it."),
        )
    suffix = PurePath(name.replace("\\", "/")).suffix.lower()
    if suffix != _SUFFIXES[kind]:
        raise _refused(
            "renamed",
            _("The name ends in “%(suffix)s”, but the file is a %(format)s. Save it anew instead of renaming it.")
            % {"suffix": suffix[:16], "format": kind.label},
        )
    return kind


def _look_into_pdf(data: bytes) -> None:
    if _LOCKED.search(data):
        raise _refused("locked", _("This PDF is encrypted, so that nobody can look into it. Hand in one that is not."))
    left = _UNPACKED
    if _runs(data):
        raise _active()
    for found in _OBJECTS.finditer(data):
        try:
            unpacked = zlib.decompressobj().decompress(data[found.end() :], left)
        except zlib.error:
            continue  # not packed, so that it was looked at already; or broken, and opens nowhere
        left -= len(unpacked)
        if left <= 0:
            raise _refused("bomb", _("This PDF unpacks to far more than an invoice."))
        if _runs(unpacked):
            raise _active()


def _runs(data: bytes) -> bool:
    """Also where the name is written with its letters as numbers: /J#61vaScript is the same name."""
    return bool(_RUNS.search(data) or (b"#" in data and _RUNS.search(_ESCAPED.sub(_letter, data))))


def _letter(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 16)])


def _active() -> Refused:
    return _refused(
        "active", _("This PDF holds a script, or something else that runs when it is opened. An invoice does not.")
    )


def _look_into_ofd(data: bytes) -> None:
    """A ZIP whose root is an OFD.xml (GB/T 33190), with bounds on all that it unpacks to."""
    with tempfile.NamedTemporaryFile() as aside:
        aside.write(data)
        aside.flush()
        inside = look_inside(Path(aside.name), "zip", limits=_OFD_LIMITS, executables=False, go_on=_on)
    if not inside.whole or any(one.severity is Severity.HIGH for one in inside.findings):
        raise _refused(
            "format", _("This is no OFD that can be looked into. Hand in the file as the tax bureau gave it.")
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("OFD.xml") as root:
            head = root.read(65_536)
    except (KeyError, zipfile.BadZipFile, OSError, zlib.error, NotImplementedError, RuntimeError, EOFError):
        raise _refused(
            "format", _("This is an archive, but no OFD. Hand in the file as the tax bureau gave it.")
        ) from None
    if not _OFD_ROOT.search(head) or b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise _refused("format", _("This is an archive, but no OFD. Hand in the file as the tax bureau gave it."))


def _on() -> None:
    """Nobody calls this look off: its bounds end it."""


def too_large(most_bytes: int) -> Refused:
    return _refused("too_large", _("The file is larger than %(most)s MB.") % {"most": f"{most_bytes / 1_048_576:g}"})


def _name(name: str, kind: IssuedInvoice.Format) -> str:
    """What a download may be called: the seller's name for it without a path, signs of control, or an end of its own."""
    stem = _NOT_IN_A_NAME.sub("", PurePath(name.replace("\\", "/")).stem).strip(" .")[:100] or "invoice"
    return f"{stem}{_SUFFIXES[kind]}"


def _refused(what: str, words: str) -> Refused:
    return Refused(f"invoice_file.{what}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=FIELD, rule=RULE)
