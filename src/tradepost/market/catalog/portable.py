"""Categories and search synonyms in an exported configuration."""

from __future__ import annotations

from typing import Any

from tradepost.market.base.portable import Importing, Place, Section

from . import synonyms
from .models import Category, SynonymGroup
from .synonym_queries import synonyms_of

COLUMNS = ("slug", "name", "name_en", "icon", "position", "hidden")


def dump_categories(_place: Place) -> list[dict[str, Any]]:
    categories = Category.objects.select_related("parent").order_by("parent__position", "position", "pk")
    return [
        {
            **{column: getattr(category, column) for column in COLUMNS},
            "parent": category.parent.slug if category.parent else "",
        }
        for category in sorted(categories, key=lambda category: category.parent is not None)
    ]


def load_categories(dumped: Any, importing: Importing) -> None:
    """Replace the categories with which a new market starts."""
    del importing
    Category.objects.filter(parent__isnull=False).delete()
    Category.objects.all().delete()
    by_slug: dict[str, Category] = {}
    for imported in dumped:
        values = {column: imported[column] for column in COLUMNS}
        category = Category(**values, parent=by_slug[imported["parent"]] if imported["parent"] else None)
        category.full_clean(exclude=["parent"])
        category.save()
        by_slug[category.slug] = category


def dump_synonyms(_place: Place) -> list[list[str]]:
    return [synonyms_of(group) for group in SynonymGroup.objects.order_by("pk")]


def load_synonyms(dumped: Any, importing: Importing) -> None:
    del importing
    SynonymGroup.objects.all().delete()
    for words in dumped:
        synonyms.add(words)


SECTIONS = (
    Section(name="categories", dump=dump_categories, load=load_categories),
    Section(name="synonyms", dump=dump_synonyms, load=load_synonyms),
)
