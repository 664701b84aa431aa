"""The page of a product: state, next steps, draft, versions and history."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.catalog import seller_queries
from tradepost.market.identity.menus import Menu
from tradepost.market.review.seller_queries import last_of_product, latest_of_product
from tradepost.market.web.timeline import events_of_moves

from .correcting import remarks_of
from .frame import SellerRequest, seller_page, show
from .product_list import products_with_versions
from .product_state import Facts, states_of
from .products import find_own_product


@require_safe
@seller_page(menu=Menu.PRODUCTS, product="pk")
def product(request: SellerRequest, pk: int) -> HttpResponse:
    product = find_own_product(request, pk)
    [row] = products_with_versions([product])
    versions = seller_queries.all_versions(product)
    moves = seller_queries.moves_of(product, versions)
    facts = Facts(
        product=product,
        versions=row.versions,
        latest=latest_of_product(product),
        remarks=remarks_of(last_of_product(product)),
        moves=tuple(moves),
    )
    return show(
        request,
        "seller_center/product.html",
        product=product,
        row=row,
        versions=versions,
        states=states_of(facts, request.rights),
        events=events_of_moves(moves),
    )
