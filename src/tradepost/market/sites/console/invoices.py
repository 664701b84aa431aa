"""Invoices of the market: overdue ones of sellers, and those that operators issue for the market's own products and its
fee. Sellers' invoices are read-only."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.paging import Page
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.queries import (
    all_invoices,
    current_issued_invoice,
    find_invoice,
    market_invoices,
    overdue_invoices,
)
from tradepost.market.invoices.usage_items import waiting_credit
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.invoice_acts import forms_context, submitted_act
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.invoice_files import invoice_download, takes_invoice
from tradepost.market.web.pages import (
    Empty,
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
from tradepost.market.web.pages.guards import operator_list

from .list_parts import LAYOUT, seller_column

MAX_ROWS = 100
"""Maximum number of overdue invoices, and of invoices to issue, on the first page."""


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Invoice]:
    del request
    return all_invoices(status=query["status"], since=query.since, until=query.until, after=after, size=size)


def _tasks(request: HttpRequest, query: ListQuery) -> dict[str, list[Invoice]]:
    """Return the invoices that operators have to handle, above the first page."""
    if query.narrowed or request.GET.get("after"):
        return {}
    return {"overdue": list(overdue_invoices()[:MAX_ROWS]), "own": list(market_invoices()[:MAX_ROWS])}


def _receiver(invoice: Invoice) -> str:
    if invoice.payer:
        return _("Fee of the market: %(seller)s") % {"seller": localised_name(invoice.payer, "name")}
    return invoice.buyer.email


LISTING: Listing[Invoice, Invoice] = Listing(
    name="console:invoices",
    title=gettext_lazy("Invoices"),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(gettext_lazy("Application"), "number", "console:invoice", "pk", under=_receiver, css="tp-id"),
        text(gettext_lazy("Invoice receiver"), _receiver, on_page=False),
        seller_column(),
        moment(gettext_lazy("Applied on"), "applied_at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "invoice"),
    ),
    filters=(states("invoice"), time_range()),
    empty=Empty(
        icon="file-text",
        title=gettext_lazy("No invoices yet"),
        text=gettext_lazy("Invoices appear here when buyers apply for them. Overdue ones are listed first."),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No invoices found"), text=gettext_lazy("Try another state or time.")
    ),
    file="invoices",
    template="console/invoices.html",
    also=_tasks,
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _invoice(pk))


def _invoice(pk: int) -> Invoice:
    invoice = find_invoice(pk)
    if invoice is None:
        raise Http404
    return invoice


def _market_invoice(pk: int) -> Invoice:
    """Return an invoice that the market issues; 404 for a seller's."""
    invoice = _invoice(pk)
    if not invoice.seller.self_operated:
        raise Http404
    return invoice


def _page(request: HttpRequest, invoice: Invoice, refused: Refused | None = None, form: str = "") -> HttpResponse:
    """Render the page. ``form``: name of the refused form."""
    context = {
        "invoice": invoice,
        "issued": current_issued_invoice(invoice),
        "items": list(invoice.items.all()),
        "waiting": waiting_credit(invoice),
        "events": invoice_events(invoice),
        "now": now_of(request),
        **forms_context(request, invoice, refused, form),
    }
    return render(request, "console/invoice.html", context)


def _run_act(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """Run the act of a form and redirect with its message. A refusal is shown beside its field."""
    invoice = _market_invoice(pk)
    act = submitted_act(request, form, by=person(request), now=now_of(request))
    try:
        act.do(invoice)
    except IllegalTransition:
        messages.error(request, _("Someone else has already processed this request. The current state is shown below."))
    except Refused as refused:
        return _page(request, _market_invoice(pk), refused, form)
    else:
        messages.success(request, act.said)
    return redirect("console:invoice", pk)


@operator_required
@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the application, or reject it with a reason."""
    return _run_act(request, pk, "review")


@takes_invoice
@operator_required
@require_POST
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """Submit the file, or the parcel's data."""
    return _run_act(request, pk, "issue")


@takes_invoice
@operator_required
@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace the invoice with a corrected one."""
    return _run_act(request, pk, "correct")


@operator_required
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw the invoice."""
    return _run_act(request, pk, "take_back")


@operator_required
@require_POST
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Decline the buyer's request to change the invoice."""
    return _run_act(request, pk, "decline")


@operator_required
@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the file of an invoice that the market issued."""
    del request
    return invoice_download(current_issued_invoice(_market_invoice(pk)))
