"""A buyer's invoices: the list, and one with its file, what happened, where to look for it and whom to ask."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.invoices import apply as applying
from tradepost.market.invoices import issue as issuing
from tradepost.market.invoices.letters import letter_of, make_letter
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.patience import patience_of
from tradepost.market.invoices.queries import current, invoice_of_buyer, invoices_of_buyer
from tradepost.market.invoices.usage_items import waiting_credit
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.invoice_files import given
from tradepost.market.web.invoice_letters import letter_file
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.status import vocabulary

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    context = {
        "page": invoices_of_buyer(person(request), status=status, after=request.GET.get("after", "")),
        "status": status,
        "states": vocabulary("invoice"),
    }
    return render(request, "storefront/invoices.html", context)


def _own(request: HttpRequest, pk: int) -> Invoice:
    found = invoice_of_buyer(person(request), pk)
    if found is None:
        raise Http404
    return found


@buyer_required
@private
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _detail(request, _own(request, pk), None)


def _detail(request: HttpRequest, invoice: Invoice, refused: Refused | None) -> HttpResponse:
    items = list(invoice.items.all())
    first = items[0]
    if first.product is None:
        raise Http404  # over a fee: the seller's, in its center
    issued = current(invoice)
    context = {
        "invoice": invoice,
        "issued": issued,
        "letter": letter_of(issued, now=now_of(request)),
        "letter_months": config().invoice_letter_months,
        "items": items,
        "product": first.product,
        "contact": contact_of(invoice.seller, first.product, order=first.order_number),
        "waiting": waiting_credit(invoice),
        "seller": invoice.seller,
        "events": invoice_events(invoice),
        "buyer_pays_courier": invoice.amount_minor < config().invoice_courier_free_minor,
        "wishes": Invoice.Wish.choices,
        "refused": refused,
        "typed": {name: request.POST.get(name, "") for name in ("wish", "wish_reason")},
    }
    return render(request, "storefront/invoice.html", context, status=refused.status if refused else 200)


@buyer_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = _own(request, pk)
    try:
        applying.cancel(invoice, now=now_of(request))
    except IllegalTransition:
        accepted = _(
            "The seller accepted it and is issuing it. It cannot be cancelled any more; once it is issued, you can ask the seller to take it back."
        )
        ended = _("The application is not open any more. This page shows its state.")
        messages.error(request, accepted if invoice.status == Invoice.Status.TO_ISSUE else ended)
    else:
        messages.success(request, _("You cancelled the application. You can apply anew at any time."))
    return redirect("storefront:invoice", pk=pk)


@buyer_required
@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the seller to correct it, or to take it back."""
    invoice = _own(request, pk)
    try:
        issuing.ask_for(
            invoice, request.POST.get("wish", ""), request.POST.get("wish_reason", ""),
            patience=patience_of(config()), now=now_of(request),
        )  # fmt: skip
    except Refused as refused:
        return _detail(request, _own(request, pk), refused)
    messages.success(request, _("The seller is asked. You are told of the answer."))
    return redirect("storefront:invoice", pk=pk)


@buyer_required
@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The file of the invoice that holds."""
    return given(current(_own(request, pk)))


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the explanation letter made, and get it."""
    invoice = _own(request, pk)
    if request.method == "POST":
        try:
            make_letter(invoice, months=config().invoice_letter_months, now=now_of(request))
        except Refused as refused:
            return _detail(request, _own(request, pk), refused)
        messages.success(request, _("The letter is made and sealed. Download it on this page."))
        return redirect("storefront:invoice", pk=pk)
    found = letter_of(current(invoice), now=now_of(request))
    if found is None:
        raise Http404
    return letter_file(found, invoice)
