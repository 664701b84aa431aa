"""What every page of the seller center stands in: the seller acted for, and who may see and change things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, Concatenate, overload

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog import grants
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu, Rights
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.web.access import declare, seller_required

from .access import Needs
from .product_tabs import Tab, product_tabs
from .standing import elsewhere


class SellerRequest(HttpRequest):
    """A request after ``seller_page``."""

    user: User
    now: datetime
    seller: Seller
    sellers: list[Seller]
    member: Member
    rights: Rights
    needs: Needs


def may_change(request: SellerRequest) -> bool:
    """Whether the reader may change what this page is about."""
    return request.needs.may_change(request.rights)


type SellerView[**P] = Callable[Concatenate[SellerRequest, P], HttpResponse]
type Guarded = Callable[..., HttpResponseBase]


@overload
def seller_page[**P](view: SellerView[P], /) -> Guarded: ...
@overload
def seller_page[**P](
    *, menu: Menu, write: bool | None = None, owner: bool = False, product: str = ""
) -> Callable[[SellerView[P]], Guarded]: ...
def seller_page(
    view: Any = None, /, *, menu: Menu | None = None, write: bool | None = None, owner: bool = False, product: str = ""
) -> Any:
    """Only for members of a seller who have the page's ``menu``; see ``access.Needs``. Bare, it is for owners alone."""
    needs = Needs(menu=menu, write=write, owner=owner, product=product)
    return _guard(view, needs) if view is not None else lambda each: _guard(each, needs)


def _guard(view: SellerView[Any], needs: Needs) -> Guarded:
    @wraps(view)
    def guarded(request: SellerRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.needs = needs
        if away := elsewhere(request, request.seller, **frame_of(request)):
            return away
        if not needs.may_enter(request.rights):
            return show(request, "seller_center/may_not_see.html", status=HTTPStatus.FORBIDDEN, needs=needs)
        if needs.product and not products_of(request).filter(pk=kwargs[needs.product]).exists():
            raise Http404
        if not needs.may_act(request.rights, request.method):
            return show(request, "seller_center/may_not_change.html", status=HTTPStatus.FORBIDDEN)
        return view(request, *args, **kwargs)

    # What a seller's pages hold must not stay in a shared browser's cache.
    return declare(never_cache(seller_required(guarded)), needs)


def products_of(request: SellerRequest) -> QuerySet[Product]:
    """The seller's products that exist for the reader: one that was granted to somebody else does not (§1.7)."""
    own = Product.objects.filter(seller=request.seller)
    return own if request.rights.owner else own.filter(grants.open_to(request.member))


def show(request: SellerRequest, template: str, *, status: int = HTTPStatus.OK, **context: Any) -> HttpResponse:
    """A page with what the frame needs."""
    frame = {
        "seller": request.seller,
        "product_tabs": partial(_tabs, request, context.get("product")),
        **frame_of(request),
    }
    return render(request, template, {**frame, **context}, status=status)


def _tabs(request: SellerRequest, product: object) -> list[Tab]:
    """Of the product that the page is about, or of the one in its address when a list is opened from a product."""
    if not isinstance(product, Product):
        key = whole_number(request.GET.get("product", ""))
        product = products_of(request).filter(pk=key).first() if key else None
    page = request.resolver_match.url_name or "" if request.resolver_match else ""
    return product_tabs(product, request.rights, page) if product else []


def frame_of(request: SellerRequest) -> dict[str, Any]:
    """The sellers to switch between, which menus there are, whether buttons are shown."""
    return {
        "sellers": request.sellers,
        "may_change": may_change(request),
        "sees": request.rights.seen,
        "changes": request.rights.changed,
    }


def found[T](thing: T | None) -> T:
    """The thing, or 404: what belongs to another seller does not exist here."""
    if thing is None:
        raise Http404
    return thing
