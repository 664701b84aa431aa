"""What a seller sees of its own products: a list with versions, and one product with its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.models import Move
from tradepost.market.identity.models import Seller

from .models import Product, Version

LIVE = (Version.Status.DRAFT, Version.Status.SEALED, Version.Status.LISTED)


class ProductFilter(Struct, frozen=True, kw_only=True):
    """``show``: a status of products, or ``written`` for those with a draft."""

    search: str = ""
    kind: str = ""
    show: str = ""


def narrowed(own: QuerySet[Product], wanted: ProductFilter) -> QuerySet[Product]:
    """Those of ``own`` that are wanted, without long texts."""
    own = own.select_related("category").defer(
        "description", "description_en", "guide", "guide_en", "picture"
    )  # fmt: skip
    if wanted.search:
        own = own.filter(
            Q(name__icontains=wanted.search) | Q(name_en__icontains=wanted.search) | Q(slug__icontains=wanted.search)
        )
    if wanted.kind:
        own = own.filter(product_type=wanted.kind)
    if wanted.show == "written":
        own = own.filter(versions__status=Version.Status.DRAFT)
    elif wanted.show in Product.Status.values:
        own = own.filter(status=wanted.show)
    return own


def find_product(seller: Seller, pk: int) -> Product | None:
    return Product.objects.select_related("seller", "category").filter(seller=seller, pk=pk).first()


class Versions(Struct, frozen=True):
    """The living versions of a product; each may be missing."""

    listed: Version | None = None
    draft: Version | None = None
    sealed: Version | None = None

    @property
    def latest(self) -> Version | None:
        return self.draft or self.sealed or self.listed


def versions_of(products: Iterable[Product]) -> Mapping[int, Versions]:
    """In one query."""
    found: dict[int, dict[str, Version]] = {}
    for version in Version.objects.filter(product__in=list(products), status__in=LIVE):
        found.setdefault(version.product_id, {})[version.status] = version
    return {
        pk: Versions(own.get(Version.Status.LISTED), own.get(Version.Status.DRAFT), own.get(Version.Status.SEALED))
        for pk, own in found.items()
    }


def newest_version(product: Product) -> Version | None:
    """The one that a draft would be a copy of, or the draft itself."""
    return Version.objects.filter(product=product).order_by("-number").first()


def all_versions(product: Product) -> list[Version]:
    return list(Version.objects.filter(product=product).defer("document").order_by("-number"))


def moves_of(product: Product, versions: Iterable[Version]) -> list[Move]:
    """What happened to a product and its versions, newest first."""
    return list(
        Move.objects.filter(
            Q(lifecycle="product", subject=str(product.pk))
            | Q(lifecycle="version", subject__in=[str(version.pk) for version in versions])
        ).order_by("-at", "-pk")[:50]
    )
