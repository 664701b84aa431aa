"""Columns of a list: their content on the page and in files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.money import Money
from tradepost.market.base.table_files import Cell
from tradepost.market.base.values import replace
from tradepost.market.web import status as vocabulary
from tradepost.market.web.templatetags import ui

type Words = str | Promise
type Value[R] = str | Callable[[R], Any]
"""Source of a value: a function of the row, or a path of attributes, which stops at None. ``product:name`` is the name
in the reader's language."""


class Column[R](Struct, frozen=True, kw_only=True):
    """A column. ``value`` goes into files, ``html`` onto the page. On a phone the heading precedes the value unless
    ``labelled`` is off."""

    words: Words
    value: Callable[[R], Any]
    html: Callable[[R], str]
    css: str = ""
    labelled: bool = True
    numeric: bool = False
    is_money: bool = False
    """Whether files get an extra column for the currency."""
    in_file: bool = True
    on_page: bool = True


def text[R](
    words: Words, value: Value[R], *, under: Value[R] | None = None, css: str = "", **options: Any
) -> Column[R]:
    """Return a column of plain text. ``under``: a second line in a muted colour."""
    get = _getter(value)
    return Column(words=words, value=lambda row: _to_cell(get(row)), html=_with_second_line(lambda row: _to_html(get(row)), under), css=css, **options)  # fmt: skip


def page_link[R](
    words: Words,
    value: Value[R],
    page: str,
    *arguments: Value[R],
    under: Value[R] | None = None,
    css: str = "",
    **options: Any,
) -> Column[R]:
    """Return a column of text linked to a page: ``opens(_("Refund"), "number", "console:refund", "pk")``. A row without
    a key has no link."""
    get, keys = _getter(value), [_getter(argument) for argument in arguments]

    def link(row: R) -> str:
        arguments_of_row = [key(row) for key in keys]
        words = _to_html(get(row))
        if any(key in {None, ""} for key in arguments_of_row):
            return words
        return format_html('<a href="{}">{}</a>', reverse(page, args=arguments_of_row), words)

    options.setdefault("labelled", False)
    return Column(
        words=words, value=lambda row: _to_cell(get(row)), html=_with_second_line(link, under), css=css, **options
    )


def copied[R](words: Words, value: Value[R], **options: Any) -> Column[R]:
    """Return a column of ids in monospace with a copy button."""
    return fragment(words, value, "web/pages/copied.html", css="tp-whole", **options)


def moment[R](words: Words, value: Value[R], **options: Any) -> Column[R]:
    return _formatted_column(words, value, ui.moment, css="tp-whole", **options)


def day[R](words: Words, value: Value[R], **options: Any) -> Column[R]:
    return _formatted_column(words, value, ui.day, css="tp-whole", **options)


def money[R](words: Words, value: Value[R], *, why: tuple[str, Value[R]] | None = None, **options: Any) -> Column[R]:
    """Return a column of amounts. Files contain major units, and the currency in an extra last column. ``why``: the
    page that explains the amount and the key in its address; no link without a key."""
    get = _getter(value)

    def shown(row: R) -> str:
        amount = conditional_escape(ui.money(get(row)))
        key = _getter(why[1])(row) if why is not None else None
        if why is None or not key:
            return amount
        url = reverse(why[0], args=[key])
        return format_html("{} {}", amount, render_to_string("web/parts/why.html", {"url": url, "short": True}))

    return Column(words=words, value=get, html=shown, css="tp-num", numeric=True, is_money=True, **options)


def number[R](words: Words, value: Value[R], *, unit: Value[R] | None = None, **options: Any) -> Column[R]:
    """Return a column of quantities. ``unit`` follows the number on the page; files contain only the number."""
    get, unit_of = _getter(value), _getter(unit) if unit is not None else None

    def shown(row: R) -> str:
        value_of_row = get(row)
        if value_of_row is None:
            return ""
        return (
            format_html("{} {}", ui.amount(Decimal(value_of_row)), unit_of(row))
            if unit_of
            else ui.amount(Decimal(value_of_row))
        )

    return Column(words=words, value=get, html=shown, css="tp-num", numeric=True, **options)


def with_link[R](column: Column[R], address: Callable[[R], str]) -> Column[R]:
    """Return the column with its content linked to an address; an empty address adds no link."""

    def link(row: R) -> str:
        url, words = address(row), column.html(row)
        return format_html('<a href="{}">{}</a>', url, SafeString(words)) if url and words else words

    return replace(column, html=link)


def state[R](
    words: Words, lifecycle: str, value: Value[R] = "status", *, under: Value[R] | None = None, **options: Any
) -> Column[R]:
    """Return a column of states, with the label, tone and icon that all pages use."""
    get = _getter(value)

    def badge(row: R) -> str:
        value_of_row = get(row)
        return _badge(vocabulary.look(lifecycle, value_of_row)) if value_of_row not in {None, ""} else ""

    def word(row: R) -> str:
        value_of_row = get(row)
        return str(vocabulary.look(lifecycle, value_of_row).label) if value_of_row not in {None, ""} else ""

    options.setdefault("labelled", False)
    return Column(words=words, value=word, html=_with_second_line(badge, under), **options)


def fragment[R](words: Words, value: Value[R], template: str, **options: Any) -> Column[R]:
    """Return a column whose cells a template renders from ``row`` and ``value``. The template computes nothing; files
    contain the value."""
    get = _getter(value)

    def shown(row: R) -> str:
        return render_to_string(template, {"row": row, "value": get(row)}).strip()

    return Column(words=words, value=lambda row: _to_cell(get(row)), html=shown, **options)


def _formatted_column[R](
    words: Words, value: Value[R], show: Callable[[Any], str], *, under: Value[R] | None = None, **options: Any
) -> Column[R]:
    get = _getter(value)
    return Column(words=words, value=get, html=_with_second_line(lambda row: show(get(row)), under), **options)


def _with_second_line[R](html: Callable[[R], str], under: Value[R] | None) -> Callable[[R], str]:
    if under is None:
        return html
    second_getter = _getter(under)

    def both(row: R) -> str:
        words = _to_html(second_getter(row))
        return format_html('{}<div class="tp-muted">{}</div>', SafeString(html(row)), words) if words else html(row)

    return both


def _getter[R](value: Value[R]) -> Callable[[R], Any]:
    if not isinstance(value, str):
        return value
    path, _colon, name = value.partition(":")
    steps = path.split(".") if path else []

    def get(row: R) -> Any:
        subject: Any = row
        for step in steps:
            if subject is None:
                return None
            subject = getattr(subject, step)
        if callable(subject):
            subject = subject()
        return localised_name(subject, name) if name and subject is not None else subject

    return get


def _to_html(value: Any) -> SafeString:
    """Return a value for the page, escaped."""
    match value:
        case None | "":
            return SafeString("")
        case Money():
            return conditional_escape(ui.money(value))
        case datetime():
            return conditional_escape(ui.moment(value))
        case _:
            return conditional_escape(value)


def _to_cell(value: Any) -> Cell | Money:
    """Return a value for a file; lazy translations become text."""
    return str(value) if isinstance(value, Promise) else value


def _badge(look: vocabulary.Look) -> str:
    return render_to_string("web/parts/status.html", {"look": look}).strip()
