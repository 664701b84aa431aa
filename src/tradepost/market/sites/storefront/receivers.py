"""A buyer's additional destinations of notices: receivers, webhooks and chats."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.notifications.categories import Audience
from tradepost.market.web import notice_places as shared
from tradepost.market.web.access import buyer_required, person


def _destinations(request: HttpRequest) -> shared.Destinations:
    return shared.Destinations(request, person(request), "storefront", _show, Audience.BUYER)


def _show(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return render(request, template, context)


@buyer_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return shared.overview(_destinations(request))


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_receiver(request: HttpRequest) -> HttpResponse:
    return shared.new_receiver(_destinations(request))


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def receiver(request: HttpRequest, pk: int) -> HttpResponse:
    return shared.receiver(_destinations(request), pk)


@buyer_required
@require_POST
def ask_again(request: HttpRequest, pk: int) -> HttpResponse:
    return shared.resend_confirmation(_destinations(request), pk)


@buyer_required
@require_POST
def delete_receiver(request: HttpRequest, pk: int) -> HttpResponse:
    return shared.delete_receiver(_destinations(request), pk)


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_webhook(request: HttpRequest) -> HttpResponse:
    return shared.new_webhook(_destinations(request))


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_chat(request: HttpRequest) -> HttpResponse:
    return shared.new_chat(_destinations(request))


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    return shared.endpoint(_destinations(request), pk)


@buyer_required
@require_POST
def try_endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    return shared.try_endpoint(_destinations(request), pk)


@buyer_required
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    return shared.rotate(_destinations(request), pk)


@buyer_required
@require_POST
def switch_on(request: HttpRequest, pk: int) -> HttpResponse:
    return shared.switch_on(_destinations(request), pk)


@buyer_required
@require_POST
def delete_endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    return shared.delete_endpoint(_destinations(request), pk)
