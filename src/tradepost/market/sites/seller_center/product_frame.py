"""What the pages about one product's sale have in common: the product of the address, its specs by name, words for SKUs."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import named
from tradepost.market.catalog.controls import spec_names
from tradepost.market.catalog.models import Product, Sku
from tradepost.market.notifications.facts import is_chinese
from tradepost.market.orders.place import chosen_values

from .frame import SellerRequest, found

WHOLE = _("The whole product")
ALL = "product"
"""In a form what no key of a spec is: the whole product."""
type Words = str | Promise


def own_product(request: SellerRequest, pk: int) -> Product:
    """The seller's own; ``seller_page(product=…)`` has looked at grants already."""
    return found(Product.objects.select_related("seller").filter(seller=request.seller, pk=pk).first())


type Scopes = list[tuple[str, Words]]


def scopes(product: Product) -> Scopes:
    """The whole product and each of its specs, where it has several, as choices of a form: key and words."""
    names = spec_names(product)
    specs = [(key, zh if is_chinese() else en or zh) for key, (zh, en) in names.items()]
    return [(ALL, WHOLE), *(specs if len(specs) > 1 else [])]


def key_of(scope: str) -> str:
    """The key of the spec that was chosen, empty for the whole product."""
    return "" if scope == ALL else scope


def sku_words(sku: Sku) -> str:
    """The chosen values, or the spec's name where there is nothing to choose."""
    return " · ".join(named(value, "value") for value in chosen_values(sku)) or named(sku.spec)
