"""The company's additional destinations of notices: receivers, webhooks and chats. Only for owners."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.identity.menus import Menu
from tradepost.market.notifications.categories import Audience
from tradepost.market.web import notice_places as shared

from .frame import SellerRequest, seller_page, show

owners_only = seller_page(menu=Menu.COMPANY, owner=True)


def _destinations(request: SellerRequest) -> shared.Destinations:
    return shared.Destinations(request, request.seller, "seller_center", show, Audience.SELLER)


@require_safe
@owners_only
def overview(request: SellerRequest) -> HttpResponse:
    return shared.overview(_destinations(request))


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def new_receiver(request: SellerRequest) -> HttpResponse:
    return shared.new_receiver(_destinations(request))


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def receiver(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.receiver(_destinations(request), pk)


@require_POST
@owners_only
def ask_again(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.resend_confirmation(_destinations(request), pk)


@require_POST
@owners_only
def delete_receiver(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.delete_receiver(_destinations(request), pk)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def new_webhook(request: SellerRequest) -> HttpResponse:
    return shared.new_webhook(_destinations(request))


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def new_chat(request: SellerRequest) -> HttpResponse:
    return shared.new_chat(_destinations(request))


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def endpoint(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.endpoint(_destinations(request), pk)


@require_POST
@owners_only
def try_endpoint(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.try_endpoint(_destinations(request), pk)


@require_POST
@owners_only
def rotate(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.rotate(_destinations(request), pk)


@require_POST
@owners_only
def switch_on(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.switch_on(_destinations(request), pk)


@require_POST
@owners_only
def delete_endpoint(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.delete_endpoint(_destinations(request), pk)
