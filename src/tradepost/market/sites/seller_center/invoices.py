"""Invoices that buyers apply for: what waits with its clock, and one with everything a seller does with it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.menus import Menu
from tradepost.market.invoices.models import Invoice, InvoiceType
from tradepost.market.invoices.queries import current, invoice_of_seller, invoices_of_seller, waiting_for
from tradepost.market.invoices.types import has_chosen, offer, offered_by
from tradepost.market.invoices.usage_items import waiting_credit
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.web.invoice_acts import act_asked, forms_of
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.invoice_files import given, takes_invoice
from tradepost.market.web.status import vocabulary

from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def index(request: SellerRequest) -> HttpResponse:
    """Those that wait, the most urgent first; all of them when a state is asked for."""
    status = request.GET.get("status", "")
    page = invoices_of_seller(request.seller, status=status, after=request.GET.get("after", ""))
    return show(
        request, "seller_center/invoices.html", page=page, chosen=status, states=vocabulary("invoice"), now=request.now,
        waiting=[] if status or request.GET.get("after") else waiting_for(request.seller),
        unset=not has_chosen(request.seller),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TRADE)
def types(request: SellerRequest) -> HttpResponse:
    """Which types of invoices this seller issues."""
    refused = None
    if request.method == "POST":
        try:
            offer(request.seller, request.POST.getlist("types"))
        except Refused as why:
            refused = why
        else:
            messages.success(request, _("Kept: buyers choose among these from now on."))
            return redirect("seller_center:invoice_types")
    offered = frozenset() if refused else offered_by(request.seller)
    return show(
        request, "seller_center/invoice_types.html", status=refused.status if refused else 200, refused=refused,
        types=[(one, one in offered) for one in InvoiceType], unset=not has_chosen(request.seller),
    )  # fmt: skip


def _own(request: SellerRequest, pk: int) -> Invoice:
    return found(invoice_of_seller(request.seller, pk))


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk))


def _page(request: SellerRequest, invoice: Invoice, refused: Refused | None = None, form: str = "") -> HttpResponse:
    """``form``: which of the page's forms was refused."""
    return show(
        request,
        "seller_center/invoice.html",
        status=refused.status if refused else 200,
        invoice=invoice,
        issued=current(invoice),
        items=list(invoice.items.all()),
        waiting=waiting_credit(invoice),
        buyer=invoice.payer.name if invoice.payer else buyer_name(invoice.buyer),
        events=invoice_events(invoice),
        now=request.now,
        **forms_of(request, invoice, refused, form),
    )


def _done(request: SellerRequest, pk: int, form: str) -> HttpResponse:
    """Do what the form asks, and say so; what is refused stands beside its field."""
    invoice = _own(request, pk)
    act = act_asked(request, form, by=request.user, now=request.now)
    try:
        act.do(invoice)
    except IllegalTransition:
        messages.error(request, _("Somebody was faster: this is what became of it."))
    except Refused as refused:
        return _page(request, _own(request, pk), refused, form)
    else:
        messages.success(request, act.said)
    return redirect("seller_center:invoice", pk)


@require_POST
@seller_page(menu=Menu.TRADE)
def review(request: SellerRequest, pk: int) -> HttpResponse:
    """Accept the application, or refuse it with a reason."""
    return _done(request, pk, "review")


@takes_invoice
@require_POST
@seller_page(menu=Menu.TRADE)
def issue(request: SellerRequest, pk: int) -> HttpResponse:
    """Hand in the file, or say how the parcel goes."""
    return _done(request, pk, "issue")


@takes_invoice
@require_POST
@seller_page(menu=Menu.TRADE)
def correct(request: SellerRequest, pk: int) -> HttpResponse:
    """Another one in its place."""
    return _done(request, pk, "correct")


for _view in (issue, correct):  # looking into ten megabytes must not hold the lock of SQLite
    _view.own_transactions = True  # type: ignore[attr-defined]


@require_POST
@seller_page(menu=Menu.TRADE)
def take_back(request: SellerRequest, pk: int) -> HttpResponse:
    """It no longer counts."""
    return _done(request, pk, "take_back")


@require_POST
@seller_page(menu=Menu.TRADE)
def decline(request: SellerRequest, pk: int) -> HttpResponse:
    """Leave it as it is, although its buyer asked for something."""
    return _done(request, pk, "decline")


@require_safe
@seller_page(menu=Menu.TRADE)
def document(request: SellerRequest, pk: int) -> HttpResponse:
    return given(current(_own(request, pk)))
