"""An invoice over the real pages, electronic and on paper, in both languages; mail by a real SMTP server, SMS by the
file adapter (business-rules §6.2; issue 12, must show 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import strip_tags

from tests.factories import make_operator, make_order
from tests.factories.invoices import INVOICE_PDF, TAX_NUMBER
from tests.market.downloads import sent_file
from tests.market.engine import react
from tests.market.fulfilment.services import bought, passes, service, told
from tests.market.invoices.applying import number_of, seller_member
from tests.market.notifications import mail_server
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import Member, User
from tradepost.market.invoices import invoice_check
from tradepost.market.invoices.invoice_files import folder
from tradepost.market.invoices.models import Invoice, InvoiceTitle
from tradepost.market.notifications import deliver, deliver_elsewhere
from tradepost.market.notifications.compose import Site
from tradepost.market.subscriptions.models import Subscription

pytestmark = [pytest.mark.django_db(transaction=True)]
NUMBER = "24312000000012345678"


@pytest.fixture
def server() -> Iterator[mail_server.Server]:
    with mail_server.running() as running:
        yield running


@pytest.fixture
def sms(settings: Any, tmp_path: Path) -> Path:
    settings.SMS = settings.SMS | {"adapter": "file", "folder": str(tmp_path)}
    return tmp_path


def page(user: User, language: str) -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def text(answer: Any) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


def send_due_messages(server: mail_server.Server, sms: Path) -> str:
    """Send every message that is due. Return the sent SMS."""
    react(now=clock.now())
    site = Site("https://market.example", files=folder(config().files))
    now, wall = clock.now(), clock.wall()
    while deliver.deliver_due(now=now, wall=wall, site=site, sender=deliver.Sender(server.mailer())):
        pass
    while deliver_elsewhere.deliver_due(
        now=now, wall=wall, way=deliver_elsewhere.DeliverySettings(site=site, outbound=SANDBOX)
    ):
        pass
    return "\n".join(one.read_text(encoding="utf-8") for one in sms.iterdir())


def seller_page(subscription: Subscription, language: str) -> Client:
    return page(Member.objects.filter(seller=subscription.seller_id).order_by("pk")[0].user, language)


def invoice_form(buyer: Client, subscription: Subscription, kind: str, tax_number: str = TAX_NUMBER) -> dict[str, str]:
    """Return a buyer's input up to the last step, through the page that saves a title."""
    way = f"order={number_of(subscription)}&type={kind}"
    said = {"kind": "company", "name": "蓝天科技有限公司", "tax_number": tax_number, "way": way}
    kept = buyer.post("/invoices/titles/new/", said)
    assert kept.status_code == 302, text(kept)
    title = re.search(r"title=(\d+)", kept["Location"])
    assert title is not None
    last = buyer.get(kept["Location"])
    amount = re.search(r'name="amount" value="(\d+)"', last.content.decode())
    assert amount is not None, text(last)
    digest = InvoiceTitle.objects.get(pk=title[1]).digest
    return {
        "order": number_of(subscription), "type": kind, "title": title[1], "amount": amount[1], "title_digest": digest,
    }  # fmt: skip


def sold_now() -> Subscription:
    """Return a service that was delivered recently; services of the factories are years old."""
    old, now = service(members=1), clock.now()
    return bought(make_order(old.buyer, offer=Offer.objects.get(pk=old.offer_id), paid=True, now=now), now=now)


