"""Helpers that apply for and issue invoices as buyers and sellers do, for services sold by the real functions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.factories import NOW
from tests.factories.invoices import INVOICE_PDF
from tests.market.engine import react
from tests.market.fulfilment.services import again
from tradepost.market.base.config import config
from tradepost.market.identity.models import Member, User
from tradepost.market.invoices.apply import Application, apply
from tradepost.market.invoices.deadlines import IssueDeadline
from tradepost.market.invoices.invoice_files import InvoiceFile, folder
from tradepost.market.invoices.issue import IssueData, approve, issue
from tradepost.market.invoices.models import Invoice, InvoiceItem, InvoiceTitle, InvoiceType, IssuedInvoice
from tradepost.market.invoices.receiver import InvoiceReceiver
from tradepost.market.invoices.titles import TitleDocument, save_title
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions.models import Subscription

PATIENCE = IssueDeadline(days=7, remind_days=2)
DAY = timedelta(days=1)
TAX_NUMBER = "91440300708461136T"
"""Valid; computed in money.md §7."""
RECEIVER = InvoiceReceiver(
    email="finance@lantian.example", name="王会计", phone="138 0013 8000", address="上海市浦东新区世纪大道 1 号"
)
FILE = InvoiceFile("pdf", "dzfp.pdf", INVOICE_PDF)
FILES = folder(config().files)


def title_of(buyer: User, **changes: str) -> InvoiceTitle:
    fields = {"kind": "company", "name": "蓝天科技有限公司", "tax_number": TAX_NUMBER} | changes
    return save_title(buyer, TitleDocument(**fields), now=NOW)


def number_of(subscription: Subscription) -> str:
    return subscription.order_line_number.rpartition("-")[0]


def apply_for_invoice(
    *services: Subscription,
    kind: str = InvoiceType.GENERAL_DIGITAL,
    now: datetime = NOW,
    numbers: Any = None,
    **changes: Any,
) -> Invoice:
    """Apply, as the buyer of these services, for one invoice over their orders."""
    buyer = services[0].buyer
    application = Application(
        orders=tuple(numbers or (number_of(service) for service in services)), invoice_type=kind, title=title_of(buyer).pk,
        **({"receiver": RECEIVER} | changes),
    )  # fmt: skip
    invoice = apply(buyer, application, patience=PATIENCE, a_day=50, now=now)
    react(now=now)
    return invoice


def seller_member(invoice: Invoice) -> User:
    return Member.objects.filter(seller=invoice.seller_id).order_by("pk")[0].user


def issue_invoice(
    invoice: Invoice, *, number: str = "24312000000012345678", now: datetime = NOW, **changes: Any
) -> IssuedInvoice:
    """Approve and issue the invoice as a member of its seller."""
    by = seller_member(invoice)
    approve(invoice, by=by, now=now)
    fields: dict[str, Any] = {"by": by, "number": number, "files": FILES, "file": FILE, **changes}
    issued_invoice = issue(invoice, IssueData(**fields), now=now)
    react(now=now)
    return issued_invoice


def stored_state(subscription: Subscription) -> tuple[object, ...]:
    """Return everything that a refusal must not change."""
    return (
        Invoice.objects.count(), InvoiceItem.objects.filter(live=True).count(), IssuedInvoice.objects.count(),
        list(OrderLine.objects.order_by("pk").values_list("invoiced_minor", flat=True)), again(subscription).status,
        list(Invoice.objects.order_by("pk").values_list("status", "due_at")),
    )  # fmt: skip
