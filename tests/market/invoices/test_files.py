"""Files that are accepted as invoices (business-rules §6.2; issue 12, must show 4)."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.factories.invoices import INVOICE_PDF
from tests.factories.pictures import PDF
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.invoices.invoice_files import detect_format, read_file
from tradepost.market.invoices.models import IssuedInvoice


def ofd(root: bytes = b'<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>', name: str = "OFD.xml") -> bytes:
    archive_file = io.BytesIO()
    with zipfile.ZipFile(archive_file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, root)
        archive.writestr("Doc_0/Document.xml", b"<ofd:Document/>")
    return archive_file.getvalue()


def pdf(body: bytes) -> bytes:
    return b"%PDF-1.7\n" + body + b"\n%%EOF\n"


def pdf_with_object_stream(names: bytes, filler: int = 0) -> bytes:
    """Return a PDF with a compressed object stream, as most programs write it."""
    return pdf(b"1 0 obj << /Type /ObjStm /N 1 /Filter /FlateDecode >>\nstream\n" + zlib.compress(names + b"\0" * filler) + b"\nendstream")  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [INVOICE_PDF, PDF, pdf_with_object_stream(b"<< /Type /Catalog >>"), pdf(b"(/JavaScripted is a word) /Title")],
)
def test_ordinary_pdf_is_accepted(content: bytes) -> None:
    assert detect_format(content, "dzfp_24312000.PDF") is IssuedInvoice.Format.PDF


def test_ordinary_ofd_is_accepted() -> None:
    """GB/T 33190: a ZIP with an OFD.xml at its root."""
    assert detect_format(ofd(), "dzfp.ofd") is IssuedInvoice.Format.OFD


def _ofd_with_encrypted_flag() -> bytes:
    data = bytearray(ofd())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"#!/bin/sh\nrm -rf /\n", "invoice.pdf", "format"),
        (b"<script>alert(1)</script>", "invoice.pdf", "format"),
        (INVOICE_PDF[:-6], "invoice.pdf", "format"),  # cut off
        (INVOICE_PDF, "invoice.exe", "renamed"),
        (INVOICE_PDF, "invoice.ofd", "renamed"),
        (ofd(), "invoice.pdf", "renamed"),
        (pdf(b"<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>"), "invoice.pdf", "active"),
        (pdf(b"<< /S /J#61vaScript >>"), "invoice.pdf", "active"),  # the same name with an escaped letter
        (pdf(b"<< /S /Launch /F (cmd.exe) >>"), "invoice.pdf", "active"),
        (pdf_with_object_stream(b"<< /S /JavaScript >>"), "invoice.pdf", "active"),
        (pdf_with_object_stream(b"<< /S /J#61vaScript >>"), "invoice.pdf", "active"),
        (pdf_with_object_stream(b"x", filler=40_000_000), "invoice.pdf", "bomb"),
        (pdf(b"trailer << /Encrypt 5 0 R >>"), "invoice.pdf", "locked"),
        (ofd(name="other.xml"), "invoice.ofd", "format"),
        (ofd(b"<html/>"), "invoice.ofd", "format"),
        (ofd(b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><ofd:OFD/>"), "invoice.ofd", "format"),
        (ofd(name="../OFD.xml"), "invoice.ofd", "format"),
        (_ofd_with_encrypted_flag(), "invoice.ofd", "format"),
        (b"PK\x03\x04 nothing", "invoice.ofd", "format"),
    ],
)  # fmt: skip
def test_invalid_or_dangerous_file_is_refused(content: bytes, name: str, code: str) -> None:
    with pytest.raises(Refused) as error:
        detect_format(content, name)
    assert (error.value.code, error.value.field) == (f"invoice_file.{code}", "file")


def test_ofd_zip_bomb_is_refused() -> None:
    archive_file = io.BytesIO()
    with zipfile.ZipFile(archive_file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OFD.xml", b"<ofd:OFD/>")
        archive.writestr("big", b"\0" * 30_000_000)
    with pytest.raises(Refused, match=r"invoice_file\.format"):
        detect_format(archive_file.getvalue(), "invoice.ofd")


def test_too_large_file_is_not_read() -> None:
    """Reading stops one byte after the limit."""
    content = io.BytesIO(INVOICE_PDF + b" " * 10_000)
    with pytest.raises(Refused) as error:
        read_file(content, name="invoice.pdf", most_bytes=5_000)
    assert (error.value.code, content.tell()) == ("invoice_file.too_large", 5_001)


def test_download_keeps_the_sellers_file_name(tmp_path: Path) -> None:
    invoice_file = read_file(INVOICE_PDF, name="..\\..\\发票\u202efdp.pdf", most_bytes=5_000)
    stored_hash = invoice_file.keep(Files(tmp_path))
    assert (invoice_file.name, Files(tmp_path).read(stored_hash)) == ("发票fdp.pdf", INVOICE_PDF)
