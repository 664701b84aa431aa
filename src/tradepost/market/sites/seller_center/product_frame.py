"""Helpers of the pages about a product's sale: the product in the address, its specs by name, labels of SKUs."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.controls import spec_names
from tradepost.market.catalog.models import Product
from tradepost.market.notifications.facts import is_chinese

from .frame import SellerRequest, or_404

PRODUCT_LABEL = _("The whole product")
PRODUCT_SCOPE = "product"
"""Form value for the whole product, which is not a spec's key."""
type Words = str | Promise


def own_product(request: SellerRequest, pk: int) -> Product:
    """Return a product of the seller; ``seller_page(product=…)`` has checked grants."""
    return or_404(Product.objects.select_related("seller").filter(seller=request.seller, pk=pk).first())


type Scopes = list[tuple[str, Words]]


def scopes(product: Product) -> Scopes:
    """Return the whole product and, if there are several, each spec as choices: key and label."""
    names = spec_names(product)
    specs = [(key, zh if is_chinese() else en or zh) for key, (zh, en) in names.items()]
    return [(PRODUCT_SCOPE, PRODUCT_LABEL), *(specs if len(specs) > 1 else [])]


def spec_key_of(scope: str) -> str:
    """Return the key of the chosen spec; "" for the whole product."""
    return "" if scope == PRODUCT_SCOPE else scope
