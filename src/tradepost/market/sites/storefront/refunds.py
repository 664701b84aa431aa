"""A buyer's refunds: list, and detail page with refunded orders, statements of both sides and possible acts."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.assets.models import Proof
from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.base.numbers import decimal_number
from tradepost.market.base.paging import Page
from tradepost.market.fulfilment.deletion import deleted_by
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.orders import refund_requests
from tradepost.market.orders.refund_list import ListedRefund, RefundFilter, refunds_of_buyer
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_queries import refund_of_buyer
from tradepost.market.orders.refund_requests import MAX_PROOFS, RefundRequest, ResponseTimes, request_refund
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    fragment,
    moment,
    money,
    state,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import buyer_act, buyer_list, buyer_page
from tradepost.market.web.proofs import proof_download
from tradepost.market.web.refund_events import refund_events
from tradepost.market.web.refund_rules import rules_now
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.uploads import keep_proof, takes_pictures, uploaded_file

from .unsubscribe import page


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[ListedRefund]:
    narrowed = RefundFilter(status=query["status"], since=query.since, until=query.until)
    return refunds_of_buyer(person(request), narrowed, after=after, size=size)


LISTING: Listing[ListedRefund, ListedRefund] = Listing(
    name="storefront:refunds",
    title=gettext_lazy("My refunds"),
    up=Link(words=gettext_lazy("My orders"), page="storefront:orders"),
    layout="storefront/layout.html",
    source=_source,
    columns=(
        fragment(gettext_lazy("Product"), "product:name", "storefront/parts/listed_refund.html", labelled=False),
        text(gettext_lazy("Type"), "kind", on_page=False),
        moment(gettext_lazy("Date"), "at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "refund"),
    ),
    filters=(states("refund"), time_range()),
    empty=Empty(
        icon="arrow-back-up",
        title=gettext_lazy("No refunds yet"),
        text=gettext_lazy(
            "Refunds of services that you unsubscribe from, and of orders that could not be delivered, appear here."
        ),
        action=gettext_lazy("My services"),
        page="storefront:subscriptions",
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No refunds found"),
        text=gettext_lazy("Try another state or time."),
        action=gettext_lazy("Show all refunds"),
        page="storefront:refunds",
    ),
    size=20,
    file="refunds",
)
index = buyer_list(LISTING)


def _own_refund(request: HttpRequest, pk: int) -> Refund:
    refund = refund_of_buyer(person(request), pk)
    if refund is None:
        raise Http404
    return refund


@buyer_page
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _refund_page(request, _own_refund(request, pk), None)


def _refund_page(request: HttpRequest, refund: Refund, refused: Refused | None) -> HttpResponse:
    now, with_seller = now_of(request), refund.status == Refund.Status.SELLER_REVIEW
    context = {
        "refund": refund,
        "product": refund.subscription.product,
        "contact": contact_of(refund.seller, refund.subscription.product, service=refund.subscription_id),
        "deleted_by": deleted_by(refund.subscription),
        "living": refund.subscription.status in LIVE_STATUSES,
        "proofs": refund_requests.proofs_of(refund),
        "events": refund_events(refund),
        "may_appeal": with_seller and refund.appeal_at is not None and refund.appeal_at <= now,
        "may_contact": with_seller and refund.contact_at is not None and refund.contact_at <= now,
        "refused": refused,
        "typed": request.POST.get("appeal", ""),
    }
    return render(request, "storefront/refund.html", context)


@buyer_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        refund_requests.withdraw(_own_refund(request, pk), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This request has already been decided."))
    else:
        messages.success(request, _("You withdrew the request."))
    return redirect("storefront:refund", pk=pk)


@buyer_required
@require_POST
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    refund = _own_refund(request, pk)
    try:
        refund_requests.appeal(refund, request.POST.get("appeal", ""), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This request has already been decided."))
    except Refused as refused:
        return _refund_page(request, refund, refused)
    else:
        messages.success(request, _("You requested a decision by the operator."))
    return redirect("storefront:refund", pk=pk)


@buyer_required
@require_safe
def document(request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    """Return a document of either side as a download: a PDF shown inline could run content in the market's origin."""
    proof = refund_requests.find_proof(_own_refund(request, pk), sha256)
    return proof_download(proof)


@takes_pictures(0, proofs=MAX_PROOFS)
@buyer_act
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the seller of a service for a refund."""
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    settings, proofs = config(), _earlier_proofs(request, service)
    try:
        proofs += _new_proofs(request, service, most=MAX_PROOFS - len(proofs))
        refund = request_refund(
            person(request),
            _refund_request(request, service, proofs),
            rules=rules_now(),
            patience=response_times(),
            a_day=settings.orders.refund_requests_a_day,
            now=now_of(request),
            stalled=stalled_orders(service),
        )
    except Refused as refused:
        return page(request, service, refused, proofs=proofs)
    return redirect("storefront:refund", pk=refund.pk)


def response_times() -> ResponseTimes:
    settings = config()
    return ResponseTimes(
        contact_workdays=settings.orders.refund_contact_workdays,
        appeal_days=settings.orders.refund_appeal_days,
        zone=timezone.get_default_timezone(),
    )


def _earlier_proofs(request: HttpRequest, service: Subscription) -> list[Proof]:
    """Return the documents that this buyer submitted with the form before, so that corrections need no second upload."""
    hashes = request.POST.getlist("kept")[:MAX_PROOFS]
    return list(Proof.objects.filter(sha256__in=hashes, seller=service.seller, by=person(request)).order_by("pk"))


def _new_proofs(request: HttpRequest, service: Subscription, *, most: int) -> list[Proof]:
    uploads = [file for index in range(MAX_PROOFS) if (file := uploaded_file(request, f"proof_{index}")) is not None]
    return [
        keep_proof(upload, seller=service.seller, by=person(request), now=now_of(request), of_buyer=True)
        for upload in uploads[:most]
    ]


def _refund_request(request: HttpRequest, service: Subscription, proofs: list[Proof]) -> RefundRequest:
    return RefundRequest(
        subscription=service.pk,
        amount_minor=_minor_units(request.POST.get("amount", ""), service.offer.currency),
        reason=request.POST.get("reason", ""),
        shows_phone=request.POST.get("shows_phone") == "on",
        proofs=tuple(dict.fromkeys(proof.sha256 for proof in proofs)),
    )


def _minor_units(text: str, currency: str) -> int:
    """Convert an amount to minor units; -1 for invalid input."""
    number = decimal_number(text, digits=10, decimals=MINOR_DIGITS[currency])
    return -1 if number is None else Money.of(number, currency).minor
