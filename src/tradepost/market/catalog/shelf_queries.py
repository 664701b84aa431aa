"""Queries for buyers: the shelf with its filters, a product's page, comparisons, a seller's products."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import QuerySet
from msgspec import Struct

from tradepost.market.base.paging import Page
from tradepost.market.identity.models import Seller

from . import category_queries
from . import document as documents
from .controls_of import controls_of, with_rows
from .models import Category, Offer, Product, Shelf, Version
from .search_terms import runs
from .shelf_search import Query, find
from .view import ProductView, view_of

MAX_SELLERS = 12
"""Maximum sellers in a filter: those with the most matching products."""
UNKNOWN = 0
"""A key that no row has."""


class Search(Struct, frozen=True, kw_only=True):
    """A search, with the parameters of a page's URL; empty for all."""

    q: str = ""
    category: str = ""
    seller: str = ""
    way: str = ""
    low: int | None = None
    high: int | None = None
    sort: str = ""


class Card(Struct, frozen=True):
    """A product on the shelf with its lowest price."""

    product: Product
    least: Shelf


class Choice[T](Struct, frozen=True):
    """A value of a filter, with the number of products that it would leave."""

    what: T
    number: int


class Listing(Struct, frozen=True):
    page: Page[Card]
    total: int
    more: bool
    """Whether more than ``total`` products match, which the search does not examine."""
    close: bool
    """No product has all the words of the search; these have some."""
    similar: bool
    """No product has the words of the search as entered; these have similar ones."""
    named: list[Category]
    """Categories that the search names, unless a category is selected."""
    order: str
    categories: list[Choice[Category]]
    """Top-level categories, with the products of their subcategories."""
    subcategories: list[Choice[Category]]
    """Subcategories of the selected category, or of its parent."""
    all_categories: int
    sellers: list[Choice[Seller]]
    category: Category | None
    seller: Seller | None

    @property
    def seller_rows(self) -> list[Seller]:
        return [choice.what for choice in self.sellers]


def shelf(search: Search, *, after: str = "", size: int = 24) -> Listing:
    """Return the matching public products, with the values of further filters."""
    all_categories = category_queries.in_order()
    category = next(
        (candidate for candidate in all_categories if candidate.slug == search.category and candidate.visible), None
    )
    seller = Seller.objects.filter(slug=search.seller).first() if search.seller else None
    query = Query(
        q=search.q, categories=_keys(search.category, category, all_categories), seller=_key(search.seller, seller), way=search.way,
        low=search.low, high=search.high, sort=search.sort,
    )  # fmt: skip
    result = find(query, after=after, size=size)
    return Listing(
        Page(_cards(result.pks), result.next_key), result.total, result.more, result.close, result.similar,
        [] if category else category_queries.matching_categories(search.q, all_categories), query.order,
        _choices(None, category, all_categories, result.categories),
        _choices(category.path[0], category, all_categories, result.categories) if category else [],
        sum(result.categories.values()), _sellers(result.sellers.most_common(MAX_SELLERS)), category, seller,
    )  # fmt: skip


class Suggestions(Struct, frozen=True):
    """Suggestions of the store for the beginning of a search."""

    categories: list[Category]
    sellers: list[Seller]
    cards: list[Card]


MAX_SUGGESTED = 6
MAX_NAMED = 2
"""Maximum categories and sellers that are suggested before products."""


def suggest(text: str) -> Suggestions:
    """Return the best-matching public products, with the categories and sellers that the text names."""
    result = find(Query(q=text), size=MAX_SUGGESTED)
    prefix = "".join(runs(text))
    sellers = [row for row in _rows_of(result.sellers.most_common(MAX_SELLERS)) if _is_named(row, prefix)]
    categories = category_queries.matching_categories(text, category_queries.in_order())
    return Suggestions(categories[:MAX_NAMED], sellers[:MAX_NAMED], _cards(result.pks))


def _is_named(seller: Seller, prefix: str) -> bool:
    return any("".join(runs(name)).startswith(prefix) for name in (seller.name, seller.name_en))


def _choices(
    parent: Category | None, selected: Category | None, all_categories: Sequence[Category], products: Mapping[int, int]
) -> list[Choice[Category]]:
    """Return the visible categories below ``parent`` that have products, and those on the path to the selected
    one."""
    visible_children = [row for row in all_categories if row.parent == parent and row.visible]
    choices = [
        Choice(row, sum(products.get(pk, 0) for pk in _with_children(row, all_categories))) for row in visible_children
    ]
    return [choice for choice in choices if choice.number or (selected is not None and choice.what in selected.path)]


def _with_children(category: Category, all_categories: Iterable[Category]) -> list[int]:
    """Return the keys of a category and its subcategories, including hidden ones, whose products remain on sale."""
    return [row.pk for row in all_categories if category.pk in (row.pk, row.parent_id)]


def _keys(slug: str, category: Category | None, all_categories: Iterable[Category]) -> Collection[int] | None:
    """Return the keys of the categories to search; an unknown or hidden category matches no product."""
    return _with_children(category, all_categories) if category else (UNKNOWN,) if slug else None


