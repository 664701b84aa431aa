"""``tradepost category``: manage the store's categories from the command line. Each change is in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import recorded_act
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.audit.record import Subject
    from tradepost.market.catalog.models import Category

app = App(name="category", help="Manage the categories of the store.")

type Flag = Annotated[bool, Parameter(negative="")]


@app.command
def add(slug: str, *, name: str, name_en: str, icon: str = "package", parent: str = "") -> None:
    """Add a category after the others of its level.

    Parameters
    ----------
    slug
        Its name in addresses: lower-case letters, digits and hyphens. It cannot be changed later.
    name
        Chinese name.
    name_en
        English name.
    icon
        One of the vendored icons. A wrong name lists them.
    parent
        Slug of a top-level category, to add a subcategory.
    """
    open_market(existing=True)
    from django.db import transaction

    from tradepost.market.catalog import categories

    with recorded_act("category add", slug=slug, name=name, name_en=name_en, icon=icon, parent=parent) as act:
        if not slug.strip():
            raise Refused("category.slug", "Enter a slug, for example data-ai.")
        _check_icon(icon)
        with transaction.atomic():
            names = categories.Names(name=name, name_en=name_en, icon=icon)
            category = categories.add(names, slug=slug, parent=_find(parent) if parent else None, icons=_icons())
            act.done(_subject(category))
    terminal.print_line(f"Added {category.slug}.")


@app.command(name="list")
def list_categories() -> None:
    """List the categories in their order, with the number of products that use each."""
    open_market(existing=True)
    from tradepost.market.catalog import category_queries

    rows = category_queries.rows()
    if not rows:
        terminal.print_line(
            "This market has no categories. Add one: tradepost category add SLUG --name ... --name-en ..."
        )
    for row in rows:
        category = row.category
        state = "" if category.visible else "  hidden" if category.hidden else "  hidden with its parent"
        indent = "  " if category.parent_id else ""
        terminal.print_line(
            f"{indent}{category.slug}  {category.name} / {category.name_en}  products: {row.products}{state}"
        )


@app.command
def rename(slug: str, *, name: str = "", name_en: str = "", icon: str = "") -> None:
    """Change the names or the icon of a category. Omitted values stay.

    Parameters
    ----------
    slug
        The category.
    name
        New Chinese name.
    name_en
        New English name.
    icon
        New icon, one of the vendored ones.
    """
    open_market(existing=True)
    from django.db import transaction

    from tradepost.market.base import clock
    from tradepost.market.catalog import categories

    with recorded_act("category rename", slug=slug, name=name, name_en=name_en, icon=icon) as act:
        if not (name or name_en or icon):
            raise Refused("category.nothing", "Nothing to change. Give --name, --name-en or --icon.")
        _check_icon(icon or "package")
        with transaction.atomic():
            category = _find(slug)
            names = categories.Names(
                name=name or category.name, name_en=name_en or category.name_en, icon=icon or category.icon
            )
            act.done(_subject(categories.rename(category, names, icons=_icons(), now=clock.now())))
    terminal.print_line(f"Changed {slug}.")


@app.command
def move(slug: str, *, parent: str = "", top: Flag = False, place: int = 0) -> None:
    """Change the order or the parent of a category.

    Parameters
    ----------
    slug
        The category.
    parent
        Slug of the top-level category that it moves under, as its last subcategory.
    top
        Make it the last top-level category.
    place
        Its position in its level, counted from 1.
    """
    open_market(existing=True)
    from django.db import transaction

    from tradepost.market.catalog import categories

    to = {"parent": parent, "top": "yes" if top else "", "place": str(place or "")}
    with recorded_act("category move", slug=slug, **to) as act:
        if not (parent or top or place) or (parent and top):
            raise Refused("category.move", "Say where to: --parent SLUG or --top, and --place NUMBER.")
        if place < 0:
            raise Refused("category.move", f"--place counts from 1, but it is {place}.")
        with transaction.atomic():
            category = _find(slug)
            if parent or top:
                category = categories.move_under(category, _find(parent) if parent else None)
            if place:
                category = categories.move_to(category, place - 1)
            act.done(_subject(category))
    terminal.print_line(f"Moved {slug}.")


@app.command
def hide(slug: str) -> None:
    """Hide a category in the store and for new products. Its products remain on sale."""
    _set_hidden(slug, hidden=True)
    terminal.print_line(f"{slug} is hidden.")


@app.command
def show(slug: str) -> None:
    """Show a hidden category again."""
    _set_hidden(slug, hidden=False)
    terminal.print_line(f"{slug} is shown.")


@app.command
def delete(slug: str) -> None:
    """Delete a category that no product and no subcategory uses."""
    open_market(existing=True)
    from django.db import transaction

    from tradepost.market.catalog import categories

    with recorded_act("category delete", slug=slug) as act, transaction.atomic():
        category = _find(slug)
        subject = _subject(category)
        categories.delete(category)
        act.done(subject)
    terminal.print_line(f"Deleted {slug}.")


def _set_hidden(slug: str, *, hidden: bool) -> None:
    open_market(existing=True)
    from django.db import transaction

    from tradepost.market.catalog import categories

    with recorded_act("category hide" if hidden else "category show", slug=slug) as act, transaction.atomic():
        act.done(_subject(categories.set_hidden(_find(slug), hidden=hidden)))


def _find(slug: str) -> Category:
    from tradepost.market.catalog import category_queries

    category = category_queries.find_by_slug(slug.strip().lower())
    if category is None:
        raise Refused("category.unknown", f"There is no category {slug}. List them: tradepost category list")
    return category


def _subject(category: Category) -> Subject:
    from tradepost.market.audit.record import Subject

    return Subject(kind="category", id=str(category.pk), text=category.name)


def _icons() -> frozenset[str]:
    from tradepost.market.web.templatetags.ui import icon_names

    return icon_names()


def _check_icon(icon: str) -> None:
    if icon not in _icons():
        raise Refused("category.icon", f"There is no icon {icon}. Choose one of: {', '.join(sorted(_icons()))}")
