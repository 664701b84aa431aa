"""Invoices as buyers and sellers make them, over services that the real verbs sold, and what is looked at before and after."""

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
from tradepost.market.invoices.invoice_files import InvoiceFile, folder
from tradepost.market.invoices.issue import Issue, approve, issue
from tradepost.market.invoices.models import Invoice, InvoiceItem, InvoiceTitle, InvoiceType, IssuedInvoice
from tradepost.market.invoices.patience import Patience
from tradepost.market.invoices.receiver import InvoiceReceiver
from tradepost.market.invoices.titles import TitleDocument, keep_title
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions.models import Subscription

PATIENCE = Patience(days=7, remind_days=2)
DAY = timedelta(days=1)
TAX_NUMBER = "91440300708461136T"
"""Valid; money.md §7 computed it."""
RECEIVER = InvoiceReceiver(
    email="finance@lantian.example", name="王会计", phone="138 0013 8000", address="上海市浦东新区世纪大道 1 号"
)
FILE = InvoiceFile("pdf", "dzfp.pdf", INVOICE_PDF)
FILES = folder(config().files)


def title_of(buyer: User, **more: str) -> InvoiceTitle:
    said = {"kind": "company", "name": "蓝天科技有限公司", "tax_number": TAX_NUMBER} | more
    return keep_title(buyer, TitleDocument(**said), now=NOW)


def number_of(subscription: Subscription) -> str:
    return subscription.order_line_number.rpartition("-")[0]


def applied(
    *services: Subscription,
    kind: str = InvoiceType.GENERAL_DIGITAL,
    now: datetime = NOW,
    numbers: Any = None,
    **more: Any,
) -> Invoice:
    """As the buyer of these services applies for one invoice of what they cost."""
    buyer = services[0].buyer
    wanted = Application(
        orders=tuple(numbers or (number_of(one) for one in services)), invoice_type=kind, title=title_of(buyer).pk,
        **({"receiver": RECEIVER} | more),
    )  # fmt: skip
    made = apply(buyer, wanted, patience=PATIENCE, a_day=50, now=now)
    react(now=now)
    return made


def seller_person(invoice: Invoice) -> User:
    return Member.objects.filter(seller=invoice.seller_id).order_by("pk")[0].user


def issued(
    invoice: Invoice, *, number: str = "24312000000012345678", now: datetime = NOW, **more: Any
) -> IssuedInvoice:
    """Approved and issued by a member of its seller."""
    by = seller_person(invoice)
    approve(invoice, by=by, now=now)
    given: dict[str, Any] = {"by": by, "number": number, "files": FILES, "file": FILE, **more}
    made = issue(invoice, Issue(**given), now=now)
    react(now=now)
    return made


def facts(subscription: Subscription) -> tuple[object, ...]:
    """All that a refusal must leave as it was."""
    return (
        Invoice.objects.count(), InvoiceItem.objects.filter(live=True).count(), IssuedInvoice.objects.count(),
        list(OrderLine.objects.order_by("pk").values_list("invoiced_minor", flat=True)), again(subscription).status,
        list(Invoice.objects.order_by("pk").values_list("status", "due_at")),
    )  # fmt: skip
