"""Supervised deliveries of the seller's sales: list, and detail page with current step and possible acts."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.identity.menus import Menu
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.product_types.flows.contract import Party
from tradepost.market.supervision import cancel, queries
from tradepost.market.supervision.act import act as act_on
from tradepost.market.supervision.appeal import appeal as appeal_to
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.pages import Empty, Listing, moment, money, page_link, state, states, text, time_range
from tradepost.market.web.supervision_view import (
    MAX_PROOFS,
    clocks_now,
    document_of,
    submitted_act,
    submitted_proofs,
    submitted_values,
    supervision_context,
)
from tradepost.market.web.uploads import takes_pictures

from .frame import SellerRequest, or_404, seller_list, seller_page, show


def _turn_label(supervision: Supervision) -> str:
    is_sellers_turn = supervision.status == Supervision.Status.RUNNING and supervision.owner == Party.SELLER
    return _("Your turn") if is_sellers_turn else ""


LISTING: Listing[Supervision, Supervision] = Listing(
    name="seller_center:supervisions",
    title=gettext_lazy("Deliveries"),
    layout="seller_center/layout.html",
    source=lambda request, query, after, size: queries.deliveries_of_seller(
        request.seller, status=query["status"], within=query.within, after=after, size=size
    ),
    columns=(
        page_link(gettext_lazy("Product"), "line:product_name", "seller_center:supervision", "pk", under=_turn_label),
        text(gettext_lazy("Buyer"), lambda one: buyer_name(one.buyer)),
        moment(gettext_lazy("Start time"), "opened_at"),
        money(gettext_lazy("Amount"), "line.amount"),
        state(gettext_lazy("State"), "supervision"),
    ),
    filters=(states("supervision", also=[("mine", gettext_lazy("Your turn"))]), time_range()),
    empty=Empty(
        icon="truck-delivery",
        title=gettext_lazy("No deliveries"),
        text=gettext_lazy("Orders that you deliver step by step appear here until the buyer accepts them."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No deliveries found"),
        text=gettext_lazy("Try another state or time."),
        action=gettext_lazy("Show all deliveries"),
        page="seller_center:supervisions",
    ),
    file="deliveries",
)
index = seller_list(LISTING, menu=Menu.TRADE)


def _own_supervision(request: SellerRequest, pk: int) -> Supervision:
    return or_404(queries.find_delivery(pk, seller=request.seller))


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own_supervision(request, pk), None)


def _page(request: SellerRequest, supervision: Supervision, refused: Refused | None) -> HttpResponse:
    return show(
        request, "seller_center/supervision.html", buyer=buyer_name(supervision.buyer),
        **supervision_context(supervision, Party.SELLER, request, refused),
    )  # fmt: skip


def _run_act(request: SellerRequest, pk: int, change: Callable[[Supervision], object], message: str) -> HttpResponse:
    own = _own_supervision(request, pk)
    try:
        change(own)
    except Refused as refused:
        return _page(request, _own_supervision(request, pk), refused)
    messages.success(request, message)
    return redirect("seller_center:supervision", pk)


@takes_pictures(0, proofs=MAX_PROOFS)
@require_POST
@seller_page(menu=Menu.TRADE)
def act(request: SellerRequest, pk: int) -> HttpResponse:
    def do(own: Supervision) -> None:
        values = submitted_values(request, own, by=request.user, of_buyer=False, now=request.now)
        act_on(pk, Party.SELLER, submitted_act(request), values, by=request.user, clocks=clocks_now(), now=request.now)

    return _run_act(request, pk, do, _("Saved. Both parties can see it here."))


@require_POST
@seller_page(menu=Menu.TRADE)
def answer(request: SellerRequest, pk: int) -> HttpResponse:
    """Answer a buyer's request to cancel, or give up the delivery."""
    words = request.POST.get("answer", "")
    if request.POST.get("decision") == "agree":
        return _run_act(
            request, pk,
            lambda _own: cancel.agree(pk, words, by=request.user, clocks=clocks_now(), now=request.now),
            _("Refunded to the buyer's balance."),
        )  # fmt: skip
    return _run_act(
        request,
        pk,
        lambda _own: cancel.decline(pk, words, now=request.now),
        _("You declined. The buyer can see your reason."),
    )


@takes_pictures(0, proofs=MAX_PROOFS)
@require_POST
@seller_page(menu=Menu.TRADE)
def appeal(request: SellerRequest, pk: int) -> HttpResponse:
    def do(own: Supervision) -> None:
        proofs = submitted_proofs(request, own, by=request.user, of_buyer=False, now=request.now)
        words = request.POST.get("appeal", "")
        appeal_to(pk, Party.SELLER, words, proofs, by=request.user, clocks=clocks_now(), now=request.now)

    return _run_act(request, pk, do, _("You requested a decision by the operator. The delivery is paused until then."))


@require_safe
@seller_page(menu=Menu.TRADE)
def document(request: SellerRequest, pk: int, sha256: str) -> HttpResponse:
    return document_of(_own_supervision(request, pk), sha256)
