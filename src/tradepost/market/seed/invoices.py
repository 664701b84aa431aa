"""Invoices of the demo: its buyer buys a month of a product for each state that an invoice can be in, and applies; its seller does
the rest. By the verbs of the pages, once, beside the running market, which delivers what was bought."""

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
from tradepost.market.invoices.invoice_files import folder, read_file
from tradepost.market.invoices.models import Invoice, InvoiceTitle
from tradepost.market.invoices.patience import patience_of
from tradepost.market.invoices.receiver import InvoiceReceiver
from tradepost.market.invoices.take_back import reject, take_back
from tradepost.market.invoices.titles import TitleDocument, keep_title
from tradepost.market.orders.buy import buy
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder

from .people import BUYER, OWNER
from .road import Road

SLUG = "huiqi-meetings"
"""Delivered by the sample seller, and nothing is asked of its buyers."""
TITLE = TitleDocument(kind="company", name="蓝田精密制造有限公司", tax_number="91440300708461136T")
RECEIVER = InvoiceReceiver(email="caiwu@lantian.example", phone="13900000000")
Status = Invoice.Status


def invoice_the_demo(road: Road) -> None:
    """Nothing where there is any invoice, or the product is not on sale. Raises ``Stopped``, and ``Refused``."""
    offer = _offer()
    if offer is None or Invoice.objects.exists():
        return
    buyer = User.objects.get(email=BUYER.email)
    orders = {status: _bought(buyer, offer, status, road) for status in STEPS}
    done = Order.Status.COMPLETED
    road.wait(lambda: all(_again(one).status == done for one in orders.values()), "the demo's orders")
    title = keep_title(buyer, TITLE, now=road.now())
    for status, order in orders.items():
        STEPS[status](_applied(order, title, road), road)


def _offer() -> Offer | None:
    on_sale = Offer.objects.filter(sku__spec__product__slug=SLUG, on_sale=True, period_type="month", trial=False)
    return on_sale.filter(sku__spec__product__status=Product.Status.ON_SALE).order_by("price_minor", "pk").first()


def _bought(buyer: User, offer: Offer, status: str, road: Road) -> Order:
    command = PlaceOrder(product_id=offer.product_id, agreed=True, idempotency_key=f"the demo's invoice {status}")
    timeout = timedelta(minutes=road.settings.unpaid_timeout_minutes)
    order = buy(buyer, command, now=road.now(), unpaid_timeout=timeout)
    if order.status == Order.Status.UNPAID:
        pay_order(order, now=road.now())
    return order


def _again(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def _applied(order: Order, title: InvoiceTitle, road: Road) -> Invoice:
    wanted = Application(orders=(order.number,), invoice_type="general_digital", title=title.pk, receiver=RECEIVER)
    settings = road.settings
    return apply(order.buyer, wanted, patience=patience_of(settings), a_day=settings.invoices_a_day, now=road.now())


def _owner() -> User:
    return User.objects.get(email=OWNER.email)


def _approve(invoice: Invoice, road: Road) -> None:
    issuing.approve(invoice, by=_owner(), now=road.now())


def _issue(invoice: Invoice, road: Road) -> None:
    _approve(invoice, road)
    number, settings = f"2651200000{invoice.pk:010d}", road.settings
    file = read_file(_pdf(invoice, number), name=f"dzfp_{number}.pdf", most_bytes=settings.invoice_most_bytes)
    what = issuing.Issue(by=_owner(), number=number, files=folder(settings.files), file=file)
    issuing.issue(invoice, what, now=road.now())


def _reject(invoice: Invoice, road: Road) -> None:
    reject(invoice, "税号与企业名称不一致，请核对后重新申请。", by=_owner(), now=road.now())


def _take_back(invoice: Invoice, road: Road) -> None:
    _issue(invoice, road)
    take_back(invoice, red_letter="31002603000012345678", reason="用户更换开票抬头。", by=_owner(), now=road.now())


def _cancel(invoice: Invoice, road: Road) -> None:
    cancel(invoice, now=road.now())


def _wait(_invoice: Invoice, _road: Road) -> None:
    """It is applied for, and waits."""


STEPS: Mapping[str, Callable[[Invoice, Road], None]] = {
    Status.CANCELLED: _cancel,
    Status.REJECTED: _reject,
    Status.RETURNED: _take_back,
    Status.DONE: _issue,
    Status.TO_ISSUE: _approve,
    Status.REVIEW: _wait,
}
"""What leads to each state, once it is applied for."""


def _pdf(invoice: Invoice, number: str) -> bytes:
    """What stands for the tax bureau's file."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=landscape(A5), invariant=1)
    for line, words in enumerate(
        ("SAMPLE INVOICE - NOT A TAX DOCUMENT", number, f"{invoice.currency} {invoice.amount.major}")
    ):
        canvas.drawString(60, 320 - 30 * line, words)
    canvas.save()
    return out.getvalue()
