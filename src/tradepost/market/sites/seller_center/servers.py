"""Servers that run the seller's images, with the hours that were charged and those that period images paid (business-rules §5)."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.identity.menus import Menu
from tradepost.market.images.seller_queries import running
from tradepost.market.metering.meters import start_of
from tradepost.market.web.usage_chart import market_zone

from .frame import SellerRequest, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def index(request: SellerRequest) -> HttpResponse:
    month = start_of(request.now, "month", market_zone())
    listed = running(request.seller, since=month, after=request.GET.get("after", ""))
    return show(request, "seller_center/servers.html", page=listed)
