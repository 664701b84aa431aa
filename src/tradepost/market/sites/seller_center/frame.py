"""The guard and frame of all seller center pages: the current seller, and the reader's rights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, Concatenate, overload

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog import grants
from tradepost.market.catalog.models import Product
from tradepost.market.exports.models import Export
from tradepost.market.identity.groups import rights_of
from tradepost.market.identity.menus import Menu, Rights
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.web.access import declare_access, seller_required
from tradepost.market.web.pages.guards import listing_view
from tradepost.market.web.pages.listing import Listing
from tradepost.market.web.refusals import status_of

from .access import Requirement
from .product_tabs import Tab, product_tabs
from .standing import blocked_response


class SellerRequest(HttpRequest):
    """A request behind ``seller_page``."""

    user: User
    now: datetime
    seller: Seller
    sellers: list[Seller]
    member: Member
    rights: Rights
    needs: Requirement


def may_change(request: SellerRequest) -> bool:
    """Return whether the reader may change the subject of this page."""
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
    """Guard a page for members of a seller with the page's ``menu``; see ``access.Requirement``. Without arguments it
    is for owners only."""
    needs = Requirement(menu=menu, write=write, owner=owner, product=product)
    return _guard(view, needs) if view is not None else lambda decorated_view: _guard(decorated_view, needs)


def _guard(view: SellerView[Any], needs: Requirement) -> Guarded:
    @wraps(view)
    def guarded(request: SellerRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.needs = needs
        if blocked_page := blocked_response(request, request.seller, **frame_context(request)):
            return blocked_page
        if not needs.may_enter(request.rights):
            return show(request, "seller_center/may_not_see.html", status=HTTPStatus.FORBIDDEN, needs=needs)
        if needs.product and not products_of(request).filter(pk=kwargs[needs.product]).exists():
            raise Http404
        if not needs.may_act(request.rights, request.method):
            return show(request, "seller_center/may_not_change.html", status=HTTPStatus.FORBIDDEN)
        return view(request, *args, **kwargs)

    # Pages of a seller must not stay in a shared browser's cache.
    return declare_access(never_cache(seller_required(guarded)), needs)


def products_of(request: SellerRequest) -> QuerySet[Product]:
    """Return the seller's products that the reader may see, without those granted to other members (§1.7)."""
    own = Product.objects.filter(seller=request.seller)
    return own if request.rights.owner else own.filter(grants.accessible_to(request.member))


def show(request: SellerRequest, template: str, *, status: int = HTTPStatus.OK, **context: Any) -> HttpResponse:
    """Render a page with the context of its frame."""
    frame = {
        "seller": request.seller,
        "product_tabs": partial(_tabs_of_product, request, context.get("product")),
        **frame_context(request),
    }
    return render(request, template, {**frame, **context}, status=status)


def _tabs_of_product(request: SellerRequest, product: object) -> list[Tab]:
    """Return the tabs of the page's product, or of the product in the address of a list opened from it."""
    if not isinstance(product, Product):
        key = whole_number(request.GET.get("product", ""))
        product = products_of(request).filter(pk=key).first() if key else None
    page = request.resolver_match.url_name or "" if request.resolver_match else ""
    return product_tabs(product, request.rights, page) if product else []


def frame_context(request: SellerRequest) -> dict[str, Any]:
    """Return the sellers to switch between, the menus, and whether to show buttons."""
    return {
        "sellers": request.sellers,
        "may_change": may_change(request),
        "sees": request.rights.seen,
        "changes": request.rights.changed,
    }


def seller_list(
    listing: Listing[Any, Any], *, menu: Menu, owner: bool = False, post: SellerView[[]] | None = None
) -> Guarded:
    """Return the guarded page of a seller's list, for members with its menu. ``post``: the view of a form at the same
    address."""
    needs = Requirement(menu=menu, owner=owner)
    read = listing_view(listing, show_listing, lambda request, export: _admit(request, export, needs))
    if post is None:
        return require_safe(_guard(read, needs))
    written = post

    def view(request: SellerRequest) -> HttpResponse:
        return written(request) if request.method == "POST" else read(request)

    return require_http_methods(["GET", "HEAD", "POST"])(_guard(view, needs))


def show_refused(request: SellerRequest, listing: Listing[Any, Any], refused: Refused) -> HttpResponse:
    """Render a list whose form was refused, with the reason and the input."""

    def render_page(request: SellerRequest, template: str, context: Mapping[str, Any], status: int) -> HttpResponse:
        del status
        page_context = {**context, "refused": refused, "typed": request.POST}
        return show(request, template, status=status_of(refused), **page_context)

    return listing.view(request, render_page)


def show_listing(request: SellerRequest, template: str, context: Mapping[str, Any], status: int) -> HttpResponse:
    return show(request, template, status=status, **context)


def _admit(request: SellerRequest, export: Export, needs: Requirement) -> bool:
    """Set the seller and the member's current rights on a worker's request."""
    member = Member.objects.select_related("seller").filter(user=export.user_id, seller=export.seller_id).first()
    if member is None or not export.user.is_active:
        return False
    member.user = export.user
    request.member, request.seller, request.rights, request.needs = member, member.seller, rights_of(member), needs
    return needs.may_enter(request.rights)


def or_404[T](thing: T | None) -> T:
    """Return the object, or raise 404 for None: a missing object, or one of another seller."""
    if thing is None:
        raise Http404
    return thing
