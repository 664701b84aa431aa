"""What operators read about products: the list of all, and one with its versions and all that is or was sold of it."""

from __future__ import annotations

from django.db.models import Prefetch, Q
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page

from .models import Offer, Product, Sku, Spec, Version

UNREAD = ("description", "description_en", "guide", "guide_en", "picture")
MOST_VERSIONS = 20


class ProductFilter(Struct, frozen=True, kw_only=True):
    """What an operator asks the list for; empty means all. ``text`` is a part of a name in either language, or a productId;
    ``seller`` a key."""

    text: str = ""
    status: str = ""
    kind: str = ""
    seller: str = ""


def all_products(asked: ProductFilter, *, after: str = "", size: int = 25) -> Page[Product]:
    """Newest first, each with its seller. Products are few beside their orders, so that names are looked through."""
    products = Product.objects.select_related("seller").defer(*UNREAD)
    if asked.status:
        products = products.filter(status=asked.status)
    if asked.kind:
        products = products.filter(product_type=asked.kind)
    if asked.seller:
        products = products.filter(seller=whole_number(asked.seller))
    if asked.text:
        named = Q(name__icontains=asked.text) | Q(name_en__icontains=asked.text)
        sold = Offer.objects.filter(product_id=asked.text).values_list("sku__spec__product", flat=True)
        products = products.filter(named | Q(pk__in=list(sold)))
    return page(products, after=after, size=size)


def find_product(pk: int) -> Product | None:
    return Product.objects.select_related("seller", "category").defer(*UNREAD).filter(pk=pk).first()


def versions_of(product: Product) -> list[Version]:
    """The latest ones first, without their documents."""
    return list(Version.objects.filter(product=product).defer("document").order_by("-number")[:MOST_VERSIONS])


def offers_of(product: Product) -> list[Spec]:
    """Specs with ``skus`` with ``offers``, stopped ones too."""
    offers = Prefetch("offers", Offer.objects.order_by("pk"))
    skus = Prefetch("skus", Sku.objects.order_by("pk").prefetch_related(offers))
    return list(Spec.objects.filter(product=product).order_by("position", "pk").prefetch_related(skus))
