"""Manage the categories of the store: add, rename, move, hide, show and delete them. Two levels at most.

Every function locks all categories first, so that order, names and levels are checked against rows that cannot change.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.both_languages import named
from tradepost.market.base.errors import Refused

from .category_models import MAX_NAME, MAX_SLUG
from .category_queries import product_counts
from .events import CategoryRenamed
from .models import Category, Product

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


class Names(Struct, frozen=True, kw_only=True):
    """What an operator enters: both names, and one of the vendored icons."""

    name: str
    name_en: str
    icon: str


def add(given: Names, *, slug: str = "", parent: Category | None = None, icons: Collection[str]) -> Category:
    """Add a category after its siblings. An empty ``slug`` is made from the English name.

    ``icons``: the names that may be used. Raises ``Refused`` with the field that is wrong.
    """
    with transaction.atomic():
        rows = _locked()
        names = _checked(given, icons)
        slug = slug.strip().lower() or slugify(names.name_en)[:MAX_SLUG].strip("-")
        if not SLUG.fullmatch(slug) or len(slug) > MAX_SLUG:
            words = _(
                "Enter a slug of lower-case letters, digits and hyphens, for example data-ai. At most %(max)s characters."
            )
            raise _invalid("category.slug", words % {"max": MAX_SLUG}, "slug")
        if any(row.slug == slug for row in rows.values()):
            words = _("The slug “%(slug)s” is taken. Enter another one.")
            raise _invalid("category.slug_taken", words % {"slug": slug}, "slug")
        above = _parent(parent, rows)
        siblings = _siblings(rows.values(), above)
        _check_unique(names, siblings)
        position = siblings[-1].position + 1 if siblings else 0
        return Category.objects.create(
            slug=slug, name=names.name, name_en=names.name_en, icon=names.icon, parent=above, position=position
        )


def rename(category: Category, given: Names, *, icons: Collection[str], now: datetime) -> Category:
    """Change the names and the icon. Raises ``Refused`` with the field that is wrong."""
    with transaction.atomic():
        rows = _locked()
        row = _found(rows, category)
        names = _checked(given, icons)
        _check_unique(names, [other for other in _siblings(rows.values(), row.parent) if other.pk != row.pk])
        renamed = (row.name, row.name_en) != (names.name, names.name_en)
        row.name, row.name_en, row.icon = names.name, names.name_en, names.icon
        row.save(update_fields=["name", "name_en", "icon"])
        if renamed:
            outbox.publish(CategoryRenamed(category=row.pk), now=now)
        return row


def move_under(category: Category, parent: Category | None) -> Category:
    """Make it the last subcategory of ``parent``, or the last top-level category without one. Raises ``Refused``."""
    with transaction.atomic():
        rows = _locked()
        row = _found(rows, category)
        above = _parent(parent, rows)
        if above == row.parent:
            return row
        if above is not None and (above.pk == row.pk or _siblings(rows.values(), row)):
            words = _("A category with subcategories stays at the top level. Move its subcategories first.")
            raise _invalid("category.has_children", words, "parent")
        siblings = _siblings(rows.values(), above)
        _check_unique(Names(name=row.name, name_en=row.name_en, icon=row.icon), siblings)
        row.parent, row.position = above, siblings[-1].position + 1 if siblings else 0
        row.save(update_fields=["parent", "position"])
        return row


def move_to(category: Category, place: int) -> Category:
    """Put it at a place among its siblings, counted from 0. A place beyond the ends is the first or the last."""
    with transaction.atomic():
        rows = _locked()
        row = _found(rows, category)
        siblings = [other for other in _siblings(rows.values(), row.parent) if other.pk != row.pk]
        siblings.insert(max(0, min(place, len(siblings))), row)
        for position, sibling in enumerate(siblings):
            sibling.position = position
        Category.objects.bulk_update(siblings, ["position"])
        return row


def move_by(category: Category, steps: int) -> Category:
    """Move it down among its siblings, or up by negative ``steps``."""
    with transaction.atomic():
        rows = _locked()
        row = _found(rows, category)
        place = [other.pk for other in _siblings(rows.values(), row.parent)].index(row.pk)
        return move_to(row, place + steps)


def set_hidden(category: Category, *, hidden: bool) -> Category:
    """Hide it in the store and in the choices for new products, or show it again. Its products remain on sale."""
    with transaction.atomic():
        row = _found(_locked(), category)
        row.hidden = hidden
        row.save(update_fields=["hidden"])
        return row


def delete(category: Category) -> None:
    """Delete a category that nothing uses. Raises ``Refused`` with the number of products or subcategories."""
    with transaction.atomic():
        # Drafts without a choice refer to some category, since the column needs one. Products are locked before it.
        undecided = Product.objects.select_for_update(of=("self",)).filter(
            category=category, status=Product.Status.DRAFT
        )
        drafts = list(undecided.order_by("pk").values_list("pk", flat=True))
        rows = _locked()
        row = _found(rows, category)
        _check_unused(row, rows.values())
        if drafts:
            Product.objects.filter(pk__in=drafts, category=row).update(category=_other(row, rows.values()))
        try:
            row.delete()
        except ProtectedError:  # a product was begun in it meanwhile
            raise _in_use(1) from None


def _check_unused(row: Category, rows: Iterable[Category]) -> None:
    if number := len(_siblings(rows, row)):
        words = ngettext(
            "“%(name)s” has %(number)s subcategory and cannot be deleted. Move or delete the subcategory first.",
            "“%(name)s” has %(number)s subcategories and cannot be deleted. Move or delete them first.",
            number,
        )
        raise Refused("category.has_children", words % {"name": named(row), "number": number})
    if number := product_counts()[row.pk]:
        raise _in_use(number)


def _in_use(number: int) -> Refused:
    words = ngettext(
        "%(number)s product uses this category, so it cannot be deleted. Hide it, or ask the seller to move the product to"
        " another category first.",
        "%(number)s products use this category, so it cannot be deleted. Hide it, or ask the sellers to move them to"
        " another category first.",
        number,
    )
    return Refused("category.used", words % {"number": number})


def _other(row: Category, rows: Iterable[Category]) -> Category:
    other = next((one for one in sorted(rows, key=_order) if one.pk != row.pk), None)
    if other is None:
        words = _("Sellers have drafts, which need a category. Add another category before you delete the last one.")
        raise Refused("category.last", words)
    return other


def _locked() -> dict[int, Category]:
    rows = {row.pk: row for row in Category.objects.select_for_update(of=("self",)).order_by("pk")}
    for row in rows.values():
        row.parent = rows[row.parent_id] if row.parent_id else None
    return rows


def _found(rows: dict[int, Category], category: Category) -> Category:
    row = rows.get(category.pk)
    if row is None:
        raise Refused("category.unknown", _("This category was deleted meanwhile."), HTTPStatus.NOT_FOUND)
    return row


def _parent(parent: Category | None, rows: dict[int, Category]) -> Category | None:
    """The parent as it is now: a top-level category. Raises ``Refused`` for one of the second level."""
    if parent is None:
        return None
    row = rows.get(parent.pk)
    if row is None:
        raise _invalid("category.parent_unknown", _("The parent category was deleted meanwhile."), "parent")
    if row.parent_id is not None:
        words = _("Categories have two levels. Choose a top-level category as the parent.")
        raise _invalid("category.levels", words, "parent")
    return row


def _order(row: Category) -> tuple[int, int]:
    return row.position, row.pk


def _siblings(rows: Iterable[Category], parent: Category | None) -> list[Category]:
    above = parent.pk if parent is not None else None
    return sorted((row for row in rows if row.parent_id == above), key=_order)


def _checked(given: Names, icons: Collection[str]) -> Names:
    names = Names(name=_clean(given.name), name_en=_clean(given.name_en), icon=given.icon.strip())
    for field, text in (("name", names.name), ("name_en", names.name_en)):
        if not any(sign.isalnum() for sign in text):
            words = _("Enter the Chinese name.") if field == "name" else _("Enter the English name.")
            raise _invalid("category.name", words, field)
        if len(text) > MAX_NAME:
            words = _("The name is longer than %(max)s characters. Shorten it.")
            raise _invalid("category.name", words % {"max": MAX_NAME}, field)
    if names.icon not in icons:
        raise _invalid("category.icon", _("Choose one of the icons in the list."), "icon")
    return names


def _clean(text: str) -> str:
    """The text without invisible characters, and with single spaces."""
    visible = (sign for sign in text if sign.isspace() or unicodedata.category(sign) not in _INVISIBLE)
    return " ".join("".join(visible).split())


def _check_unique(names: Names, siblings: Iterable[Category]) -> None:
    """Two categories with the same name and the same parent cannot be told apart."""
    for row in siblings:
        for field in ("name", "name_en"):
            if _folded(getattr(names, field)) == _folded(getattr(row, field)):
                words = _("There is a category “%(name)s” at this level already. Enter another name.")
                raise _invalid("category.name_taken", words % {"name": getattr(row, field)}, field)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _invalid(code: str, words: str, field: str) -> Refused:
    return Refused(code, words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
