"""Where the company wants its notices to go beside its people: receivers, webhooks, chats. Its owner decides."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.identity.menus import Menu
from tradepost.market.notifications.categories import Audience
from tradepost.market.web import notice_places as shared

from .frame import SellerRequest, seller_page, show

OWNERS = seller_page(menu=Menu.COMPANY, owner=True)


def _places(request: SellerRequest) -> shared.Places:
    return shared.Places(request, request.seller, "seller_center", show, Audience.SELLER)


@require_safe
@OWNERS
def overview(request: SellerRequest) -> HttpResponse:
    return shared.overview(_places(request))


@require_http_methods(["GET", "HEAD", "POST"])
@OWNERS
def new_receiver(request: SellerRequest) -> HttpResponse:
    return shared.new_receiver(_places(request))


@require_http_methods(["GET", "HEAD", "POST"])
@OWNERS
def receiver(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.receiver(_places(request), pk)


@require_POST
@OWNERS
def ask_again(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.ask_again(_places(request), pk)


@require_POST
@OWNERS
def delete_receiver(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.delete_receiver(_places(request), pk)


@require_http_methods(["GET", "HEAD", "POST"])
@OWNERS
def new_webhook(request: SellerRequest) -> HttpResponse:
    return shared.new_webhook(_places(request))


@require_http_methods(["GET", "HEAD", "POST"])
@OWNERS
def new_chat(request: SellerRequest) -> HttpResponse:
    return shared.new_chat(_places(request))


@require_http_methods(["GET", "HEAD", "POST"])
@OWNERS
def endpoint(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.endpoint(_places(request), pk)


@require_POST
@OWNERS
def try_endpoint(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.try_endpoint(_places(request), pk)


@require_POST
@OWNERS
def rotate(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.rotate(_places(request), pk)


@require_POST
@OWNERS
def switch_on(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.switch_on(_places(request), pk)


@require_POST
@OWNERS
def delete_endpoint(request: SellerRequest, pk: int) -> HttpResponse:
    return shared.delete_endpoint(_places(request), pk)
