"""What buyers see of the catalog: categories, the shelf with prices from, a product with all that can be chosen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Prefetch, Q

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller

from .cheapest import cheapest
from .models import Category, Offer, Product, Sku, Spec

MOST_WORDS = 6
SELLING = Seller.Status.ACTIVE
"""Products of a seller that is suspended, or left, are shown to nobody and bought by nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What somebody looks for on the shelf; empty means all."""

    q: str = ""
    category: str = ""
    seller: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A product on the shelf; ``cheapest`` is None when nothing of it is on sale at the moment."""

    product: Product
    cheapest: Offer | None


def categories() -> list[Category]:
    """In shelf order, each with ``products_on_sale``; those with nothing to buy are left out."""
    on_sale = Count("products", filter=Q(products__status=Product.Status.ON_SALE, products__seller__status=SELLING))
    return list(
        Category.objects.annotate(products_on_sale=on_sale).filter(products_on_sale__gt=0).order_by("position", "pk")
    )


def shelf(search: Search, *, after: str = "", size: int = 24) -> Page[Card]:
    """Products on sale that fit, newest first. Every word must occur in a name or summary, in either language."""
    products = Product.objects.filter(status=Product.Status.ON_SALE, seller__status=SELLING).select_related("seller", "category").defer(
        "description", "description_en", "guide", "guide_en", "picture"
    )  # fmt: skip
    if search.category:
        products = products.filter(category__slug=search.category)
    if search.seller:
        products = products.filter(seller__slug=search.seller)
    for word in search.q.split()[:MOST_WORDS]:
        products = products.filter(
            Q(name__icontains=word) | Q(name_en__icontains=word) | Q(summary__icontains=word)
            | Q(summary_en__icontains=word) | Q(seller__name__icontains=word) | Q(seller__name_en__icontains=word)
        )  # fmt: skip
    found = page(products, after=after, size=size)
    cheapest = _cheapest(found.rows)
    return Page([Card(product, cheapest.get(product.pk)) for product in found.rows], found.next_key)


def _cheapest(products: Iterable[Product]) -> dict[int, Offer]:
    """For each product the offer that it is shown with."""
    offers = Offer.objects.filter(sku__spec__product__in=list(products), on_sale=True).select_related("sku__spec")
    found: defaultdict[int, list[Offer]] = defaultdict(list)
    for offer in offers.order_by("pk"):
        found[offer.sku.spec.product_id].append(offer)
    return {product: best for product, own in found.items() if (best := cheapest(own)) is not None}


def product_on_sale(*, slug: str = "", pk: int = 0) -> Product | None:
    """A product that can be bought, with ``specs`` → ``skus`` → ``offers`` fetched; None when it is not on sale."""
    offers = Prefetch("offers", Offer.objects.filter(on_sale=True).order_by("period_type", "pk"))
    skus = Prefetch("skus", Sku.objects.order_by("pk").prefetch_related(offers))
    specs = Prefetch("specs", Spec.objects.order_by("position", "pk").prefetch_related(skus))
    asked = {"slug": slug} if slug else {"pk": pk}
    return (
        Product.objects.filter(status=Product.Status.ON_SALE, seller__status=SELLING, **asked)
        .select_related("seller", "category")
        .defer("picture")
        .prefetch_related(specs)
        .first()
    )


def picture_of(slug: str) -> str | None:
    """The drawing of a product that was ever shown to buyers; None for drafts and unknown ones."""
    shown = Product.objects.filter(slug=slug).exclude(status=Product.Status.DRAFT)
    return shown.values_list("picture", flat=True).first()
