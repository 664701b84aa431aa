"""Invoices over the market's fee: what can be invoiced, the application, and one with its file (business-rules §6.5)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.company_models import Certification, Company
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.identity.self_operated import the_market
from tradepost.market.invoices import apply as applying
from tradepost.market.invoices import issue as issuing
from tradepost.market.invoices.for_fees import FeeApplication
from tradepost.market.invoices.models import TITLE_FIELDS, Invoice, InvoiceType
from tradepost.market.invoices.patience import patience_of
from tradepost.market.invoices.queries import current, fee_invoice_of, fee_invoices_of
from tradepost.market.invoices.receiver import InvoiceReceiver
from tradepost.market.invoices.titles import TitleDocument
from tradepost.market.invoices.types import offered_by
from tradepost.market.settlement import fee_invoices
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.invoice_files import given

from .frame import SellerRequest, found, seller_page, show

PARTS = tuple(name for name in TITLE_FIELDS if name != "kind")
RECEIVER = {"email": "email", "phone": "phone", "receiver": "name", "address": "address"}
"""Fields of the form, and of the receiver: the name of the company stands in it, too."""


@require_safe
@seller_page(menu=Menu.TRADE)
def index(request: SellerRequest) -> HttpResponse:
    return show(
        request, "seller_center/fee_invoices.html",
        page=fee_invoices_of(request.seller, after=request.GET.get("after", "")),
        free=fee_invoices.to_invoice(request.seller), market=the_market(),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TRADE, write=True)
def apply(request: SellerRequest) -> HttpResponse:
    refused = None
    if request.method == "POST":
        try:
            invoice = fee_invoices.apply(
                request.user, request.seller, request.POST.getlist("statement"), _wanted(request),
                patience=patience_of(config()), a_day=config().invoices_a_day, now=request.now,
            )  # fmt: skip
        except Refused as why:
            refused = _placed(why)
        else:
            messages.success(request, _("You applied. You are told as soon as the market has issued the invoice."))
            return redirect("seller_center:fee_invoice", invoice.pk)
    said = request.POST if request.method == "POST" else request.GET
    market, free = the_market(), fee_invoices.to_invoice(request.seller)
    offered = offered_by(market) if market is not None else frozenset()
    return show(
        request,
        "seller_center/fee_invoice_apply.html",
        status=refused.status if refused else 200,
        refused=refused,
        free=free,
        chosen=set(said.getlist("statement")) or ({one.number for one in free} if request.method != "POST" else set()),
        types=[one for one in InvoiceType if one in offered],
        kind=request.POST.get("type", ""),
        typed=_typed(request),
        market=market,
        days=config().invoice_seller_days,
    )


def _placed(refused: Refused) -> Refused:
    """Beside its own field: the form has the name of the company, too, and that of who receives the parcel."""
    if refused.code == "invoice_receiver.name":
        return Refused(refused.code, refused.message, refused.status, field="receiver")
    return refused


def _wanted(request: SellerRequest) -> FeeApplication:
    said = request.POST
    return FeeApplication(
        invoice_type=said.get("type", ""),
        title=TitleDocument(kind="company", **{name: said.get(name, "") for name in PARTS}),
        receiver=InvoiceReceiver(**{name: said.get(field, "") for field, name in RECEIVER.items()}),
        remark=said.get("remark", ""),
    )


def _typed(request: SellerRequest) -> dict[str, str]:
    """What was typed; at first what the last one said, or what is known of the company."""
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in (*PARTS, *RECEIVER, "remark")}
    last = Invoice.objects.filter(payer=request.seller).order_by("-pk").first()
    if last is not None:
        receiver = {
            "email": last.receiver_email, "phone": last.receiver_phone, "receiver": last.receiver_name,
            "address": last.receiver_address,
        }  # fmt: skip
        return {name: getattr(last, name) for name in PARTS} | receiver
    return _known(request.seller)


def _known(seller: Seller) -> dict[str, str]:
    company = Company.objects.filter(seller=seller).first()
    certified = Certification.objects.filter(seller=seller, certified_at__isnull=False).first()
    return {
        "name": seller.name,
        "tax_number": company.registration_number if company else "",
        "email": certified.finance_email if certified else seller.contact_email,
        "phone": certified.finance_phone if certified else seller.contact_phone,
        "receiver": certified.finance_name if certified else "",
    }


def _own(request: SellerRequest, pk: int) -> Invoice:
    return found(fee_invoice_of(request.seller, pk))


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk))


def _page(request: SellerRequest, invoice: Invoice, refused: Refused | None = None) -> HttpResponse:
    return show(
        request,
        "seller_center/fee_invoice.html",
        status=refused.status if refused else 200,
        invoice=invoice,
        issued=current(invoice),
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
    invoice = _own(request, pk)
    try:
        applying.cancel(invoice, now=request.now)
    except IllegalTransition:
        accepted = _(
            "The market accepted it and is issuing it. It cannot be cancelled any more; once it is issued, you can ask the market to take it back."
        )
        ended = _("The application is not open any more. This page shows its state.")
        messages.error(request, accepted if invoice.status == Invoice.Status.TO_ISSUE else ended)
    else:
        messages.success(request, _("You cancelled the application. You can apply anew at any time."))
    return redirect("seller_center:fee_invoice", pk)


@require_POST
@seller_page(menu=Menu.TRADE)
def ask(request: SellerRequest, pk: int) -> HttpResponse:
    """Ask the market to correct it, or to take it back."""
    wish, reason = request.POST.get("wish", ""), request.POST.get("wish_reason", "")
    try:
        issuing.ask_for(_own(request, pk), wish, reason, patience=patience_of(config()), now=request.now)
    except Refused as refused:
        return _page(request, _own(request, pk), refused)
    messages.success(request, _("The market is asked. You are told of the answer."))
    return redirect("seller_center:fee_invoice", pk)


@require_safe
@seller_page(menu=Menu.TRADE)
def document(request: SellerRequest, pk: int) -> HttpResponse:
    """The file of the invoice that holds."""
    return given(current(_own(request, pk)))
