"""The notices of a member, within the seller center."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.identity.menus import Menu
from tradepost.market.notifications.categories import Audience
from tradepost.market.web import notices as shared

from .frame import SellerRequest, seller_page, show

SITE = "seller_center"


@require_safe
@seller_page(menu=Menu.OVERVIEW)
def notices(request: SellerRequest) -> HttpResponse:
    return show(request, "seller_center/notices.html", **shared.notices_context(request, SITE))


@require_POST
@seller_page(menu=Menu.OVERVIEW, write=False)
def read_all(request: SellerRequest) -> HttpResponse:
    """Mark the member's own notices as read."""
    return shared.read_all(request, SITE)


@require_POST
@seller_page(menu=Menu.OVERVIEW, write=False)
def open_notice(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.open_notice(request, pk, SITE)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.OVERVIEW, write=False)
def settings(request: SellerRequest) -> HttpResponse:
    """Show the member's own preferences. Only owners see the company's destinations."""
    owner = request.rights.owner

    def shown(_request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        return show(request, template, **context, receivers_page="seller_center:receivers" if owner else "")

    return shared.settings_page(request, SITE, shown, [Audience.SELLER])
