"""What buyers see of the catalog: the shelf with its filters, a product's page, products side by side, a seller's products."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from tradepost.market.base.paging import Page
from tradepost.market.identity.models import Seller

from . import category_queries
from . import document as documents
from .controls_of import controls_of, with_rows
from .models import Category, Offer, Product, Shelf, Version
from .shelf_search import Query, find
from .view import ProductView, view_of

MOST_SELLERS = 12
"""Sellers to choose among in a filter: those with the most products that fit."""
UNKNOWN = 0
"""A key that no row has."""


class Search(Struct, frozen=True, kw_only=True):
    """What somebody looks for, in the words of a page's address; empty means all."""

    q: str = ""
    category: str = ""
    seller: str = ""
    way: str = ""
    low: int | None = None
    high: int | None = None
    sort: str = ""


class Card(Struct, frozen=True):
    """A product on the shelf with the least that one pays for it."""

    product: Product
    least: Shelf


class Choice[T](Struct, frozen=True):
    """One value of a filter, with the number of products that it would leave."""

    what: T
    number: int


class Listing(Struct, frozen=True):
    page: Page[Card]
    total: int
    more: bool
    """Whether there are more than ``total``, which a search does not look at."""
    close: bool
    """Nothing has all the words of the search; these have some."""
    order: str
    categories: list[Choice[Category]]
    """Of the top level, with the products of their subcategories."""
    subcategories: list[Choice[Category]]
    """Of the chosen category, or of its parent."""
    all_categories: int
    sellers: list[Choice[Seller]]
    category: Category | None
    seller: Seller | None

    @property
    def seller_rows(self) -> list[Seller]:
        return [one.what for one in self.sellers]


def shelf(search: Search, *, after: str = "", size: int = 24) -> Listing:
    """Products that everybody may see and that fit, with what else could be chosen."""
    every = category_queries.in_order()
    category = next((one for one in every if one.slug == search.category and one.visible), None)
    seller = Seller.objects.filter(slug=search.seller).first() if search.seller else None
    query = Query(
        q=search.q, categories=_keys(search.category, category, every), seller=_key(search.seller, seller), way=search.way,
        low=search.low, high=search.high, sort=search.sort,
    )  # fmt: skip
    found = find(query, after=after, size=size)
    return Listing(
        Page(_cards(found.pks), found.next_key), found.total, found.more, found.close, query.order,
        _choices(None, category, every, found.categories),
        _choices(category.path[0], category, every, found.categories) if category else [],
        sum(found.categories.values()), _sellers(found.sellers.most_common(MOST_SELLERS)), category, seller,
    )  # fmt: skip


def _choices(
    parent: Category | None, chosen: Category | None, every: Sequence[Category], products: Mapping[int, int]
) -> list[Choice[Category]]:
    """Visible categories below ``parent`` that have products, and those on the way to the chosen one."""
    own = [row for row in every if row.parent == parent and row.visible]
    counted = [Choice(row, sum(products.get(pk, 0) for pk in _with_children(row, every))) for row in own]
    return [one for one in counted if one.number or (chosen is not None and one.what in chosen.path)]


def _with_children(category: Category, every: Iterable[Category]) -> list[int]:
    """Keys of a category and of its subcategories: hidden ones too, since their products remain on sale."""
    return [row.pk for row in every if category.pk in (row.pk, row.parent_id)]


def _keys(asked: str, found: Category | None, every: Iterable[Category]) -> Collection[int] | None:
    """An unknown or hidden category matches no product."""
    return _with_children(found, every) if found else (UNKNOWN,) if asked else None


def _key(asked: str, found: Seller | None) -> int | None:
    """An unknown seller matches no product."""
    return found.pk if found else UNKNOWN if asked else None


def card(pk: int) -> Card | None:
    """One product as the shelf shows it; None for what is not on it."""
    return next(iter(_cards([pk])), None)


