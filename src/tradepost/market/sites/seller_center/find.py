"""Search over the seller center: orders, products, members and pages that the reader may see. Ctrl+K or ⌘K opens it."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.http import HttpResponse
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.paging import page
from tradepost.market.catalog.seller_queries import ProductFilter, narrowed
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Member
from tradepost.market.orders.seller_queries import LineFilter, seller_lines
from tradepost.market.web.access import declared_access
from tradepost.market.web.offered import is_offered
from tradepost.market.web.status import look
from tradepost.market.web.suggestions import Group, SitePage, Suggestion, find_pages, search_text, suggestions_response

from .access import Requirement
from .frame import SellerRequest, products_of, seller_page, show
from .pages import PAGES

MAX_EACH = 5


@require_safe
@seller_page(menu=Menu.OVERVIEW)
def find(request: SellerRequest) -> HttpResponse:
    text = search_text(request)
    groups = [group for group in _groups(request, text) if group.suggestions] if text else []
    if request.htmx:  # type: ignore[attr-defined]
        return suggestions_response(request, groups, text=text)
    return show(request, "seller_center/find.html", groups=groups, q=text)


def _groups(request: SellerRequest, text: str) -> Iterator[Group]:
    if request.rights.sees(Menu.TRADE):
        yield Group(_("Orders"), list(_orders(request, text)))
    if request.rights.sees(Menu.PRODUCTS):
        yield Group(_("Products"), list(_products(request, text)))
    if request.rights.sees(Menu.MEMBERS):
        yield Group(_("Members"), list(_members(request, text)))
    pages = [page for page in PAGES if _may_open(request, page)]
    yield Group(
        _("Pages"), [Suggestion(str(page.words), reverse(page.name), page.icon) for page in find_pages(text, pages)]
    )


def _may_open(request: SellerRequest, page: SitePage) -> bool:
    """Return whether the reader may open a page, by the access that the page declares."""
    if not is_offered(page.name):
        return False
    needs = declared_access(resolve(reverse(page.name)).func)
    return isinstance(needs, Requirement) and needs.may_enter(request.rights)


def _orders(request: SellerRequest, text: str) -> Iterator[Suggestion]:
    for line in seller_lines(request.seller, LineFilter(search=text[:64]), size=MAX_EACH).rows:
        address = reverse("seller_center:order", args=[line.number])
        yield Suggestion(
            line.number,
            address,
            "receipt",
            f"{look('order', line.status).label} · {localised_name(line, 'product_name')}",
        )


def _products(request: SellerRequest, text: str) -> Iterator[Suggestion]:
    for product in page(narrowed(products_of(request), ProductFilter(search=text[:64])), size=MAX_EACH).rows:
        address = reverse("seller_center:product", args=[product.pk])
        yield Suggestion(localised_name(product), address, "package", str(look("product", product.status).label))


def _members(request: SellerRequest, text: str) -> Iterator[Suggestion]:
    matches_text = Q(user__email__icontains=text) | Q(user__name__icontains=text)
    members = Member.objects.select_related("user").filter(matches_text, seller=request.seller)
    for member in members.order_by("pk")[:MAX_EACH]:
        address = reverse("seller_center:member", args=[member.pk])
        yield Suggestion(str(member.user), address, "users", member.user.email)
