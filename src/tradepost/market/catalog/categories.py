"""Manage the categories of the store: add, rename, move, hide, show and delete them. Two levels at most.

Every function locks all categories first, so that order, names and levels are checked against rows that cannot
change."""

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
from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.errors import Refused

from .category_models import MAX_NAME_LENGTH, MAX_SLUG_LENGTH
from .category_queries import product_counts
from .events import CategoryRenamed
from .models import Category, Product

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


class Names(Struct, frozen=True, kw_only=True):
    """The operator's input: both names, and one of the available icons."""

    name: str
    name_en: str
    icon: str


def add(names_entered: Names, *, slug: str = "", parent: Category | None = None, icons: Collection[str]) -> Category:
    """Add a category after its siblings. An empty ``slug`` is derived from the English name.

    ``icons``: the names that may be used. Raises ``Refused`` with the invalid field."""
    with transaction.atomic():
        rows = _locked()
        names = _checked(names_entered, icons)
        slug = slug.strip().lower() or slugify(names.name_en)[:MAX_SLUG_LENGTH].strip("-")
        if not SLUG.fullmatch(slug) or len(slug) > MAX_SLUG_LENGTH:
            message = _(
                "Enter a slug of lower-case letters, digits and hyphens, for example data-ai. At most %(max)s characters."
            )
            raise _invalid("category.slug", message % {"max": MAX_SLUG_LENGTH}, "slug")
        if any(row.slug == slug for row in rows.values()):
            message = _("The slug “%(slug)s” is taken. Enter another one.")
            raise _invalid("category.slug_taken", message % {"slug": slug}, "slug")
        parent_row = _parent(parent, rows)
        siblings = _siblings(rows.values(), parent_row)
        _check_unique(names, siblings)
        position = siblings[-1].position + 1 if siblings else 0
        return Category.objects.create(
            slug=slug, name=names.name, name_en=names.name_en, icon=names.icon, parent=parent_row, position=position
        )


def rename(category: Category, names_entered: Names, *, icons: Collection[str], now: datetime) -> Category:
    """Change the names and the icon. Raises ``Refused`` with the invalid field."""
    with transaction.atomic():
        rows = _locked()
        row = _current(rows, category)
        names = _checked(names_entered, icons)
        _check_unique(names, [sibling for sibling in _siblings(rows.values(), row.parent) if sibling.pk != row.pk])
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
        row = _current(rows, category)
        parent_row = _parent(parent, rows)
        if parent_row == row.parent:
            return row
        if parent_row is not None and (parent_row.pk == row.pk or _siblings(rows.values(), row)):
            message = _("A category with subcategories stays at the top level. Move its subcategories first.")
            raise _invalid("category.has_children", message, "parent")
        siblings = _siblings(rows.values(), parent_row)
        _check_unique(Names(name=row.name, name_en=row.name_en, icon=row.icon), siblings)
        row.parent, row.position = parent_row, siblings[-1].position + 1 if siblings else 0
        row.save(update_fields=["parent", "position"])
        return row


def move_to(category: Category, place: int) -> Category:
    """Move it to a position among its siblings, counted from 0. A position beyond the ends is the first or the
    last."""
    with transaction.atomic():
        rows = _locked()
        row = _current(rows, category)
        siblings = [candidate for candidate in _siblings(rows.values(), row.parent) if candidate.pk != row.pk]
        siblings.insert(max(0, min(place, len(siblings))), row)
        for position, sibling in enumerate(siblings):
            sibling.position = position
        Category.objects.bulk_update(siblings, ["position"])
        return row


def move_by(category: Category, steps: int) -> Category:
    """Move it down by ``steps`` among its siblings, or up if negative."""
    with transaction.atomic():
        rows = _locked()
        row = _current(rows, category)
        place = [sibling.pk for sibling in _siblings(rows.values(), row.parent)].index(row.pk)
        return move_to(row, place + steps)


def set_hidden(category: Category, *, hidden: bool) -> Category:
    """Hide it in the store and in the selection for new products, or show it again. Its products remain on sale."""
    with transaction.atomic():
        row = _current(_locked(), category)
        row.hidden = hidden
        row.save(update_fields=["hidden"])
        return row


