"""Queries on products for operators: the list of all products, and one product with its versions and offers."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Prefetch, Q
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between

from .models import Offer, Product, Sku, Spec, Version
from .product_ids import products_with_id

DEFERRED = ("description", "description_en", "guide", "guide_en", "picture")
MAX_VERSIONS = 20


class ProductFilter(Struct, frozen=True, kw_only=True):
    """Filter of the list; empty for all. ``text``: a part of a name in either language or of the slug, or a
    productId; ``seller``: a key."""

    text: str = ""
    status: str = ""
    kind: str = ""
    seller: str = ""
    since: datetime | None = None
    until: datetime | None = None


def all_products(filters: ProductFilter, *, after: str = "", size: int = 25) -> Page[Product]:
    """Return a page of products, newest first, with their sellers. Products are few compared to orders, so names can
    be scanned."""
    products = between(Product.objects.all(), "created_at", filters.since, filters.until)
    products = products.select_related("seller").defer(*DEFERRED)
    if filters.status:
        products = products.filter(status=filters.status)
    if filters.kind:
        products = products.filter(product_type=filters.kind)
    if filters.seller:
        products = products.filter(seller=whole_number(filters.seller))
    if filters.text:
        matches = Q(name__icontains=filters.text) | Q(name_en__icontains=filters.text) | Q(slug__icontains=filters.text)
        products = products.filter(matches | Q(pk__in=products_with_id(filters.text)))
    return page(products, after=after, size=size)


def find_product(pk: int) -> Product | None:
    return Product.objects.select_related("seller", "category").defer(*DEFERRED).filter(pk=pk).first()


def versions_of(product: Product) -> list[Version]:
    """Return the latest versions, without their documents."""
    return list(Version.objects.filter(product=product).defer("document").order_by("-number")[:MAX_VERSIONS])


def offers_of(product: Product) -> list[Spec]:
    """Return specs with ``skus`` with ``offers``, including stopped ones."""
    offers = Prefetch("offers", Offer.objects.order_by("pk"))
    skus = Prefetch("skus", Sku.objects.order_by("pk").prefetch_related(offers))
    return list(Spec.objects.filter(product=product).order_by("position", "pk").prefetch_related(skus))
