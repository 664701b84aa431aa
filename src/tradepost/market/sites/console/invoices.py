"""Invoices of the market: what sellers let pass first, and what operators issue themselves: of the market's own products, and over its
fee. Those of sellers operators only read."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.queries import all_invoices, current, find_invoice, of_the_market, overdue
from tradepost.market.invoices.usage_items import waiting_credit
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.invoice_acts import act_asked, forms_of
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.invoice_files import given, takes_invoice
from tradepost.market.web.status import vocabulary

MOST = 100
"""Overdue ones on the first page, and those that operators issue."""


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status, after = request.GET.get("status", ""), request.GET.get("after", "")
    context = {
        "page": all_invoices(status=status, after=after),
        "overdue": [] if status or after else list(overdue()[:MOST]),
        "own": [] if status or after else list(of_the_market()[:MOST]),
        "status": status,
        "states": vocabulary("invoice"),
        "now": now_of(request),
    }
    return render(request, "console/invoices.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(pk))


def _found(pk: int) -> Invoice:
    invoice = find_invoice(pk)
    if invoice is None:
        raise Http404
    return invoice


def _own(pk: int) -> Invoice:
    """One that the market issues; a seller's is no matter of operators."""
    invoice = _found(pk)
    if not invoice.seller.self_operated:
        raise Http404
    return invoice


def _page(request: HttpRequest, invoice: Invoice, refused: Refused | None = None, form: str = "") -> HttpResponse:
    """``form``: which of the page's forms was refused."""
    context = {
        "invoice": invoice,
        "issued": current(invoice),
        "items": list(invoice.items.all()),
        "waiting": waiting_credit(invoice),
        "events": invoice_events(invoice),
        "now": now_of(request),
        **forms_of(request, invoice, refused, form),
    }
    return render(request, "console/invoice.html", context, status=refused.status if refused else 200)


def _done(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """Do what the form asks, and say so; what is refused stands beside its field."""
    invoice = _own(pk)
    act = act_asked(request, form, by=person(request), now=now_of(request))
    try:
        act.do(invoice)
    except IllegalTransition:
        messages.error(request, _("Somebody was faster: this is what became of it."))
    except Refused as refused:
        return _page(request, _own(pk), refused, form)
    else:
        messages.success(request, act.said)
    return redirect("console:invoice", pk)


@operator_required
@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the application, or refuse it with a reason."""
    return _done(request, pk, "review")


@takes_invoice
@operator_required
@require_POST
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand in the file, or say how the parcel goes."""
    return _done(request, pk, "issue")


@takes_invoice
@operator_required
@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Another one in its place."""
    return _done(request, pk, "correct")


@operator_required
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """It no longer counts."""
    return _done(request, pk, "take_back")


@operator_required
@require_POST
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave it as it is, although its buyer asked for something."""
    return _done(request, pk, "decline")


@operator_required
@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The file of one that the market issued."""
    del request
    return given(current(_own(pk)))
