"""How the price of a seller's own order line came about, and what it has earned with it."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from tradepost.market.identity.menus import Menu
from tradepost.market.orders import seller_queries
from tradepost.market.orders.explain import for_seller
from tradepost.market.orders.explain_queries import facts_of
from tradepost.market.orders.explained import SELLERS
from tradepost.market.web.explaining import explanation

from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def line(request: SellerRequest, number: str) -> HttpResponse:
    own = found(seller_queries.find_line(request.seller, number))
    [facts] = facts_of([own.order], lines=[own])
    return show(
        request,
        "seller_center/explain.html",
        **explanation(for_seller(facts), SELLERS),
        back=reverse("seller_center:order", args=[number]),
        about=own.number,
    )
