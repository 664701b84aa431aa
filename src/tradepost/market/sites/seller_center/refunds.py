"""Refunds of what the seller sold: what buyers ask for, and the seller's answer with its reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.fulfilment.unsubscribe import agree
from tradepost.market.identity.menus import Menu
from tradepost.market.orders import refund_requests
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_queries import refund_of_seller, refunds_of_seller
from tradepost.market.orders.refund_requests import MOST_PROOFS, Decision
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.web.refund_events import refund_events
from tradepost.market.web.refund_rules import rules_now
from tradepost.market.web.status import vocabulary
from tradepost.market.web.uploads import keep_proof, takes_pictures, uploaded_in

from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def index(request: SellerRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    refunds = refunds_of_seller(request.seller, status=status, after=request.GET.get("after", ""))
    return show(
        request, "seller_center/refunds.html", page=refunds, chosen=status, states=vocabulary("refund"),
        rows=[(refund, buyer_name(refund.buyer)) for refund in refunds.rows],
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, found(refund_of_seller(request.seller, pk)), None)


def _page(request: SellerRequest, refund: Refund, refused: Refused | None) -> HttpResponse:
    return show(
        request,
        "seller_center/refund.html",
        status=refused.status if refused else 200,
        refund=refund,
        product=refund.subscription.product,
        buyer=buyer_name(refund.buyer),
        phone=refund_requests.may_see_phone(refund, request.seller),
        proofs=refund_requests.proofs_of(refund),
        events=refund_events(refund),
        asked=refund.status == Refund.Status.SELLER_REVIEW,
        refused=refused,
        typed=request.POST.get("opinion", ""),
    )


@takes_pictures(0, proofs=MOST_PROOFS)
@require_POST
@seller_page(menu=Menu.TRADE)
def decide(request: SellerRequest, pk: int) -> HttpResponse:
    """Agree or refuse."""
    refund = found(refund_of_seller(request.seller, pk))
    try:
        decision = Decision(
            by=request.user, by_operator=False, opinion=request.POST.get("opinion", ""), proofs=_handed_in(request)
        )
        if request.POST.get("answer") == "agree":
            agree(refund, decision, rules=rules_now(), now=request.now)
            messages.success(request, _("You agreed: the money is paid back, and the service ends."))
        else:
            refund_requests.reject(refund, decision, now=request.now)
            messages.success(request, _("You refused. The buyer reads why."))
    except IllegalTransition:
        messages.error(request, _("This request is decided already."))
    except Refused as refused:
        return _page(request, refund, refused)
    return redirect("seller_center:refund", pk)


def _handed_in(request: SellerRequest) -> tuple[str, ...]:
    uploads = [one for n in range(MOST_PROOFS) if (one := uploaded_in(request, f"proof_{n}")) is not None]
    kept = [keep_proof(one, seller=request.seller, by=request.user, now=request.now).sha256 for one in uploads]
    return tuple(dict.fromkeys(kept))
