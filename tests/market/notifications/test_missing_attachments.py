"""Issue 25, 5: "A mail whose attachment is missing is not sent and shows as failed." """

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from tests.factories import NOW, make_buyer, make_invoice, make_operator, make_order
from tests.factories.invoices import INVOICE_PDF
from tests.market.notifications import mail_server
from tradepost.market.base.config import config
from tradepost.market.base.models import Job
from tradepost.market.invoices.events import InvoiceIssued
from tradepost.market.invoices.invoice_files import folder
from tradepost.market.invoices.models import IssuedInvoice
from tradepost.market.notifications import deliver
from tradepost.market.notifications.attachments import DAMAGED, MISSING
from tradepost.market.notifications.compose import Site
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import invoices
from tradepost.market.notifications.tell import send_notice

pytestmark = pytest.mark.django_db(transaction=True)

FILES = folder(config().files)
SITE = Site("https://market.example", files=FILES)
WALL = NOW + timedelta(days=400)


@pytest.fixture
def server() -> Iterator[mail_server.Server]:
    with mail_server.running() as running:
        yield running


@pytest.fixture
def file() -> Iterator[Path]:
    """The file of an invoice with pending mails."""
    invoice = make_invoice(make_order(make_buyer(balance="10000"), paid=True), status="done")
    issued = IssuedInvoice.objects.get(invoice=invoice)
    notify(invoices.ISSUED)(InvoiceIssued(invoice=invoice.pk, issued=issued.pk), NOW)
    path = FILES.path(issued.sha256)
    yield path
    if path.is_dir():
        path.rmdir()
    FILES.put(INVOICE_PDF)


def run(server: mail_server.Server, **options) -> int:
    return deliver.deliver_due(
        now=options.get("now", NOW), wall=WALL, site=SITE, sender=deliver.Sender(server.mailer())
    )


def invoice_mails() -> list[NoticeDelivery]:
    return list(NoticeDelivery.objects.filter(notice__kind="invoice_ready", channel="mail").exclude(status="withheld"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "reason"),
    [(lambda path: path.unlink(), MISSING), (lambda path: path.write_bytes(INVOICE_PDF[:40]), DAMAGED)],
    ids=["missing", "damaged"],
)
def test_mail_without_its_file_fails_and_can_be_sent_after_the_file_is_restored(
    server: mail_server.Server, file: Path, damage: Callable[[Path], object], reason: str
) -> None:
    send_notice(make_buyer(balance="0"), "order_completed", facts={"product": "CRM", "order": "1"}, once="1", now=NOW)
    damage(file)
    run(server)
    mails = invoice_mails()
    assert mails
    assert {(mail.status, mail.error, mail.attempts) for mail in mails} == {("failed", reason, 1)}
    assert not any("invoice" in subject.lower() or "发票" in subject for subject in server.subjects)
    assert len(server.received) == 1, "the other mail of the batch is sent"
    assert not Job.objects.filter(kind="notifications.deliver").exists()

    _check_reason_and_retry_as_operator(mails, reason)
    run(server, now=timezone.now())
    assert {mail.status for mail in invoice_mails()} == {"failed"}, "the file is still missing"

    FILES.put(INVOICE_PDF)
    _check_reason_and_retry_as_operator(mails, reason)
    run(server, now=timezone.now())
    assert {(mail.status, mail.error) for mail in invoice_mails()} == {("sent", "")}
    attachments = [part.get_content() for mail in server.received for part in mail.iter_attachments()]
    assert attachments == [INVOICE_PDF] * len(mails)


def _check_reason_and_retry_as_operator(mails: list[NoticeDelivery], reason: str) -> None:
    client = Client()
    client.force_login(make_operator())
    html = ""
    for language in ("en", "zh-hans"):
        with translation.override(language):
            text = translation.gettext(reason)
        assert (text == reason) is (language == "en")
        client.cookies["django_language"] = language
        for page in (reverse("console:deliveries"), reverse("console:delivery", args=[mails[0].pk])):
            html = client.get(page, headers={"accept-language": language}).content.decode()
            assert text in html, (language, page)
        assert reverse("console:delivery_retry", args=[mails[0].pk]) in html
    for mail in mails:
        assert client.post(reverse("console:delivery_retry", args=[mail.pk])).status_code == 302


def test_mail_waits_while_the_folder_cannot_be_read(server: mail_server.Server, file: Path) -> None:
    """A failed mount is usually restored later."""
    file.unlink()
    file.mkdir()  # reading it fails for every user
    run(server)
    assert {mail.status for mail in invoice_mails()} == {"waiting"}
    assert all("IsADirectoryError" in mail.error for mail in invoice_mails())
    assert server.received == []
    file.rmdir()
    FILES.put(INVOICE_PDF)
    run(server, now=NOW + timedelta(minutes=1))
    assert {mail.status for mail in invoice_mails()} == {"sent"}


def test_mail_of_a_replaced_invoice_is_sent_without_the_file(server: mail_server.Server, file: Path) -> None:
    IssuedInvoice.objects.update(withdrawn_at=NOW)
    file.unlink()
    run(server)
    assert {mail.status for mail in invoice_mails()} == {"sent"}
