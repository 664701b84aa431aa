"""Invoices that buyers apply for: what waits with its clock, and one with everything a seller does with it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.menus import Menu
from tradepost.market.invoices import issue as issuing
from tradepost.market.invoices import take_back as ending
from tradepost.market.invoices.models import Invoice, InvoiceType
from tradepost.market.invoices.queries import current, invoice_of_seller, invoices_of_seller, waiting_for
from tradepost.market.invoices.types import has_chosen, offer, offered_by
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.invoice_files import InvoiceField, files, given, handed_in, takes_invoice
from tradepost.market.web.status import vocabulary

from .frame import SellerRequest, found, seller_page, show

TYPED = ("number", "carrier", "parcel", "red_letter", "reason")


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
    error = refused.message if refused and refused.field == "file" else ""
    return show(
        request,
        "seller_center/invoice.html",
        status=refused.status if refused else 200,
        invoice=invoice,
        issued=current(invoice),
        items=list(invoice.items.all()),
        buyer=buyer_name(invoice.buyer),
        events=invoice_events(invoice),
        now=request.now,
        upload=InvoiceField(name="file", label=_("File of the invoice"), required=True, error=error),
        buyer_pays_courier=invoice.amount_minor < config().invoice_courier_free_minor,
        refused=refused,
        form=form,
        typed={name: request.POST.get(name, "") for name in TYPED},
    )


def _done(request: SellerRequest, pk: int, form: str, act: Callable[[Invoice], object], words: str) -> HttpResponse:
    """Do it, and say so; what is refused stands beside its field."""
    invoice = _own(request, pk)
    try:
        act(invoice)
    except IllegalTransition:
        messages.error(request, _("Somebody was faster: this is what became of it."))
    except Refused as refused:
        return _page(request, _own(request, pk), refused, form)
    else:
        messages.success(request, words)
    return redirect("seller_center:invoice", pk)


@require_POST
@seller_page(menu=Menu.TRADE)
def review(request: SellerRequest, pk: int) -> HttpResponse:
    """Accept the application, or refuse it with a reason."""
    if request.POST.get("answer") == "approve":
        return _done(
            request, pk, "review", lambda one: issuing.approve(one, by=request.user, now=request.now),
            _("Accepted. Issue it now, or before it is due."),
        )  # fmt: skip
    reason = request.POST.get("reason", "")
    return _done(
        request, pk, "review", lambda one: ending.reject(one, reason, by=request.user, now=request.now),
        _("Refused. The buyer reads why."),
    )  # fmt: skip


def _issue(request: SellerRequest) -> issuing.Issue:
    return issuing.Issue(
        by=request.user, number=request.POST.get("number", ""), files=files(), file=handed_in(request),
        carrier=request.POST.get("carrier", ""), parcel=request.POST.get("parcel", ""),
    )  # fmt: skip


@takes_invoice
@require_POST
@seller_page(menu=Menu.TRADE)
def issue(request: SellerRequest, pk: int) -> HttpResponse:
    """Hand in the file, or say how the parcel goes."""
    return _done(
        request, pk, "issue", lambda one: issuing.issue(one, _issue(request), now=request.now),
        _("Issued. The buyer is told."),
    )  # fmt: skip


@takes_invoice
@require_POST
@seller_page(menu=Menu.TRADE)
def correct(request: SellerRequest, pk: int) -> HttpResponse:
    """Another one in its place."""
    red_letter = request.POST.get("red_letter", "")
    return _done(
        request, pk, "correct",
        lambda one: issuing.correct(one, _issue(request), red_letter=red_letter, now=request.now),
        _("Corrected. The buyer is told."),
    )  # fmt: skip


for _view in (issue, correct):  # looking into ten megabytes must not hold the lock of SQLite
    _view.own_transactions = True  # type: ignore[attr-defined]


@require_POST
@seller_page(menu=Menu.TRADE)
def take_back(request: SellerRequest, pk: int) -> HttpResponse:
    """It no longer counts."""
    red_letter, reason = request.POST.get("red_letter", ""), request.POST.get("reason", "")
    return _done(
        request, pk, "take_back",
        lambda one: ending.take_back(one, red_letter=red_letter, reason=reason, by=request.user, now=request.now),
        _("Taken back. The buyer is told."),
    )  # fmt: skip


@require_POST
@seller_page(menu=Menu.TRADE)
def decline(request: SellerRequest, pk: int) -> HttpResponse:
    """Leave it as it is, although its buyer asked for something."""
    reason = request.POST.get("reason", "")
    return _done(
        request, pk, "decline", lambda one: issuing.decline(one, reason, by=request.user, now=request.now),
        _("It stays as it is. The buyer reads why."),
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def document(request: SellerRequest, pk: int) -> HttpResponse:
    return given(current(_own(request, pk)))