def _cards(pks: Sequence[int]) -> list[Card]:
    light = ("name", "name_en", "summary", "summary_en", "slug")
    rows = Shelf.objects.filter(pk__in=pks).select_related("product", "seller")
    rows = rows.defer(*(f"product__{f.name}" for f in Product._meta.concrete_fields if f.name not in {*light, "id"}))  # noqa: SLF001
    by_pk = {row.pk: row for row in rows}
    return [Card(by_pk[pk].product, by_pk[pk]) for pk in pks if pk in by_pk]


def _sellers(counted: Iterable[tuple[int, int]]) -> list[Choice[Seller]]:
    numbers = dict(counted)
    rows = Seller.objects.filter(pk__in=numbers).order_by("name", "pk")
    return [Choice(seller, numbers[seller.pk]) for seller in rows]


class ProductPage(Struct, frozen=True):
    product: Product
    view: ProductView


def product_page(slug: str, *, currency: str, spec: str = "") -> ProductPage | None:
    """A product that is or was sold, by its address; None for drafts and unknown ones. ``spec``: the key of a hidden spec
    whose own link was followed."""
    product = with_rows().filter(slug=slug).exclude(status=Product.Status.DRAFT).first()
    view = None if product is None else _view(product, currency, spec)
    return None if product is None or view is None else ProductPage(product, view)


def _view(product: Product, currency: str, spec: str = "") -> ProductView | None:
    found = _listed(product)
    if found is None:
        return None
    return view_of(
        found, currency=currency, controls=controls_of(product), slug=product.slug, pk=product.pk,
        spec=spec,
    )  # fmt: skip


def side_by_side(slugs: Sequence[str], *, currency: str) -> list[ProductPage]:
    """Products to compare, in the order in which they were named; what everybody may not see is left out."""
    rows = with_rows().filter(slug__in=slugs, on_shelf__isnull=False).select_related("on_shelf")
    by_slug = {row.slug: row for row in rows}
    found = ((by_slug[slug], _view(by_slug[slug], currency)) for slug in dict.fromkeys(slugs) if slug in by_slug)
    return [ProductPage(product, view) for product, view in found if view is not None]


def product_on_sale(*, slug: str = "", pk: int = 0) -> Product | None:
    """A product that can be bought, with ``specs`` → ``skus`` → ``offers`` fetched; None when it is not on sale."""
    asked = {"slug": slug} if slug else {"pk": pk}
    return with_rows().filter(status=Product.Status.ON_SALE, seller__status=Seller.Status.ACTIVE, **asked).first()


def sells_packages(product: Product) -> bool:
    """Whether a package of this product can be bought. ``product.seller`` should be fetched."""
    if product.status != Product.Status.ON_SALE or not product.seller.is_selling:
        return False
    return Offer.objects.filter(sku__spec__product=product, on_sale=True, quota__gt=0).exists()


def product_with_agreement(slug: str) -> Product | None:
    """A product that is sold or whose services are still renewed, with its seller."""
    sold = Product.objects.filter(status__in=[Product.Status.ON_SALE, Product.Status.FROZEN])
    return sold.select_related("seller").filter(slug=slug, seller__status=Seller.Status.ACTIVE).first()


def seller_page(slug: str) -> Seller | None:
    """A seller who sells; None for applicants, suspended ones and those who left."""
    return Seller.objects.filter(slug=slug, status=Seller.Status.ACTIVE).first()


def support_of(product: Product) -> documents.Support:
    """Who answers for a product and when, as the version says that was listed last; empty where none was."""
    found = _listed(product)
    return found.support if found is not None else documents.Support()


def _listed(product: Product) -> documents.Document | None:
    shown = Version.objects.filter(product=product, listed_at__isnull=False).order_by("-listed_at", "-number")
    plain = shown.values_list("document", flat=True).first()
    return None if plain is None else documents.load(plain)


def picture_of(slug: str) -> str | None:
    """The drawing of a product that was ever shown to buyers; None for drafts and unknown ones."""
    shown = Product.objects.filter(slug=slug).exclude(status=Product.Status.DRAFT)
    return shown.values_list("picture", flat=True).first()
