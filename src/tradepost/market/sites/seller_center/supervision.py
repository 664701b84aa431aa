"""Supervised deliveries of what the seller sold: the list, and one with what is waited for and what can be done."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.identity.menus import Menu
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.product_types.flows.contract import Party
from tradepost.market.supervision import cancel, queries
from tradepost.market.supervision.act import act as act_on
from tradepost.market.supervision.appeal import appeal as appeal_to
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.status import vocabulary
from tradepost.market.web.supervision_view import (
    MOST_PROOFS,
    act_of,
    clocks_now,
    context_of,
    document_of,
    proofs_in,
    said_in,
    status_of,
)
from tradepost.market.web.uploads import takes_pictures

from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def index(request: SellerRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    page = queries.of_seller(request.seller, status=status, after=request.GET.get("after", ""))
    return show(
        request, "seller_center/supervisions.html", page=page, chosen=status,
        states=[("mine", _("Your turn")), *vocabulary("supervision")],
        rows=[(one, buyer_name(one.buyer)) for one in page.rows],
    )  # fmt: skip


def _own(request: SellerRequest, pk: int) -> Supervision:
    return found(queries.find(pk, seller=request.seller))


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk), None)


def _page(request: SellerRequest, supervision: Supervision, refused: Refused | None) -> HttpResponse:
    return show(
        request, "seller_center/supervision.html", status=status_of(refused), buyer=buyer_name(supervision.buyer),
        **context_of(supervision, Party.SELLER, request, refused),
    )  # fmt: skip


def _do(request: SellerRequest, pk: int, what: Callable[[Supervision], object], told: str) -> HttpResponse:
    own = _own(request, pk)
    try:
        what(own)
    except Refused as refused:
        return _page(request, _own(request, pk), refused)
    messages.success(request, told)
    return redirect("seller_center:supervision", pk)


@takes_pictures(0, proofs=MOST_PROOFS)
@require_POST
@seller_page(menu=Menu.TRADE)
def act(request: SellerRequest, pk: int) -> HttpResponse:
    def do(own: Supervision) -> None:
        said = said_in(request, own, by=request.user, of_buyer=False, now=request.now)
        act_on(pk, Party.SELLER, act_of(request), said, by=request.user, clocks=clocks_now(), now=request.now)

    return _do(request, pk, do, _("Done. Both sides see it here."))


@require_POST
@seller_page(menu=Menu.TRADE)
def answer(request: SellerRequest, pk: int) -> HttpResponse:
    """To a buyer who wants it cancelled; or the seller gives it up."""
    words = request.POST.get("answer", "")
    if request.POST.get("decision") == "agree":
        return _do(
            request, pk,
            lambda _own: cancel.agree(pk, words, by=request.user, clocks=clocks_now(), now=request.now),
            _("Done. What goes back is on the buyer's balance."),
        )  # fmt: skip
    return _do(
        request, pk, lambda _own: cancel.decline(pk, words, now=request.now), _("You declined. The buyer reads why.")
    )


@takes_pictures(0, proofs=MOST_PROOFS)
@require_POST
@seller_page(menu=Menu.TRADE)
def appeal(request: SellerRequest, pk: int) -> HttpResponse:
    def do(own: Supervision) -> None:
        proofs = proofs_in(request, own, by=request.user, of_buyer=False, now=request.now)
        words = request.POST.get("appeal", "")
        appeal_to(pk, Party.SELLER, words, proofs, by=request.user, clocks=clocks_now(), now=request.now)

    return _do(request, pk, do, _("The operator is asked to decide. Until then the delivery stands still."))


@require_safe
@seller_page(menu=Menu.TRADE)
def document(request: SellerRequest, pk: int, sha256: str) -> HttpResponse:
    return document_of(_own(request, pk), sha256)
