"""Queries on categories for the store, sellers and operators: each parent in order, followed by its children."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Count
from msgspec import Struct

from .models import Category, Product, Version
from .search_terms import JOINS, runs


def in_order() -> list[Category]:
    """Return all categories with their parents loaded."""
    rows = list(Category.objects.select_related("parent").order_by("position", "pk"))
    children = defaultdict(list)
    for row in rows:
        children[row.parent_id].append(row)
    return [row for top in children[None] for row in (top, *children[top.pk])]


def visible() -> list[Category]:
    return [row for row in in_order() if row.visible]


def choices_for(product: Product | None) -> list[Category]:
    """Return the categories that a seller may choose. A listed product may stay in a category that has been hidden
    since."""
    current_id = product.category_id if product is not None and product.status != Product.Status.DRAFT else None
    return [row for row in in_order() if row.visible or row.pk == current_id]


def matching_categories(text: str, every: Iterable[Category]) -> list[Category]:
    """Return the visible categories in ``every`` of which a name, or a part of a joined name, begins with the
    text."""
    prefix = "".join(runs(text))
    return (
        [row for row in every if row.visible and any(part.startswith(prefix) for part in _parts(row))] if prefix else []
    )


def _parts(category: Category) -> Iterator[str]:
    for name in (category.name, category.name_en):
        yield from ("".join(runs(part)) for part in (name, *JOINS.split(name)))


def product_counts() -> Counter[int]:
    """Count the products that need each category: those ever listed in it, and drafts and submissions that name
    it."""
    listed = Product.objects.exclude(status=Product.Status.DRAFT).order_by()
    counts = Counter(dict(listed.values_list("category").annotate(Count("pk"))))
    pks = dict(Category.objects.values_list("slug", "pk"))
    open_versions = Version.objects.filter(status__in=[Version.Status.DRAFT, Version.Status.SEALED])
    columns = ("document__base__category", "product", "product__status", "product__category")
    open_uses = {
        (pks[slug], product)
        for slug, product, status, category in open_versions.values_list(*columns)
        if slug in pks and (status == Product.Status.DRAFT or pks[slug] != category)
    }
    counts.update(category for category, _product in open_uses)
    return counts


class Row(Struct, frozen=True):
    """A category in the operator's list. ``first`` and ``last``: its position among its siblings."""

    category: Category
    products: int
    first: bool
    last: bool

    @property
    def key(self) -> str:
        return str(self.category.pk)


def rows() -> list[Row]:
    categories, products = in_order(), product_counts()
    siblings = defaultdict(list)
    for category in categories:
        siblings[category.parent_id].append(category.pk)
    return [
        Row(
            category, products[category.pk],
            category.pk == siblings[category.parent_id][0], category.pk == siblings[category.parent_id][-1],
        )
        for category in categories
    ]  # fmt: skip


def find(pk: int) -> Category | None:
    return Category.objects.select_related("parent").filter(pk=pk).first()


def find_by_slug(slug: str) -> Category | None:
    return Category.objects.select_related("parent").filter(slug=slug).first()