def _key(slug: str, seller: Seller | None) -> int | None:
    """Return the key of the seller; an unknown seller matches no product."""
    return seller.pk if seller else UNKNOWN if slug else None


def card(pk: int) -> Card | None:
    """Return a product as the shelf shows it; None if it is not on the shelf."""
    return next(iter(_cards([pk])), None)


def _cards(pks: Sequence[int]) -> list[Card]:
    card_fields = ("name", "name_en", "summary", "summary_en", "slug")
    rows = Shelf.objects.filter(pk__in=pks).select_related("product", "seller")
    columns = [field.name for field in Product._meta.concrete_fields]  # noqa: SLF001
    rows = rows.defer(*(f"product__{name}" for name in columns if name not in {*card_fields, "id"}))
    by_pk = {row.pk: row for row in rows}
    return [Card(by_pk[pk].product, by_pk[pk]) for pk in pks if pk in by_pk]


def _sellers(counted: Iterable[tuple[int, int]]) -> list[Choice[Seller]]:
    numbers = dict(counted)
    return [Choice(seller, numbers[seller.pk]) for seller in _rows_of(numbers.items())]


def _rows_of(counted: Iterable[tuple[int, int]]) -> list[Seller]:
    return list(Seller.objects.filter(pk__in=dict(counted)).order_by("name", "pk"))


class ProductPage(Struct, frozen=True):
    product: Product
    view: ProductView


def product_page(slug: str, *, currency: str, spec: str = "", also: tuple[str, ...] = ()) -> ProductPage | None:
    """Return the page of a product that is or was sold; None for drafts and unknown slugs. ``spec``: the key of a
    hidden spec whose own link was used. ``also``: a one-to-one relation of another context, read in the same
    statement."""
    product = _with_rows(also).filter(slug=slug).exclude(status=Product.Status.DRAFT).first()
    view = None if product is None else _view(product, currency, spec)
    return None if product is None or view is None else ProductPage(product, view)


def _view(product: Product, currency: str, spec: str = "") -> ProductView | None:
    document = _listed(product)
    if document is None:
        return None
    return view_of(
        document, currency=currency, controls=controls_of(product), slug=product.slug, pk=product.pk,
        spec=spec,
    )  # fmt: skip


def side_by_side(slugs: Sequence[str], *, currency: str) -> list[ProductPage]:
    """Return products to compare, in the given order, without those that are not public."""
    rows = with_rows().filter(slug__in=slugs, on_shelf__isnull=False).select_related("on_shelf")
    by_slug = {row.slug: row for row in rows}
    views = ((by_slug[slug], _view(by_slug[slug], currency)) for slug in dict.fromkeys(slugs) if slug in by_slug)
    return [ProductPage(product, view) for product, view in views if view is not None]


def product_on_sale(*, slug: str = "", pk: int = 0, also: tuple[str, ...] = ()) -> Product | None:
    """Return a product that can be bought, with ``specs`` → ``skus`` → ``offers`` prefetched; None if it is not on
    sale. ``also``: see ``product_page``."""
    lookup = {"slug": slug} if slug else {"pk": pk}
    selling = {"status": Product.Status.ON_SALE, "seller__status": Seller.Status.ACTIVE}
    return _with_rows(also).filter(**selling, **lookup).first()


def _with_rows(relations: tuple[str, ...]) -> QuerySet[Product]:
    rows = with_rows()
    return rows.select_related(*relations) if relations else rows  # without names, Django follows every foreign key


def sells_packages(product: Product) -> bool:
    """Return whether a package of this product can be bought. ``product.seller`` should be loaded."""
    if product.status != Product.Status.ON_SALE or not product.seller.is_selling:
        return False
    return Offer.objects.filter(sku__spec__product=product, on_sale=True, quota__gt=0).exists()


def product_with_agreement(slug: str) -> Product | None:
    """Return a product that is sold, or whose services can still be renewed, with its seller."""
    sold_products = Product.objects.filter(status__in=[Product.Status.ON_SALE, Product.Status.FROZEN])
    return sold_products.select_related("seller").filter(slug=slug, seller__status=Seller.Status.ACTIVE).first()


def seller_page(slug: str) -> Seller | None:
    """Return an active seller; None for applicants, suspended sellers and those who left."""
    return Seller.objects.filter(slug=slug, status=Seller.Status.ACTIVE).first()


def support_of(product: Product) -> documents.Support:
    """Return the support contacts of the version listed last; empty if there is none."""
    document = _listed(product)
    return document.support if document is not None else documents.Support()


def _listed(product: Product) -> documents.Document | None:
    versions = Version.objects.filter(product=product, listed_at__isnull=False).order_by("-listed_at", "-number")
    document = versions.values_list("document", flat=True).first()
    return None if document is None else documents.load(document)


def picture_of(slug: str) -> str | None:
    """Return the drawing of a product that was ever public; None for drafts and unknown slugs."""
    products = Product.objects.filter(slug=slug).exclude(status=Product.Status.DRAFT)
    return products.values_list("picture", flat=True).first()
