"""Refunds of the seller's sales: buyers' requests, and the seller's answer with its reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.paging import Page
from tradepost.market.fulfilment.deletion import deleted_by
from tradepost.market.fulfilment.unsubscribe import approve_refund
from tradepost.market.identity.menus import Menu
from tradepost.market.orders import refund_requests
from tradepost.market.orders.refund_list import ListedRefund, RefundFilter, refunds_of_seller
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_queries import refund_of_seller
from tradepost.market.orders.refund_requests import MAX_PROOFS, Decision
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.web.pages import (
    Empty,
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
from tradepost.market.web.refund_events import refund_events
from tradepost.market.web.refund_rules import rules_now
from tradepost.market.web.uploads import keep_proof, takes_pictures, uploaded_file

from .frame import SellerRequest, or_404, seller_list, seller_page, show


def _source(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[ListedRefund]:
    narrowed = RefundFilter(status=query["status"], since=query.since, until=query.until)
    return refunds_of_seller(request.seller, narrowed, after=after, size=size)


LISTING: Listing[ListedRefund, ListedRefund] = Listing(
    name="seller_center:refunds",
    title=gettext_lazy("Refunds"),
    layout="seller_center/layout.html",
    source=_source,
    columns=(
        fragment(gettext_lazy("Product"), "product:name", "seller_center/parts/listed_refund.html", labelled=False),
        text(gettext_lazy("Type"), "kind", on_page=False),
        text(gettext_lazy("Buyer"), lambda row: buyer_name(row.buyer) or "–"),
        moment(gettext_lazy("Date"), "at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "refund"),
    ),
    filters=(states("refund"), time_range()),
    empty=Empty(
        icon="arrow-back-up",
        title=gettext_lazy("No refunds"),
        text=gettext_lazy(
            "Refunds of services that buyers unsubscribe from, refund requests, and refunds of orders that were not delivered appear here."
        ),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No refunds found"),
        text=gettext_lazy("Try another state or time."),
        action=gettext_lazy("Show all refunds"),
        page="seller_center:refunds",
    ),
    file="refunds",
)
index = seller_list(LISTING, menu=Menu.TRADE)


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, or_404(refund_of_seller(request.seller, pk)), None)


def _page(request: SellerRequest, refund: Refund, refused: Refused | None) -> HttpResponse:
    return show(
        request,
        "seller_center/refund.html",
        refund=refund,
        product=refund.subscription.product,
        deleted_by=deleted_by(refund.subscription),
        buyer=buyer_name(refund.buyer),
        phone=refund_requests.visible_phone(refund, request.seller),
        proofs=refund_requests.proofs_of(refund),
        events=refund_events(refund),
        asked=refund.status == Refund.Status.SELLER_REVIEW,
        refused=refused,
        typed=request.POST.get("opinion", ""),
    )


@takes_pictures(0, proofs=MAX_PROOFS)
@require_POST
@seller_page(menu=Menu.TRADE)
def decide(request: SellerRequest, pk: int) -> HttpResponse:
    """Agree to a refund, or reject it."""
    refund = or_404(refund_of_seller(request.seller, pk))
    try:
        decision = Decision(
            by=request.user,
            by_operator=False,
            opinion=request.POST.get("opinion", ""),
            proofs=_submitted_proofs(request),
        )
        if request.POST.get("answer") == "agree":
            approve_refund(refund, decision, rules=rules_now(), now=request.now)
            messages.success(request, _("You agreed. The payment is refunded, and the service ends."))
        else:
            refund_requests.reject(refund, decision, now=request.now)
            messages.success(request, _("You refused. The buyer can see your reason."))
    except IllegalTransition:
        messages.error(request, _("This request has already been decided."))
    except Refused as refused:
        return _page(request, refund, refused)
    return redirect("seller_center:refund", pk)


def _submitted_proofs(request: SellerRequest) -> tuple[str, ...]:
    uploads = [file for n in range(MAX_PROOFS) if (file := uploaded_file(request, f"proof_{n}")) is not None]
    hashes = [keep_proof(upload, seller=request.seller, by=request.user, now=request.now).sha256 for upload in uploads]
    return tuple(dict.fromkeys(hashes))
