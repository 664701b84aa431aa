"""The price breakdown of an order line for its seller, with the seller's earnings."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from tradepost.market.identity.menus import Menu
from tradepost.market.orders import seller_queries
from tradepost.market.orders.explain import explain_for_seller
from tradepost.market.orders.explain_queries import facts_of
from tradepost.market.orders.explained import SELLER_KINDS
from tradepost.market.web.explaining import explanation

from .frame import SellerRequest, or_404, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def line(request: SellerRequest, number: str) -> HttpResponse:
    own = or_404(seller_queries.find_line(request.seller, number))
    [facts] = facts_of([own.order], lines=[own])
    return show(
        request,
        "seller_center/explain.html",
        **explanation(explain_for_seller(facts), SELLER_KINDS),
        back=reverse("seller_center:order", args=[number]),
        about=own.number,
    )
