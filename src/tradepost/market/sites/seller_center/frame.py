"""What every page of the seller center stands in: the seller acted for, and who may change things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.web.access import seller_required

from .standing import elsewhere

CHANGERS = frozenset({Member.Role.OWNER, Member.Role.DEVELOPER})
"""A viewer looks and changes nothing."""


class SellerRequest(HttpRequest):
    """A request after ``seller_page``."""

    user: User
    now: datetime
    seller: Seller
    sellers: list[Seller]
    member: Member


def may_change(request: SellerRequest) -> bool:
    return request.member.role in CHANGERS


def seller_page[**P](
    view: Callable[Concatenate[SellerRequest, P], HttpResponse],
) -> Callable[..., HttpResponseBase]:
    """Only for members of a seller; whatever changes something only for owners and developers."""

    @wraps(view)
    def guarded(request: SellerRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if away := elsewhere(request, request.seller, sellers=request.sellers, may_change=False):
            return away
        if request.method not in {"GET", "HEAD"} and not may_change(request):
            return show(request, "seller_center/may_not_change.html", status=HTTPStatus.FORBIDDEN)
        return view(request, *args, **kwargs)

    # What a seller's pages hold must not stay in a shared browser's cache.
    return never_cache(seller_required(guarded))


def show(request: SellerRequest, template: str, *, status: int = HTTPStatus.OK, **context: Any) -> HttpResponse:
    """A page with what the frame needs: the sellers to switch between, and whether buttons are shown."""
    frame = {"seller": request.seller, "sellers": request.sellers, "may_change": may_change(request)}
    return render(request, template, frame | context, status=status)


def found[T](thing: T | None) -> T:
    """The thing, or 404: what belongs to another seller does not exist here."""
    if thing is None:
        raise Http404
    return thing
