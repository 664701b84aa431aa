"""Preview of a version: the product page as buyers will see it."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import seller_queries
from tradepost.market.catalog.view import view_of
from tradepost.market.identity.menus import Menu
from tradepost.market.web.seller_contact import contact_of

from .frame import SellerRequest, or_404, seller_page, show
from .products import find_own_product


@require_safe
@seller_page(menu=Menu.PRODUCTS, product="pk")
def preview(request: SellerRequest, pk: int) -> HttpResponse:
    product = find_own_product(request, pk)
    version = or_404(seller_queries.newest_version(product))
    view = view_of(documents.load(version.document), currency=config().currency)
    contact = contact_of(request.seller, support=view.support)
    return show(
        request, "seller_center/product_preview.html", product=product, version=version, view=view, contact=contact
    )
