"""Queries on a seller's own products: the list with versions, and one product with its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.models import Move
from tradepost.market.identity.models import Seller

from .models import Product, Version
from .product_ids import products_with_id

LIVE = (Version.Status.DRAFT, Version.Status.SEALED, Version.Status.LISTED)


class ProductFilter(Struct, frozen=True, kw_only=True):
    """``show``: a status of products, or ``written`` for products with a draft."""

    search: str = ""
    kind: str = ""
    show: str = ""


def narrowed(own: QuerySet[Product], filters: ProductFilter) -> QuerySet[Product]:
    """Filter ``own`` products, without loading long texts."""
    own = own.select_related("category").defer(
        "description", "description_en", "guide", "guide_en", "picture"
    )  # fmt: skip
    if filters.search:
        matches = (
            Q(name__icontains=filters.search) | Q(name_en__icontains=filters.search) | Q(slug__icontains=filters.search)
        )
        own = own.filter(matches | Q(pk__in=products_with_id(filters.search)))
    if filters.kind:
        own = own.filter(product_type=filters.kind)
    if filters.show == "written":
        own = own.filter(versions__status=Version.Status.DRAFT)
    elif filters.show in Product.Status.values:
        own = own.filter(status=filters.show)
    return own


def find_product(seller: Seller, pk: int) -> Product | None:
    return Product.objects.select_related("seller", "category").filter(seller=seller, pk=pk).first()


class Versions(Struct, frozen=True):
    """The current versions of a product; each may be None."""

    listed: Version | None = None
    draft: Version | None = None
    sealed: Version | None = None

    @property
    def latest(self) -> Version | None:
        return self.draft or self.sealed or self.listed


def versions_of(products: Iterable[Product]) -> Mapping[int, Versions]:
    """Return the current versions by product, in one query."""
    by_product: dict[int, dict[str, Version]] = {}
    for version in Version.objects.filter(product__in=list(products), status__in=LIVE):
        by_product.setdefault(version.product_id, {})[version.status] = version
    return {
        pk: Versions(
            by_status.get(Version.Status.LISTED),
            by_status.get(Version.Status.DRAFT),
            by_status.get(Version.Status.SEALED),
        )
        for pk, by_status in by_product.items()
    }


def newest_version(product: Product) -> Version | None:
    """Return the draft, or the version that a new draft would copy."""
    return Version.objects.filter(product=product).order_by("-number").first()


def all_versions(product: Product) -> list[Version]:
    return list(Version.objects.filter(product=product).defer("document").order_by("-number"))


def moves_of(product: Product, versions: Iterable[Version]) -> list[Move]:
    """Return the history of a product and its versions, newest first."""
    return list(
        Move.objects.filter(
            Q(lifecycle="product", subject=str(product.pk))
            | Q(lifecycle="version", subject__in=[str(version.pk) for version in versions])
        ).order_by("-at", "-pk")[:50]
    )
