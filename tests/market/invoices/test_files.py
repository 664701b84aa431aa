"""What is taken as the file of an invoice (business-rules §6.2; issue 12, must show 4)."""

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
from tradepost.market.invoices.invoice_files import judge_file, read_file
from tradepost.market.invoices.models import IssuedInvoice


def ofd(root: bytes = b'<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>', name: str = "OFD.xml") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, root)
        archive.writestr("Doc_0/Document.xml", b"<ofd:Document/>")
    return made.getvalue()


def pdf(body: bytes) -> bytes:
    return b"%PDF-1.7\n" + body + b"\n%%EOF\n"


def packed(names: bytes, filler: int = 0) -> bytes:
    """A PDF whose objects are packed into a stream, as most programs write them."""
    return pdf(b"1 0 obj << /Type /ObjStm /N 1 /Filter /FlateDecode >>\nstream\n" + zlib.compress(names + b"\0" * filler) + b"\nendstream")  # fmt: skip


@pytest.mark.parametrize(
    "content", [INVOICE_PDF, PDF, packed(b"<< /Type /Catalog >>"), pdf(b"(/JavaScripted is a word) /Title")]
)
def test_an_ordinary_pdf_is_taken(content: bytes) -> None:
    assert judge_file(content, "dzfp_24312000.PDF") is IssuedInvoice.Format.PDF


def test_an_ordinary_ofd_is_taken() -> None:
    """GB/T 33190: a ZIP with an OFD.xml at its root."""
    assert judge_file(ofd(), "dzfp.ofd") is IssuedInvoice.Format.OFD


def _encrypted_bit() -> bytes:
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
        (pdf(b"<< /S /J#61vaScript >>"), "invoice.pdf", "active"),  # the same name, its letters as numbers
        (pdf(b"<< /S /Launch /F (cmd.exe) >>"), "invoice.pdf", "active"),
        (packed(b"<< /S /JavaScript >>"), "invoice.pdf", "active"),
        (packed(b"<< /S /J#61vaScript >>"), "invoice.pdf", "active"),
        (packed(b"x", filler=40_000_000), "invoice.pdf", "bomb"),
        (pdf(b"trailer << /Encrypt 5 0 R >>"), "invoice.pdf", "locked"),
        (ofd(name="other.xml"), "invoice.ofd", "format"),
        (ofd(b"<html/>"), "invoice.ofd", "format"),
        (ofd(b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><ofd:OFD/>"), "invoice.ofd", "format"),
        (ofd(name="../OFD.xml"), "invoice.ofd", "format"),
        (_encrypted_bit(), "invoice.ofd", "format"),
        (b"PK\x03\x04 nothing", "invoice.ofd", "format"),
    ],
)  # fmt: skip
def test_what_is_no_invoice_or_no_harmless_one_is_refused(content: bytes, name: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        judge_file(content, name)
    assert (refused.value.code, refused.value.field) == (f"invoice_file.{code}", "file")


def test_an_ofd_that_explodes_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OFD.xml", b"<ofd:OFD/>")
        archive.writestr("big", b"\0" * 30_000_000)
    with pytest.raises(Refused, match=r"invoice_file\.format"):
        judge_file(made.getvalue(), "invoice.ofd")


def test_what_is_too_large_is_not_read() -> None:
    """It is read no further than one byte too many."""
    content = io.BytesIO(INVOICE_PDF + b" " * 10_000)
    with pytest.raises(Refused) as refused:
        read_file(content, name="invoice.pdf", most_bytes=5_000)
    assert (refused.value.code, content.tell()) == ("invoice_file.too_large", 5_001)


def test_a_download_is_called_what_the_seller_called_it(tmp_path: Path) -> None:
    read = read_file(INVOICE_PDF, name="..\\..\\发票\u202efdp.pdf", most_bytes=5_000)
    kept = read.keep(Files(tmp_path))
    assert (read.name, Files(tmp_path).read(kept)) == ("发票fdp.pdf", INVOICE_PDF)
