"""Invoices of the demo in every state. The demo buyer buys a product per state and applies; the seller does the rest.

Uses the functions of the pages, once, in the running market, which delivers the orders.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import timedelta

from reportlab.lib.pagesizes import A5, landscape
from reportlab.pdfgen.canvas import Canvas

from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import User
from tradepost.market.invoices import issue as issuing
from tradepost.market.invoices.apply import Application, apply, cancel
from tradepost.market.invoices.deadlines import deadline_of
from tradepost.market.invoices.invoice_files import folder, read_file
from tradepost.market.invoices.models import Invoice, InvoiceTitle
from tradepost.market.invoices.receiver import InvoiceReceiver
from tradepost.market.invoices.take_back import reject, return_invoice
from tradepost.market.invoices.titles import TitleDocument, save_title
from tradepost.market.orders.buy import buy
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder

from .people import BUYER, OWNER
from .road import Road

SLUG = "huiqi-meetings"
"""A product that the sample seller delivers without questions to the buyer."""
TITLE = TitleDocument(kind="company", name="蓝田精密制造有限公司", tax_number="91440300708461136T")
RECEIVER = InvoiceReceiver(email="caiwu@lantian.example", phone="13900000000")
Status = Invoice.Status


def invoice_the_demo(road: Road) -> None:
    """Create the invoices unless any exist. Raises ``StoppingError``, and ``Refused``."""
    offer = _offer()
    if offer is None or Invoice.objects.exists():
        return
    buyer = User.objects.get(email=BUYER.email)
    orders = {status: _buy(buyer, offer, status, road) for status in STEPS_BY_STATUS}
    completed_status = Order.Status.COMPLETED
    road.wait(lambda: all(_reload(order).status == completed_status for order in orders.values()), "the demo's orders")
    title = save_title(buyer, TITLE, now=road.now())
    for status, order in orders.items():
        STEPS_BY_STATUS[status](_apply(order, title, road), road)


def _offer() -> Offer | None:
    on_sale = Offer.objects.filter(sku__spec__product__slug=SLUG, on_sale=True, period_type="month", trial=False)
    return on_sale.filter(sku__spec__product__status=Product.Status.ON_SALE).order_by("price_minor", "pk").first()


def _buy(buyer: User, offer: Offer, status: str, road: Road) -> Order:
    command = PlaceOrder(product_id=offer.product_id, agreed=True, idempotency_key=f"the demo's invoice {status}")
    timeout = timedelta(minutes=road.settings.orders.unpaid_timeout_minutes)
    order = buy(buyer, command, now=road.now(), unpaid_timeout=timeout)
    if order.status == Order.Status.UNPAID:
        pay_order(order, now=road.now())
    return order


def _reload(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def _apply(order: Order, title: InvoiceTitle, road: Road) -> Invoice:
    application = Application(orders=(order.number,), invoice_type="general_digital", title=title.pk, receiver=RECEIVER)
    settings = road.settings
    return apply(
        order.buyer,
        application,
        patience=deadline_of(settings.invoices),
        a_day=settings.invoices.invoices_a_day,
        now=road.now(),
    )


def _owner() -> User:
    return User.objects.get(email=OWNER.email)


def _approve(invoice: Invoice, road: Road) -> None:
    issuing.approve(invoice, by=_owner(), now=road.now())


def _issue(invoice: Invoice, road: Road) -> None:
    _approve(invoice, road)
    number, settings = f"2651200000{invoice.pk:010d}", road.settings
    file = read_file(_pdf(invoice, number), name=f"dzfp_{number}.pdf", most_bytes=settings.invoices.invoice_most_bytes)
    issue_command = issuing.IssueData(by=_owner(), number=number, files=folder(settings.files), file=file)
    issuing.issue(invoice, issue_command, now=road.now())


def _reject(invoice: Invoice, road: Road) -> None:
    reject(invoice, "税号与企业名称不一致，请核对后重新申请。", by=_owner(), now=road.now())


def _return_invoice(invoice: Invoice, road: Road) -> None:
    _issue(invoice, road)
    return_invoice(invoice, red_letter="31002603000012345678", reason="用户更换开票抬头。", by=_owner(), now=road.now())


def _cancel(invoice: Invoice, road: Road) -> None:
    cancel(invoice, now=road.now())


def _leave_open(_invoice: Invoice, _road: Road) -> None:
    """Leave the application open."""


STEPS_BY_STATUS: Mapping[str, Callable[[Invoice, Road], None]] = {
    Status.CANCELLED: _cancel,
    Status.REJECTED: _reject,
    Status.RETURNED: _return_invoice,
    Status.DONE: _issue,
    Status.TO_ISSUE: _approve,
    Status.REVIEW: _leave_open,
}
"""The function that leads from the application to each state."""


def _pdf(invoice: Invoice, number: str) -> bytes:
    """Return a PDF in place of the tax bureau's file."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=landscape(A5), invariant=1)
    for line, words in enumerate(
        ("SAMPLE INVOICE - NOT A TAX DOCUMENT", number, f"{invoice.currency} {invoice.amount.major}")
    ):
        canvas.drawString(60, 320 - 30 * line, words)
    canvas.save()
    return buffer.getvalue()
