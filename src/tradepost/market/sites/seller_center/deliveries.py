"""Messages to the seller by mail, SMS, webhook and chat: sent, failed and suppressed, with the reason."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.identity.menus import Menu
from tradepost.market.notifications import delivery_log
from tradepost.market.web import deliveries as shared

from .frame import SellerRequest, or_404, seller_page, show


@require_safe
@seller_page(menu=Menu.COMPANY)
def index(request: SellerRequest) -> HttpResponse:
    return show(request, "seller_center/deliveries.html", **shared.log_context(request, request.seller))


@require_safe
@seller_page(menu=Menu.COMPANY)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    notice_delivery = or_404(delivery_log.find_delivery(pk, seller=request.seller))
    written = shared.content_context(notice_delivery, None, base_url=config().base_url)
    return show(request, "seller_center/delivery.html", **written)