def delete(category: Category) -> None:
    """Delete an unused category. Raises ``Refused`` with the number of products or subcategories."""
    with transaction.atomic():
        # A draft without a category refers to any, because the column is required. Products are locked before
        # categories.
        undecided = Product.objects.select_for_update(of=("self",)).filter(
            category=category, status=Product.Status.DRAFT
        )
        drafts = list(undecided.order_by("pk").values_list("pk", flat=True))
        rows = _locked()
        row = _current(rows, category)
        _check_unused(row, rows.values())
        if drafts:
            Product.objects.filter(pk__in=drafts, category=row).update(category=_replacement(row, rows.values()))
        try:
            row.delete()
        except ProtectedError:  # a product was created in it meanwhile
            raise _in_use(1) from None


def _check_unused(row: Category, rows: Iterable[Category]) -> None:
    if number := len(_siblings(rows, row)):
        message = ngettext(
            "“%(name)s” has %(number)s subcategory and cannot be deleted. Move or delete the subcategory first.",
            "“%(name)s” has %(number)s subcategories and cannot be deleted. Move or delete them first.",
            number,
        )
        raise Refused("category.has_children", message % {"name": localised_name(row), "number": number})
    if number := product_counts()[row.pk]:
        raise _in_use(number)


def _in_use(number: int) -> Refused:
    message = ngettext(
        "%(number)s product uses this category, so it cannot be deleted. Hide it, or ask the seller to move the product to"
        " another category first.",
        "%(number)s products use this category, so it cannot be deleted. Hide it, or ask the sellers to move them to"
        " another category first.",
        number,
    )
    return Refused("category.used", message % {"number": number})


def _replacement(row: Category, rows: Iterable[Category]) -> Category:
    replacement = next((candidate for candidate in sorted(rows, key=_order) if candidate.pk != row.pk), None)
    if replacement is None:
        message = _("Sellers have drafts, which need a category. Add another category before you delete the last one.")
        raise Refused("category.last", message)
    return replacement


def _locked() -> dict[int, Category]:
    rows = {row.pk: row for row in Category.objects.select_for_update(of=("self",)).order_by("pk")}
    for row in rows.values():
        row.parent = rows[row.parent_id] if row.parent_id else None
    return rows


def _current(rows: dict[int, Category], category: Category) -> Category:
    row = rows.get(category.pk)
    if row is None:
        raise Refused("category.unknown", _("This category was deleted meanwhile."), HTTPStatus.NOT_FOUND)
    return row


def _parent(parent: Category | None, rows: dict[int, Category]) -> Category | None:
    """Return the current row of the parent, a top-level category. Raises ``Refused`` for the second level."""
    if parent is None:
        return None
    row = rows.get(parent.pk)
    if row is None:
        raise _invalid("category.parent_unknown", _("The parent category was deleted meanwhile."), "parent")
    if row.parent_id is not None:
        message = _("Categories have two levels. Choose a top-level category as the parent.")
        raise _invalid("category.levels", message, "parent")
    return row


def _order(row: Category) -> tuple[int, int]:
    return row.position, row.pk


def _siblings(rows: Iterable[Category], parent: Category | None) -> list[Category]:
    parent_key = parent.pk if parent is not None else None
    return sorted((row for row in rows if row.parent_id == parent_key), key=_order)


def _checked(entered: Names, icons: Collection[str]) -> Names:
    names = Names(name=_clean(entered.name), name_en=_clean(entered.name_en), icon=entered.icon.strip())
    for field, text in (("name", names.name), ("name_en", names.name_en)):
        if not any(character.isalnum() for character in text):
            message = _("Enter the Chinese name.") if field == "name" else _("Enter the English name.")
            raise _invalid("category.name", message, field)
        if len(text) > MAX_NAME_LENGTH:
            message = _("The name is longer than %(max)s characters. Shorten it.")
            raise _invalid("category.name", message % {"max": MAX_NAME_LENGTH}, field)
    if names.icon not in icons:
        raise _invalid("category.icon", _("Choose one of the icons in the list."), "icon")
    return names


def _clean(text: str) -> str:
    """Return the text without invisible characters, and with single spaces."""
    visible = (
        character for character in text if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    return " ".join("".join(visible).split())


def _check_unique(names: Names, siblings: Iterable[Category]) -> None:
    """Check that no sibling has the same name: the two could not be distinguished."""
    for row in siblings:
        for field in ("name", "name_en"):
            if _folded(getattr(names, field)) == _folded(getattr(row, field)):
                message = _("There is a category “%(name)s” at this level already. Enter another name.")
                raise _invalid("category.name_taken", message % {"name": getattr(row, field)}, field)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _invalid(code: str, message: str, field: str) -> Refused:
    return Refused(code, message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
