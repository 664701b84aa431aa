"""File of an invoice: a PDF or OFD, detected by content (business-rules §6.2, §6.4).

It comes from a seller and is opened by the buyer's accountant, so active content and unreadable files are refused.
Files are stored unchanged, with their signatures.
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

from tradepost.market.assets.inside import InsideLimits, inspect_file
from tradepost.market.assets.scan_contract import Severity
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files, sha256_of

from .models import FOLDER, IssuedInvoice

FIELD = "file"
RULE = "business-rules §6.2"
_BEGIN, _END = 1024, 2048
"""Bytes to search for a PDF's start and end marks; some programs add data around them."""
_ACTIVE_NAMES = re.compile(rb"/(?:JavaScript|JS|Launch|RichMedia|XFA|ImportData|SubmitForm)(?![0-9A-Za-z])")
"""Names of active or external content in a PDF (ISO 32000-2, 12.6.4, 12.7.6)."""
_ENCRYPTED = re.compile(rb"/Encrypt(?![0-9A-Za-z])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_OBJECTS = re.compile(rb"/ObjStm(?![0-9A-Za-z]).{0,512}?stream\r?\n", re.DOTALL)
"""Start of a stream with compressed objects, which may contain such names."""
_UNPACKED = 32 * 1024 * 1024
"""Maximum unpacked bytes of all compressed objects of a PDF."""
_OFD_LIMITS = InsideLimits(depth=1, files=2000, unpacked=100 * 1024 * 1024, seconds=5.0)
_OFD_ROOT = re.compile(rb"<(?:\w+:)?OFD[\s>]")
_SUFFIXES = {IssuedInvoice.Format.PDF: ".pdf", IssuedInvoice.Format.OFD: ".ofd"}
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f\"\\/:*?<>|\u202a-\u202e\u2066-\u2069]+")
CONTENT_TYPES = {IssuedInvoice.Format.PDF: "application/pdf", IssuedInvoice.Format.OFD: "application/ofd"}


class InvoiceFile(Struct, frozen=True):
    """An inspected file. ``name``: file name for downloads."""

    file_format: str
    name: str
    content: bytes

    def keep(self, files: Files) -> str:
        """Store the file and return its SHA-256 in hex."""
        sha256 = sha256_of(self.content)
        if not files.has(sha256):
            files.put(self.content)
        return sha256


def folder(files: Path) -> Files:
    """Return the folder of invoice files, separate from files that are cleaned up. Invoices are kept permanently."""
    return Files(files / FOLDER)


def read_file(content: bytes | IO[bytes], *, name: str, most_bytes: int) -> InvoiceFile:
    """Inspect a file without storing it. Raises ``Refused`` with the field ``file``."""
    data = content if isinstance(content, bytes) else content.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise too_large(most_bytes)
    kind = detect_format(data, name)
    return InvoiceFile(kind.value, _name(name, kind), data)


def detect_format(data: bytes, name: str) -> IssuedInvoice.Format:
    """Return the format. Raises ``Refused`` for files that are no invoice or contain active content."""
    if data.startswith(b"PK\x03\x04"):
        _inspect_ofd(data)
        kind = IssuedInvoice.Format.OFD
    elif b"%PDF-" in data[:_BEGIN] and b"%%EOF" in data[-_END:]:
        _inspect_pdf(data)
        kind = IssuedInvoice.Format.PDF
    else:
        raise _refused(
            "format",
            _("This is not a complete PDF or OFD file. Upload the original file from the tax bureau."),
        )
    suffix = PurePath(name.replace("\\", "/")).suffix.lower()
    if suffix != _SUFFIXES[kind]:
        raise _refused(
            "renamed",
            _(
                "The name ends in “%(suffix)s”, but the file is a %(format)s. Save it in the correct format instead of renaming it."
            )
            % {"suffix": suffix[:16], "format": kind.label},
        )
    return kind


def _inspect_pdf(data: bytes) -> None:
    if _ENCRYPTED.search(data):
        raise _refused("locked", _("This PDF is encrypted and cannot be inspected. Upload an unencrypted file."))
    remaining = _UNPACKED
    if _has_active_content(data):
        raise _active_content()
    for match in _OBJECTS.finditer(data):
        try:
            unpacked_bytes = zlib.decompressobj().decompress(data[match.end() :], remaining)
        except zlib.error:
            continue  # uncompressed and therefore already searched, or broken
        remaining -= len(unpacked_bytes)
        if remaining <= 0:
            raise _refused(
                "bomb", _("The unpacked PDF is too large for an invoice. Upload the original file from the tax bureau.")
            )
        if _has_active_content(unpacked_bytes):
            raise _active_content()


def _has_active_content(data: bytes) -> bool:
    """Search for active content, also in escaped names: /J#61vaScript is the same name."""
    return bool(_ACTIVE_NAMES.search(data) or (b"#" in data and _ACTIVE_NAMES.search(_ESCAPED.sub(_unescape, data))))


def _unescape(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])


def _active_content() -> Refused:
    return _refused(
        "active",
        _(
            "This PDF contains a script or other content that runs when it is opened. Upload an invoice without such "
            "content."
        ),
    )


def _inspect_ofd(data: bytes) -> None:
    """Inspect a ZIP whose root is an OFD.xml (GB/T 33190), within limits on its unpacked size."""
    with tempfile.NamedTemporaryFile() as temporary:
        temporary.write(data)
        temporary.flush()
        inspection = inspect_file(Path(temporary.name), "zip", limits=_OFD_LIMITS, executables=False, go_on=_continue)
    if not inspection.whole or any(finding.severity is Severity.HIGH for finding in inspection.findings):
        raise _refused("format", _("This OFD file cannot be inspected. Upload the original file from the tax bureau."))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("OFD.xml") as root:
            head = root.read(65_536)
    except (KeyError, zipfile.BadZipFile, OSError, zlib.error, NotImplementedError, RuntimeError, EOFError):
        raise _refused(
            "format", _("This is an archive, not an OFD file. Upload the original file from the tax bureau.")
        ) from None
    if not _OFD_ROOT.search(head) or b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise _refused(
            "format", _("This is an archive, not an OFD file. Upload the original file from the tax bureau.")
        )


def _continue() -> None:
    """Continue always; the limits end the inspection."""


def too_large(most_bytes: int) -> Refused:
    return _refused("too_large", _("The file is larger than %(most)s MB.") % {"most": f"{most_bytes / 1_048_576:g}"})


def _name(name: str, kind: IssuedInvoice.Format) -> str:
    """Return the name for downloads: the seller's name without path, control characters or its suffix."""
    stem = _NOT_IN_A_NAME.sub("", PurePath(name.replace("\\", "/")).stem).strip(" .")[:100] or "invoice"
    return f"{stem}{_SUFFIXES[kind]}"


def _refused(code: str, words: str) -> Refused:
    return Refused(f"invoice_file.{code}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=FIELD, rule=RULE)
