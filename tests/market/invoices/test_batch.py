"""Many invoices from a ZIP with a table: each line is told what is wrong with it, and nothing else suffers (business-rules §6.2)."""

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
from tests.market.invoices.applying import FILES, applied, seller_person
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.invoices.batch import Bounds, run
from tradepost.market.invoices.batch_table import MOST_LINES, Line
from tradepost.market.invoices.models import Invoice, IssuedInvoice
from tradepost.market.invoices.types import offer

pytestmark = pytest.mark.django_db
BOUNDS = Bounds(file_bytes=100_000, batch_bytes=1_000_000)
HEADING = "申请编号,发票号码,文件名,快递公司,快递单号"


def zipped(table: str, files: Mapping[str, bytes], *, encoding: str = "utf-8-sig") -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("batch/invoices.csv", table.encode(encoding))
        for name, content in files.items():
            archive.writestr(f"batch/{name}", content)
    made.seek(0)
    return made


def lines(invoice: Invoice, content: io.BytesIO, *, issues: bool = False) -> list[Line]:
    by = seller_person(invoice)
    return run(content, seller=invoice.seller, by=by, files=FILES, bounds=BOUNDS, issues=issues, now=NOW)


def test_what_is_right_is_issued_and_each_wrong_line_says_why() -> None:
    first = service(members=1)
    paper = bought(make_order(first.buyer, offer=Offer.objects.get(pk=first.offer_id), paid=True))
    offer(first.seller, ["general_digital", "general_paper"])
    digital, on_paper = applied(first), applied(paper, kind="general_paper")
    evil = INVOICE_PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript >>")
    table = "\r\n".join(
        [
            HEADING,
            f"{digital.number},24312000000012345678,数电票.pdf,,",
            f"{on_paper.number},12345678,,顺丰速运,SF1234567890",
            "FP-none,24312000000012345679,数电票2.pdf,,",
        ]
    )
    for encoding in ("utf-8-sig", "gb18030"):
        looked = lines(digital, zipped(table, {"数电票.pdf": INVOICE_PDF}, encoding=encoding))
        assert [bool(one.wrong) for one in looked] == [False, False, True]
    assert (IssuedInvoice.objects.count(), Invoice.objects.filter(status="review").count()) == (0, 2), "only looked at"

    wrong = zipped(table.replace("SF1234567890", "?"), {"数电票.pdf": evil})
    assert [bool(one.wrong) for one in lines(digital, wrong, issues=True)] == [True, True, True]
    assert Invoice.objects.filter(status="review").count() == 2, "what was accepted on the way is taken back, too"

    done = lines(digital, zipped(table, {"数电票.pdf": INVOICE_PDF}), issues=True)
    assert [one.issued for one in done] == [True, True, False]
    assert Invoice.objects.filter(status="done").count() == 2
    again = lines(digital, zipped(table, {"数电票.pdf": INVOICE_PDF}), issues=True)
    assert all(one.wrong for one in again), "nothing is issued twice"
    assert IssuedInvoice.objects.count() == 2


def test_a_spreadsheet_in_the_zip_is_looked_at_and_issued_like_a_table() -> None:
    invoice = applied(service(members=1))
    heading = HEADING.split(",")

    def packed(number: object, *more: str) -> io.BytesIO:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("Invoices.xlsx", spreadsheet([heading, (invoice.number, number, "a.pdf")]))
            for name in ("a.pdf", *more):
                archive.writestr(name, INVOICE_PDF)
        made.seek(0)
        return made

    [rounded] = lines(invoice, packed(24312000000012345678), issues=True)
    assert ("2431200000001234" in rounded.wrong, rounded.issued) == (True, False)
    [looked] = lines(invoice, packed("24312000000012345678"))
    assert (looked.at, looked.wrong, IssuedInvoice.objects.count()) == (2, "", 0)
    with pytest.raises(Refused, match=r"invoice_batch\.table"):  # which of the two?
        lines(invoice, packed("24312000000012345678", "invoices.csv"), issues=True)
    assert IssuedInvoice.objects.count() == 0
    [done] = lines(invoice, packed("24312000000012345678"), issues=True)
    assert (done.issued, IssuedInvoice.objects.get().number) == (True, "24312000000012345678")


def test_a_line_that_is_there_twice_is_not_issued() -> None:
    invoice = applied(service(members=1))
    table = f"{HEADING}\n{invoice.number},11111111,a.pdf\n{invoice.number},22222222,a.pdf\n"
    assert all(one.wrong for one in lines(invoice, zipped(table, {"a.pdf": INVOICE_PDF}), issues=True))
    assert IssuedInvoice.objects.count() == 0


def test_anothers_application_is_none_of_yours() -> None:
    own, other = applied(service(members=1)), applied(service(members=1))
    table = f"{HEADING}\n{other.number},11111111,a.pdf\n"
    [line] = lines(own, zipped(table, {"a.pdf": INVOICE_PDF}), issues=True)
    assert (line.invoice, bool(line.wrong), IssuedInvoice.objects.count()) == (None, True, 0)


def test_what_is_no_such_zip_is_refused_beside_the_field() -> None:
    invoice = applied(service(members=1))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("invoices.csv", HEADING)
        archive.writestr("a.pdf", b"\0" * 30_000_000)
    many = HEADING + "\nFP,11111111,a.pdf" * (MOST_LINES + 1)
    for content, code in [
        (io.BytesIO(b"no zip"), "zip"),
        (io.BytesIO(b"x" * (BOUNDS.batch_bytes + 1)), "too_large"),
        (io.BytesIO(bomb.getvalue()), "zip"),
        (zipped("", {}), "table"),
        (zipped("发票号码\n1", {}), "table"),
        (zipped(many, {}), "table"),
    ]:
        with pytest.raises(Refused) as refused:
            lines(invoice, content)
        assert (refused.value.code, refused.value.field) == (f"invoice_batch.{code}", "batch")


def test_over_the_page_it_is_looked_at_first() -> None:
    invoice = applied(service(members=1))
    seller = Client(headers={"accept-language": "en"})
    seller.force_login(seller_person(invoice))
    table = f"{HEADING}\n{invoice.number},24312000000012345678,a.pdf\n"
    content = zipped(table, {"a.pdf": INVOICE_PDF}).getvalue()

    def handed_in(answer: str, data: bytes = content) -> str:
        form = {"answer": answer, "batch_file": SimpleUploadedFile("batch.zip", data)}
        return seller.post("/seller/invoices/batch/", form).content.decode()

    assert "Nothing is issued yet. Right: 1. Wrong: 0." in handed_in("look")
    assert Invoice.objects.get().status == "review"
    assert "This is no ZIP" in handed_in("issue", b"no zip")
    assert "Issued: 1. Not issued: 0." in handed_in("issue")
    assert Invoice.objects.get().status == "done"
