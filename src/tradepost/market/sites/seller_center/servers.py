"""Servers that run the seller's images, with the hours that were charged and those that period images paid (business-rules §5)."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.identity.menus import Menu
from tradepost.market.images.seller_queries import running

from .frame import SellerRequest, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def index(request: SellerRequest) -> HttpResponse:
    return show(
        request, "seller_center/servers.html", page=running(request.seller, after=request.GET.get("after", ""))
    )  # fmt: skip
