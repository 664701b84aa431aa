"""Invoices for the market's fee: amounts to invoice, application, and detail page with the file (business-rules §6.5)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.company_models import Certification, Company
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.identity.self_operated import market_seller
from tradepost.market.invoices import apply as applying
from tradepost.market.invoices import issue as issuing
from tradepost.market.invoices.deadlines import deadline_of
from tradepost.market.invoices.for_fees import FeeApplication
from tradepost.market.invoices.models import TITLE_FIELDS, Invoice, InvoiceType
from tradepost.market.invoices.queries import current_issued_invoice, fee_invoice_of, fee_invoices_of
from tradepost.market.invoices.receiver import InvoiceReceiver
from tradepost.market.invoices.titles import TitleDocument
from tradepost.market.invoices.types import offered_by
from tradepost.market.settlement import fee_invoices
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.invoice_files import invoice_download
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    moment,
    money,
    page_link,
    state,
    text,
    time_range,
)

from .frame import SellerRequest, or_404, seller_list, seller_page, show

TITLE_INPUTS = tuple(name for name in TITLE_FIELDS if name != "kind")
RECEIVER_FIELDS = {"email": "email", "phone": "phone", "receiver": "name", "address": "address"}
"""Form fields of the receiver → fields of the receiver; ``name`` is the company's."""


def _open_fees_context(request: SellerRequest, query: ListQuery) -> dict[str, object]:
    del query
    return {"free": fee_invoices.to_invoice(request.seller), "market": market_seller()}


LISTING: Listing[Invoice, Invoice] = Listing(
    name="seller_center:fee_invoices",
    title=gettext_lazy("Fee invoices"),
    intro=gettext_lazy("The market issues these invoices for its fee on paid statements."),
    up=Link(words=gettext_lazy("Statements"), page="seller_center:settlements"),
    layout="seller_center/layout.html",
    template="seller_center/fee_invoices.html",
    source=lambda request, query, after, size: fee_invoices_of(
        request.seller, within=query.within, after=after, size=size
    ),
    columns=(
        page_link(
            gettext_lazy("Application"), "number", "seller_center:fee_invoice", "pk", under="name", css="tp-whole"
        ),
        text(gettext_lazy("Type"), "get_invoice_type_display"),
        moment(gettext_lazy("Requested"), "applied_at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "invoice"),
    ),
    filters=(time_range(),),
    empty=Empty(
        icon="file-invoice",
        title=gettext_lazy("No invoices yet"),
        text=gettext_lazy("When a statement is paid, you can apply for an invoice for its fee."),
        action=gettext_lazy("Statements"),
        page="seller_center:settlements",
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No invoices found"), text=gettext_lazy("Try another time.")),
    also=_open_fees_context,
    file="fee-invoices",
)
index = seller_list(LISTING, menu=Menu.TRADE)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TRADE, write=True)
def apply(request: SellerRequest) -> HttpResponse:
    refused = None
    if request.method == "POST":
        try:
            invoice = fee_invoices.apply(
                request.user, request.seller, request.POST.getlist("statement"), _application(request),
                patience=deadline_of(config().invoices), a_day=config().invoices.invoices_a_day, now=request.now,
            )  # fmt: skip
        except Refused as refusal:
            refused = _with_field(refusal)
        else:
            messages.success(
                request, _("Application submitted. You will be notified when the market has issued the invoice.")
            )
            return redirect("seller_center:fee_invoice", invoice.pk)
    values = request.POST if request.method == "POST" else request.GET
    market, free = market_seller(), fee_invoices.to_invoice(request.seller)
    offered = offered_by(market) if market is not None else frozenset()
    return show(
        request,
        "seller_center/fee_invoice_apply.html",
        refused=refused,
        free=free,
        chosen=set(values.getlist("statement"))
        or ({statement.number for statement in free} if request.method != "POST" else set()),
        types=[invoice_type for invoice_type in InvoiceType if invoice_type in offered],
        picked=request.POST.get("type", ""),
        typed=_form_values(request),
        market=market,
        days=config().invoices.invoice_seller_days,
    )


def _with_field(refused: Refused) -> Refused:
    """Assign a refusal to its field: the form has both the company's name and the parcel receiver's."""
    if refused.code == "invoice_receiver.name":
        return Refused(refused.code, refused.message, refused.status, field="receiver")
    return refused


def _application(request: SellerRequest) -> FeeApplication:
    values = request.POST
    return FeeApplication(
        invoice_type=values.get("type", ""),
        title=TitleDocument(kind="company", **{name: values.get(name, "") for name in TITLE_INPUTS}),
        receiver=InvoiceReceiver(**{name: values.get(field, "") for field, name in RECEIVER_FIELDS.items()}),
        remark=values.get("remark", ""),
    )


def _form_values(request: SellerRequest) -> dict[str, str]:
    """Return the form's values: submitted ones, otherwise those of the last invoice, otherwise the company's."""
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in (*TITLE_INPUTS, *RECEIVER_FIELDS, "remark")}
    last = Invoice.objects.filter(payer=request.seller).order_by("-pk").first()
    if last is not None:
        receiver = {
            "email": last.receiver_email, "phone": last.receiver_phone, "receiver": last.receiver_name,
            "address": last.receiver_address,
        }  # fmt: skip
        return {name: getattr(last, name) for name in TITLE_INPUTS} | receiver
    return _company_values(request.seller)


