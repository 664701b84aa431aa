"""Search over the console: orders, services, accounts, products, sellers and pages. Ctrl+K or ⌘K opens it anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.catalog.operator_queries import ProductFilter, all_products
from tradepost.market.fulfilment.service_queries import ServiceFilter, all_services
from tradepost.market.identity import operator_queries as identity
from tradepost.market.identity.console_roles import is_permitted
from tradepost.market.orders.operator_queries import OrderFilter, all_orders
from tradepost.market.web.access import operator_required, person
from tradepost.market.web.offered import is_offered
from tradepost.market.web.status import look
from tradepost.market.web.suggestions import Group, Suggestion, find_pages, search_text, suggestions_response

from .pages import PAGES

MAX_EACH = 5


@never_cache
@operator_required
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    text = search_text(request)
    groups = [group for group in _groups(text, person(request).operator_role) if group.suggestions] if text else []
    if request.htmx:  # type: ignore[attr-defined]
        return suggestions_response(request, groups, text=text)
    return render(request, "console/find.html", {"groups": groups, "q": text})


def _groups(text: str, role: str) -> Iterator[Group]:
    """Yield the results on pages that the role includes."""
    for page, words, search in (
        ("order", _("Orders"), _orders),
        ("service", _("Services"), _services),
        ("account", _("Accounts"), _accounts),
        ("product", _("Products"), _products),
        ("seller", _("Sellers"), _sellers),
    ):
        if is_permitted(role, page):
            yield Group(words, list(search(text)))
    pages = [page for page in PAGES if is_offered(page.name) and is_permitted(role, page.name.partition(":")[2])]
    yield Group(
        _("Pages"), [Suggestion(str(page.words), reverse(page.name), page.icon) for page in find_pages(text, pages)]
    )


def _orders(text: str) -> Iterator[Suggestion]:
    for order in all_orders(OrderFilter(text=text), size=MAX_EACH).rows:
        address = reverse("console:order", args=[order.number])
        yield Suggestion(order.number, address, "receipt", f"{look('order', order.status).label} · {order.buyer}")


def _services(text: str) -> Iterator[Suggestion]:
    for service in all_services(ServiceFilter(search=text), size=MAX_EACH).rows:
        address = reverse("console:service", args=[service.pk])
        yield Suggestion(localised_name(service.product), address, "apps", service.instance_id or str(service.buyer))


def _accounts(text: str) -> Iterator[Suggestion]:
    for user in identity.accounts_named(text, most=MAX_EACH):
        yield Suggestion(user.email, reverse("console:account", args=[user.pk]), "users", user.company or user.name)


def _products(text: str) -> Iterator[Suggestion]:
    for product in all_products(ProductFilter(text=text), size=MAX_EACH).rows:
        address = reverse("console:product", args=[product.pk])
        yield Suggestion(localised_name(product), address, "package", localised_name(product.seller))


def _sellers(text: str) -> Iterator[Suggestion]:
    for seller in identity.sellers_named(text, most=MAX_EACH):
        yield Suggestion(
            localised_name(seller), reverse("console:seller", args=[seller.pk]), "building-store", seller.slug
        )
