"""Invoices that buyers apply for: open applications with their deadline, and detail page with the seller's acts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.menus import Menu
from tradepost.market.invoices.models import Invoice, InvoiceType
from tradepost.market.invoices.queries import current_issued_invoice, invoice_of_seller, invoices_of_seller, waiting_for
from tradepost.market.invoices.types import has_chosen, offered_by, set_types
from tradepost.market.invoices.usage_items import waiting_credit
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.web.invoice_acts import forms_context, submitted_act
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.invoice_files import invoice_download, takes_invoice
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    moment,
    money,
    page_link,
    state,
    states,
    text,
    time_range,
)

from .frame import SellerRequest, may_change, or_404, seller_list, seller_page, show


def _waiting_context(request: SellerRequest, query: ListQuery) -> dict[str, object]:
    """Return the invoices that wait for the seller, most urgent first, above the list."""
    narrowed = query.narrowed or request.GET.get("after")
    return {
        "waiting": [] if narrowed else waiting_for(request.seller),
        "unset": not has_chosen(request.seller),
        "now": request.now,
    }


LISTING: Listing[Invoice, Invoice] = Listing(
    name="seller_center:invoices",
    title=gettext_lazy("Invoices"),
    layout="seller_center/layout.html",
    template="seller_center/invoices.html",
    source=lambda request, query, after, size: invoices_of_seller(
        request.seller, status=query["status"], within=query.within, after=after, size=size
    ),
    columns=(
        page_link(gettext_lazy("Application"), "number", "seller_center:invoice", "pk", under="name", css="tp-whole"),
        text(gettext_lazy("Type"), "get_invoice_type_display"),
        moment(gettext_lazy("Requested"), "applied_at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "invoice"),
    ),
    filters=(states("invoice"), time_range()),
    empty=Empty(
        icon="file-invoice",
        title=gettext_lazy("No invoices"),
        text=gettext_lazy("Applications from buyers appear here with their deadline."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No invoices found"),
        text=gettext_lazy("Try another state or time."),
        action=gettext_lazy("Show all invoices"),
        page="seller_center:invoices",
    ),
    links=(
        Link(
            words=gettext_lazy("Issue invoices in bulk"),
            page="seller_center:invoice_batch",
            icon="upload",
            may=may_change,
        ),
        Link(words=gettext_lazy("Types of invoices"), page="seller_center:invoice_types", icon="settings"),
    ),
    also=_waiting_context,
    file="invoices",
)
index = seller_list(LISTING, menu=Menu.TRADE)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TRADE)
def types(request: SellerRequest) -> HttpResponse:
    """Show and save the types of invoices that this seller issues."""
    refused = None
    if request.method == "POST":
        try:
            set_types(request.seller, request.POST.getlist("types"))
        except Refused as refusal:
            refused = refusal
        else:
            messages.success(request, _("Saved. Buyers can now choose from these types."))
            return redirect("seller_center:invoice_types")
    offered = frozenset() if refused else offered_by(request.seller)
    return show(
        request, "seller_center/invoice_types.html", refused=refused,
        types=[(invoice_type, invoice_type in offered) for invoice_type in InvoiceType], unset=not has_chosen(request.seller),
    )  # fmt: skip


def _own_invoice(request: SellerRequest, pk: int) -> Invoice:
    return or_404(invoice_of_seller(request.seller, pk))


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own_invoice(request, pk))


def _page(request: SellerRequest, invoice: Invoice, refused: Refused | None = None, form: str = "") -> HttpResponse:
    """Render the page. ``form``: name of the refused form."""
    return show(
        request,
        "seller_center/invoice.html",
        invoice=invoice,
        issued=current_issued_invoice(invoice),
        items=list(invoice.items.all()),
        waiting=waiting_credit(invoice),
        buyer=invoice.payer.name if invoice.payer else buyer_name(invoice.buyer),
        events=invoice_events(invoice),
        now=request.now,
        **forms_context(request, invoice, refused, form),
    )


def _run_act(request: SellerRequest, pk: int, form: str) -> HttpResponse:
    """Run the act of a form and redirect with its message. A refusal is shown beside its field."""
    invoice = _own_invoice(request, pk)
    act = submitted_act(request, form, by=request.user, now=request.now)
    try:
        act.do(invoice)
    except IllegalTransition:
        messages.error(request, _("Someone else has already processed this request. The current state is shown below."))
    except Refused as refused:
        return _page(request, _own_invoice(request, pk), refused, form)
    else:
        messages.success(request, act.said)
    return redirect("seller_center:invoice", pk)


@require_POST
@seller_page(menu=Menu.TRADE)
def review(request: SellerRequest, pk: int) -> HttpResponse:
    """Accept the application, or reject it with a reason."""
    return _run_act(request, pk, "review")


@takes_invoice
@require_POST
@seller_page(menu=Menu.TRADE)
def issue(request: SellerRequest, pk: int) -> HttpResponse:
    """Submit the file, or the parcel's data."""
    return _run_act(request, pk, "issue")


@takes_invoice
@require_POST
@seller_page(menu=Menu.TRADE)
def correct(request: SellerRequest, pk: int) -> HttpResponse:
    """Replace the invoice with a corrected one."""
    return _run_act(request, pk, "correct")


for _view in (issue, correct):  # reading ten megabytes must not hold SQLite's write lock
    _view.own_transactions = True  # type: ignore[attr-defined]


@require_POST
@seller_page(menu=Menu.TRADE)
def take_back(request: SellerRequest, pk: int) -> HttpResponse:
    """Withdraw the invoice."""
    return _run_act(request, pk, "take_back")


@require_POST
@seller_page(menu=Menu.TRADE)
def decline(request: SellerRequest, pk: int) -> HttpResponse:
    """Decline the buyer's request to change the invoice."""
    return _run_act(request, pk, "decline")


@require_safe
@seller_page(menu=Menu.TRADE)
def document(request: SellerRequest, pk: int) -> HttpResponse:
    return invoice_download(current_issued_invoice(_own_invoice(request, pk)))
