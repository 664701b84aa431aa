"""Many invoices from a ZIP with a table: each invalid line shows its error, and the other lines are not affected (business-rules §6.2)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import NOW, make_order
from tests.factories.invoices import INVOICE_PDF
from tests.factories.spreadsheets import spreadsheet
from tests.market.fulfilment.services import bought, service
from tests.market.invoices.applying import FILES, apply_for_invoice, seller_member
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.invoices.batch import Bounds, run
from tradepost.market.invoices.batch_table import MAX_LINES, Line
from tradepost.market.invoices.models import Invoice, IssuedInvoice
from tradepost.market.invoices.types import set_types

pytestmark = pytest.mark.django_db
BOUNDS = Bounds(file_bytes=100_000, batch_bytes=1_000_000)
HEADING = "申请编号,发票号码,文件名,快递公司,快递单号"


def zipped(table: str, files: Mapping[str, bytes], *, encoding: str = "utf-8-sig") -> io.BytesIO:
    archive_file = io.BytesIO()
    with zipfile.ZipFile(archive_file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("batch/invoices.csv", table.encode(encoding))
        for name, content in files.items():
            archive.writestr(f"batch/{name}", content)
    archive_file.seek(0)
    return archive_file


def run_batch(invoice: Invoice, content: io.BytesIO, *, issues: bool = False) -> list[Line]:
    by = seller_member(invoice)
    return run(content, seller=invoice.seller, by=by, files=FILES, bounds=BOUNDS, issues=issues, now=NOW)


def test_valid_lines_are_issued_and_each_invalid_line_shows_its_error() -> None:
    first = service(members=1)
    paper = bought(make_order(first.buyer, offer=Offer.objects.get(pk=first.offer_id), paid=True))
    set_types(first.seller, ["general_digital", "general_paper"])
    digital, on_paper = apply_for_invoice(first), apply_for_invoice(paper, kind="general_paper")
    pdf_with_script = INVOICE_PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript >>")
    table = "\r\n".join(
        [
            HEADING,
            f"{digital.number},24312000000012345678,数电票.pdf,,",
            f"{on_paper.number},12345678,,顺丰速运,SF1234567890",
            "FP-none,24312000000012345679,数电票2.pdf,,",
        ]
    )
    for encoding in ("utf-8-sig", "gb18030"):
        validated = run_batch(digital, zipped(table, {"数电票.pdf": INVOICE_PDF}, encoding=encoding))
        assert [bool(line.wrong) for line in validated] == [False, False, True]
    assert (IssuedInvoice.objects.count(), Invoice.objects.filter(status="review").count()) == (0, 2), "only validated"

    wrong_batch = zipped(table.replace("SF1234567890", "?"), {"数电票.pdf": pdf_with_script})
    assert [bool(line.wrong) for line in run_batch(digital, wrong_batch, issues=True)] == [True, True, True]
    assert Invoice.objects.filter(status="review").count() == 2, "approvals of failed lines are rolled back too"

    results = run_batch(digital, zipped(table, {"数电票.pdf": INVOICE_PDF}), issues=True)
    assert [line.issued for line in results] == [True, True, False]
    assert Invoice.objects.filter(status="done").count() == 2
    repeated_results = run_batch(digital, zipped(table, {"数电票.pdf": INVOICE_PDF}), issues=True)
    assert all(line.wrong for line in repeated_results), "nothing is issued twice"
    assert IssuedInvoice.objects.count() == 2


def test_spreadsheet_in_the_zip_is_handled_like_a_table() -> None:
    invoice = apply_for_invoice(service(members=1))
    heading = HEADING.split(",")

    def zip_with_spreadsheet(number: object, *other_files: str) -> io.BytesIO:
        archive_file = io.BytesIO()
        with zipfile.ZipFile(archive_file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("Invoices.xlsx", spreadsheet([heading, (invoice.number, number, "a.pdf")]))
            for name in ("a.pdf", *other_files):
                archive.writestr(name, INVOICE_PDF)
        archive_file.seek(0)
        return archive_file

    [rounded] = run_batch(invoice, zip_with_spreadsheet(24312000000012345678), issues=True)
    assert ("2431200000001234" in rounded.wrong, rounded.issued) == (True, False)
    [validated] = run_batch(invoice, zip_with_spreadsheet("24312000000012345678"))
    assert (validated.at, validated.wrong, IssuedInvoice.objects.count()) == (2, "", 0)
    with pytest.raises(Refused, match=r"invoice_batch\.table"):  # two tables
        run_batch(invoice, zip_with_spreadsheet("24312000000012345678", "invoices.csv"), issues=True)
    assert IssuedInvoice.objects.count() == 0
    [issued_line] = run_batch(invoice, zip_with_spreadsheet("24312000000012345678"), issues=True)
    assert (issued_line.issued, IssuedInvoice.objects.get().number) == (True, "24312000000012345678")


def test_duplicate_lines_are_not_issued() -> None:
    invoice = apply_for_invoice(service(members=1))
    table = f"{HEADING}\n{invoice.number},11111111,a.pdf\n{invoice.number},22222222,a.pdf\n"
    assert all(line.wrong for line in run_batch(invoice, zipped(table, {"a.pdf": INVOICE_PDF}), issues=True))
    assert IssuedInvoice.objects.count() == 0


def test_application_to_another_seller_is_refused() -> None:
    own, other = apply_for_invoice(service(members=1)), apply_for_invoice(service(members=1))
    table = f"{HEADING}\n{other.number},11111111,a.pdf\n"
    [line] = run_batch(own, zipped(table, {"a.pdf": INVOICE_PDF}), issues=True)
    assert (line.invoice, bool(line.wrong), IssuedInvoice.objects.count()) == (None, True, 0)


def test_invalid_zip_is_refused_for_its_field() -> None:
    invoice = apply_for_invoice(service(members=1))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("invoices.csv", HEADING)
        archive.writestr("a.pdf", b"\0" * 30_000_000)
    too_many_lines = HEADING + "\nFP,11111111,a.pdf" * (MAX_LINES + 1)
    for content, code in [
        (io.BytesIO(b"no zip"), "zip"),
        (io.BytesIO(b"x" * (BOUNDS.batch_bytes + 1)), "too_large"),
        (io.BytesIO(bomb.getvalue()), "zip"),
        (zipped("", {}), "table"),
        (zipped("发票号码\n1", {}), "table"),
        (zipped(too_many_lines, {}), "table"),
    ]:
        with pytest.raises(Refused) as error:
            run_batch(invoice, content)
        assert (error.value.code, error.value.field) == (f"invoice_batch.{code}", "batch")


def test_page_validates_the_batch_before_issuing() -> None:
    invoice = apply_for_invoice(service(members=1))
    seller = Client(headers={"accept-language": "en"})
    seller.force_login(seller_member(invoice))
    table = f"{HEADING}\n{invoice.number},24312000000012345678,a.pdf\n"
    content = zipped(table, {"a.pdf": INVOICE_PDF}).getvalue()

    def submit(answer: str, data: bytes = content) -> str:
        form = {"answer": answer, "batch_file": SimpleUploadedFile("batch.zip", data)}
        return seller.post("/seller/invoices/batch/", form).content.decode()

    assert "No invoice has been issued yet. Valid: 1. Invalid: 0." in submit("look")
    assert Invoice.objects.get().status == "review"
    assert "The ZIP file cannot be inspected, or its unpacked contents are too large" in submit("issue", b"no zip")
    assert "Issued: 1. Not issued: 0." in submit("issue")
    assert Invoice.objects.get().status == "done"
