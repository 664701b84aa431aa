"""A buyer's invoices: list, and detail page with file, history and contact."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.invoices import apply as applying
from tradepost.market.invoices import issue as issuing
from tradepost.market.invoices.deadlines import deadline_of
from tradepost.market.invoices.letters import letter_of, make_letter
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.queries import current_issued_invoice, invoice_of_buyer, invoices_of_buyer
from tradepost.market.invoices.usage_items import waiting_credit
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.invoice_files import invoice_download
from tradepost.market.web.invoice_letters import letter_file
from tradepost.market.web.pages import Empty, Link, Listing, moment, money, page_link, state, states, text, time_range
from tradepost.market.web.pages.guards import buyer_list, buyer_page
from tradepost.market.web.seller_contact import contact_of

LISTING: Listing[Invoice, Invoice] = Listing(
    name="storefront:invoices",
    title=gettext_lazy("My invoices"),
    up=Link(words=gettext_lazy("My orders"), page="storefront:orders"),
    layout="storefront/layout.html",
    source=lambda request, query, after, size: invoices_of_buyer(
        person(request), status=query["status"], within=query.within, after=after, size=size
    ),
    columns=(
        page_link(gettext_lazy("Application"), "number", "storefront:invoice", "pk", under="name", css="tp-whole"),
        text(gettext_lazy("Seller"), "seller:name"),
        moment(gettext_lazy("Requested"), "applied_at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "invoice"),
    ),
    filters=(states("invoice"), time_range()),
    empty=Empty(
        icon="file-invoice",
        title=gettext_lazy("No invoices yet"),
        text=gettext_lazy("You can apply for an invoice when an order is paid and delivered. The seller issues it."),
        action=gettext_lazy("Apply for an invoice"),
        page="storefront:invoice_apply",
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No invoices found"),
        text=gettext_lazy("Try another state or time."),
        action=gettext_lazy("Show all invoices"),
        page="storefront:invoices",
    ),
    links=(
        Link(words=gettext_lazy("Bill-to details"), page="storefront:invoice_titles", icon="users"),
        Link(words=gettext_lazy("Apply for an invoice"), page="storefront:invoice_apply", icon="plus", primary=True),
    ),
    size=20,
    file="invoices",
)
index = buyer_list(LISTING)


def _own_invoice(request: HttpRequest, pk: int) -> Invoice:
    invoice = invoice_of_buyer(person(request), pk)
    if invoice is None:
        raise Http404
    return invoice


@buyer_page
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _invoice_page(request, _own_invoice(request, pk), None)


def _invoice_page(request: HttpRequest, invoice: Invoice, refused: Refused | None) -> HttpResponse:
    items = list(invoice.items.all())
    first_item = items[0]
    if first_item.product is None:
        raise Http404  # a fee invoice belongs to the seller center
    issued = current_issued_invoice(invoice)
    context = {
        "invoice": invoice,
        "issued": issued,
        "letter": letter_of(issued, now=now_of(request)),
        "letter_months": config().invoices.invoice_letter_months,
        "items": items,
        "product": first_item.product,
        "contact": contact_of(invoice.seller, first_item.product, order=first_item.order_number),
        "waiting": waiting_credit(invoice),
        "seller": invoice.seller,
        "events": invoice_events(invoice),
        "buyer_pays_courier": invoice.amount_minor < config().invoices.invoice_courier_free_minor,
        "wishes": Invoice.Wish.choices,
        "refused": refused,
        "typed": {name: request.POST.get(name, "") for name in ("wish", "wish_reason")},
    }
    return render(request, "storefront/invoice.html", context)


@buyer_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = _own_invoice(request, pk)
    try:
        applying.cancel(invoice, now=now_of(request))
    except IllegalTransition:
        already_accepted = _(
            "The seller approved the application and is issuing the invoice, so you can no longer cancel it. "
            "After it is issued, you can ask the seller to return it."
        )
        already_closed = _("The application is closed. This page shows its state.")
        messages.error(request, already_accepted if invoice.status == Invoice.Status.TO_ISSUE else already_closed)
    else:
        messages.success(request, _("Application cancelled. You can apply again at any time."))
    return redirect("storefront:invoice", pk=pk)


@buyer_required
@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the seller to correct the invoice, or to withdraw it."""
    invoice = _own_invoice(request, pk)
    try:
        issuing.request_change(
            invoice, request.POST.get("wish", ""), request.POST.get("wish_reason", ""),
            patience=deadline_of(config().invoices), now=now_of(request),
        )  # fmt: skip
    except Refused as refused:
        return _invoice_page(request, _own_invoice(request, pk), refused)
    messages.success(request, _("Request sent to the seller. You will be notified of the answer."))
    return redirect("storefront:invoice", pk=pk)


@buyer_required
@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the file of the valid invoice."""
    return invoice_download(current_issued_invoice(_own_invoice(request, pk)))


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """Create the explanation letter, and download it."""
    invoice = _own_invoice(request, pk)
    if request.method == "POST":
        try:
            make_letter(invoice, months=config().invoices.invoice_letter_months, now=now_of(request))
        except Refused as refused:
            return _invoice_page(request, _own_invoice(request, pk), refused)
        messages.success(request, _("The letter was created and sealed. Download it on this page."))
        return redirect("storefront:invoice", pk=pk)
    explanation_letter = letter_of(current_issued_invoice(invoice), now=now_of(request))
    if explanation_letter is None:
        raise Http404
    return letter_file(explanation_letter, invoice)