def _company_values(seller: Seller) -> dict[str, str]:
    company = Company.objects.filter(seller=seller).first()
    certified = Certification.objects.filter(seller=seller, certified_at__isnull=False).first()
    return {
        "name": seller.name,
        "tax_number": company.registration_number if company else "",
        "email": certified.finance_email if certified else seller.contact_email,
        "phone": certified.finance_phone if certified else seller.contact_phone,
        "receiver": certified.finance_name if certified else "",
    }


def _own_invoice(request: SellerRequest, pk: int) -> Invoice:
    return or_404(fee_invoice_of(request.seller, pk))


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own_invoice(request, pk))


def _page(request: SellerRequest, invoice: Invoice, refused: Refused | None = None) -> HttpResponse:
    return show(
        request,
        "seller_center/fee_invoice.html",
        invoice=invoice,
        issued=current_issued_invoice(invoice),
        items=list(invoice.items.all()),
        events=invoice_events(invoice),
        wishes=Invoice.Wish.choices,
        refused=refused,
        form="wish",
        typed={name: request.POST.get(name, "") for name in ("wish", "wish_reason")},
    )


@require_POST
@seller_page(menu=Menu.TRADE)
def cancel(request: SellerRequest, pk: int) -> HttpResponse:
    invoice = _own_invoice(request, pk)
    try:
        applying.cancel(invoice, now=request.now)
    except IllegalTransition:
        accepted = _(
            "The market accepted the application and is issuing the invoice. You can no longer cancel it. After "
            "it is issued, you can request its withdrawal."
        )
        ended = _("The application is closed. This page shows its state.")
        messages.error(request, accepted if invoice.status == Invoice.Status.TO_ISSUE else ended)
    else:
        messages.success(request, _("Application cancelled. You can apply again at any time."))
    return redirect("seller_center:fee_invoice", pk)


@require_POST
@seller_page(menu=Menu.TRADE)
def ask(request: SellerRequest, pk: int) -> HttpResponse:
    """Ask the market to correct the invoice, or to withdraw it."""
    requested_change, reason = request.POST.get("wish", ""), request.POST.get("wish_reason", "")
    try:
        issuing.request_change(
            _own_invoice(request, pk),
            requested_change,
            reason,
            patience=deadline_of(config().invoices),
            now=request.now,
        )
    except Refused as refused:
        return _page(request, _own_invoice(request, pk), refused)
    messages.success(request, _("Request sent to the market. You will be notified of the answer."))
    return redirect("seller_center:fee_invoice", pk)


@require_safe
@seller_page(menu=Menu.TRADE)
def document(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the file of the valid invoice."""
    return invoice_download(current_issued_invoice(_own_invoice(request, pk)))
