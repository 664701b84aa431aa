"""What buyers will see of the version that is being written, before anybody else sees it: the product page itself."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import seller_queries
from tradepost.market.catalog.view import view_of
from tradepost.market.identity.menus import Menu
from tradepost.market.web.seller_contact import contact_of

from .frame import SellerRequest, found, seller_page, show
from .products import own


@require_safe
@seller_page(menu=Menu.PRODUCTS, product="pk")
def preview(request: SellerRequest, pk: int) -> HttpResponse:
    product = own(request, pk)
    version = found(seller_queries.newest_version(product))
    view = view_of(documents.load(version.document), currency=config().currency)
    contact = contact_of(request.seller, support=view.support)
    return show(
        request, "seller_center/product_preview.html", product=product, version=version, view=view, contact=contact
    )
