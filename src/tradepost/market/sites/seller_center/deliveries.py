"""What went out about the seller's matters by mail, SMS, webhook and chat, and what did not, with the reason."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.identity.menus import Menu
from tradepost.market.notifications import delivery_log
from tradepost.market.web import deliveries as shared

from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.COMPANY)
def index(request: SellerRequest) -> HttpResponse:
    return show(request, "seller_center/deliveries.html", **shared.log_of(request, request.seller))


@require_safe
@seller_page(menu=Menu.COMPANY)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    one = found(delivery_log.find_delivery(pk, seller=request.seller))
    written = shared.content_of(one, None, base_url=config().base_url)
    return show(request, "seller_center/delivery.html", **written)