@pytest.mark.slow
def test_electronic_invoice_is_issued_and_mailed(server: mail_server.Server, sms: Path) -> None:
    subscription = sold_now()
    buyer, seller = page(subscription.buyer, "zh-hans"), seller_page(subscription, "zh-hans")
    shown = text(buyer.get(f"/orders/{number_of(subscription)}/"))
    assert "申请发票" in shown
    wrong = buyer.post("/invoices/titles/new/", {"kind": "company", "name": "蓝天", "tax_number": "91440300708461137T"})
    assert (wrong.status_code, "统一社会信用代码" in text(wrong)) == (422, True)

    form = invoice_form(buyer, subscription, "general_digital")
    applied = buyer.post("/invoices/apply/", form | {"email": "finance@lantian.example", "phone": "138 0013 8000"})
    assert applied.status_code == 302, text(applied)
    invoice, at = Invoice.objects.get(), applied["Location"]
    shown = text(buyer.get(at))
    assert "没有收到发票？" in shown, "where to look"
    assert ("+8613800138000 的短信" in shown, "finance@lantian.example" in shown) == (True, True)
    assert subscription.seller.contact_email in shown or subscription.product.contact_email in shown, "whom to ask"
    assert "待审核" in shown
    assert buyer.post("/invoices/apply/", form | {"email": "x@y.example"}).status_code == 422, "once"
    send_due_messages(server, sms)
    assert any("用户申请开具" in subject for subject in server.subjects)

    here = f"/seller/invoices/{invoice.pk}/"
    assert invoice.number in text(seller.get("/seller/invoices/"))
    assert seller.post(f"{here}review/", {"answer": "approve"}).status_code == 302
    evil = INVOICE_PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript >>")
    for content, name, words in [
        (evil, "dzfp.pdf", "该 PDF 含有脚本"),
        (b"MZ", "dzfp.pdf", "不是完整的 PDF"),
        (INVOICE_PDF, "dzfp.exe", "不要只改文件名"),
        (INVOICE_PDF + b" " * config().invoices.invoice_most_bytes, "dzfp.pdf", "文件超过"),
    ]:
        refused = seller.post(f"{here}issue/", {"number": NUMBER, "file_file": SimpleUploadedFile(name, content)})
        assert (refused.status_code, words in text(refused)) == (422, True), words
    assert Invoice.objects.get().status == "to_issue"
    done = seller.post(f"{here}issue/", {"number": NUMBER, "file_file": SimpleUploadedFile("数电票.pdf", INVOICE_PDF)})
    assert done.status_code == 302, text(done)

    server.received.clear()
    said = send_due_messages(server, sms)
    assert "已为您开具发票" in said, "SMS to the telephone of the application"
    to = {str(one["To"]): one for one in server.received}
    assert {subscription.buyer.email, "finance@lantian.example"} <= set(to)
    [file] = to["finance@lantian.example"].iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("数电票.pdf", INVOICE_PDF)
    assert "已为您开具发票" in text(buyer.get("/notices/"))
    assert sent_file(buyer.get(f"{at}file/")) == INVOICE_PDF
    stranger = page(seller_member(invoice), "en")
    assert stranger.get(f"{at}file/").status_code == 404, "another's"

    unsubscribing = text(buyer.get(f"/services/{subscription.pk}/unsubscribe/"))
    assert "须先退票或撤销申请" in unsubscribing, "§6.2: a return comes before a refund, and the page says so"
    assert buyer.post(f"{at}ask/", {"wish": "return", "wish_reason": "要退订"}).status_code == 302
    taken = {"reason": "用户退订", "red_letter": ""}
    assert seller.post(f"{here}take-back/", taken).status_code == 422, "its red letter is missing"
    assert seller.post(f"{here}take-back/", taken | {"red_letter": "31002603000012345678"}).status_code == 302
    assert "已退票" in text(buyer.get(at))
    assert "须先退票" not in text(buyer.get(f"/services/{subscription.pk}/unsubscribe/"))
    assert invoice_check.problems() == []


@pytest.mark.slow
def test_overdue_paper_invoice_is_shown_to_buyer_seller_and_operator(server: mail_server.Server, sms: Path) -> None:
    """The seller does nothing: buyer, seller and operator each see what is due."""
    subscription, operator = service(members=1), make_operator()
    User.objects.filter(pk=subscription.buyer_id).update(language="en")
    buyer, seller = page(subscription.buyer, "en"), seller_page(subscription, "en")
    assert seller.post("/seller/invoices/types/", {"types": "general_paper"}).status_code == 302
    assert "not issued by this seller" in text(buyer.get(f"/invoices/apply/?order={number_of(subscription)}"))
    form = invoice_form(buyer, subscription, "general_paper")
    where = {"name": "Ms Wang", "phone": "13800138000", "address": "1 Century Avenue, Pudong, Shanghai"}
    short = buyer.post("/invoices/apply/", form | where | {"address": "x"})
    assert (short.status_code, "Enter the full address: province, city, street and house number" in text(short)) == (
        422,
        True,
    )
    at = buyer.post("/invoices/apply/", form | where)["Location"]
    invoice, here = Invoice.objects.get(), f"/seller/invoices/{Invoice.objects.get().pk}/"
    react(now=clock.now())

    assert invoice.due_at is not None
    passes(invoice.due_at - timedelta(days=1))
    assert (told("seller_invoice_due"), told("invoice_late")) == (1, 0)
    passes(invoice.due_at + timedelta(hours=1))
    assert (told("seller_invoice_late"), told("invoice_late"), told("operator_invoice_late")) == (1, 1, 1)
    assert "The seller is late" in text(buyer.get(at))
    assert "overdue" in text(seller.get("/seller/invoices/"))
    console = page(operator, "en")
    assert invoice.number in text(console.get("/console/invoices/"))
    queue = text(console.get("/console/queue/"))
    assert "Invoice not issued by the seller" in queue

    seller.post(f"{here}review/", {"answer": "approve"})
    issue = {"number": "12345678", "carrier": "SF Express", "parcel": "SF1234567890"}
    assert seller.post(f"{here}issue/", issue | {"parcel": "?"}).status_code == 422
    assert seller.post(f"{here}issue/", issue).status_code == 302
    said = send_due_messages(server, sms)
    assert "is on its way" in said
    shown = text(buyer.get(at))
    assert "SF Express, parcel SF1234567890" in shown
    assert "Invoice not issued by the seller" not in text(console.get("/console/queue/")), "it leaves by itself"
    assert seller.get(f"{here}file/").status_code == 404, "paper has no file"
    correct = {"number": "12345679", "carrier": "SF Express", "parcel": "SF1234567891"}
    assert seller.post(f"{here}correct/", correct).status_code == 302
    assert [one.number for one in invoice.issues.filter(withdrawn_at=None)] == ["12345679"]
    assert invoice_check.problems() == []
