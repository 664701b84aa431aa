"""The parts of lists and of pages of one thing: filter bar, table, the way back, facts. Without ``{% load %}``.

A list's page says only what is its own: the fields of the filter, the columns, the cells of a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tradepost.market.base.money import Money

from .ui import moment, money

register = template.Library()

type Words = str | Promise
type Options = Iterable[tuple[str, Words | Sequence[tuple[str, Words]]]]
"""Values with their words; a sequence in place of the words is a group, as in Django's choices."""


MARKS = {"num": ' class="tp-num"', "silent": ""}
"""What may stand before a column's words: numbers are aligned at their end; a column of buttons has a silent heading."""


@register.simple_block_tag
def table(content: str, *columns: Words) -> SafeString:
    """``{% table _("Order") "num" _("Amount") %}<tr>…</tr>{% endtable %}``: on a phone each row becomes a card."""
    return format_html(
        '<div class="table-responsive"><table class="table card-table tp-cards">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        format_html_join("", '<th scope="col"{}>{}</th>', _heads(columns)), content,
    )  # fmt: skip


def _heads(columns: Iterable[Words]) -> Iterator[tuple[SafeString, Words]]:
    mark = ""
    for column in columns:
        if column in MARKS:
            mark = str(column)
            continue
        silent = mark == "silent"
        yield (
            SafeString(MARKS.get(mark, "")),
            format_html('<span class="visually-hidden">{}</span>', column) if silent else column,
        )
        mark = ""


TAB = "show"
"""The parameter that says which part of a list is shown (``web/parts/tabs.html``); what is searched in it is apart from it."""


@register.simple_block_tag(takes_context=True)
def filters(context: Context, content: str) -> SafeString:
    """The bar above a list: fields, the button, and the way back to all. What is asked stays in the page's address."""
    request: HttpRequest = context["request"]
    filled = sum(1 for name in request.GET if name not in {"after", TAB} and request.GET[name])
    tab = f"?{urlencode({TAB: request.GET[TAB]})}" if request.GET.get(TAB) else ""
    return SafeString(
        render_to_string("web/parts/filters.html", {"content": content, "filled": filled, "path": request.path + tab})
    )


@register.inclusion_tag("web/parts/sought.html")
def sought(name: str, value: str, label: Words, hint: Words = "") -> dict[str, object]:
    """A field to search in; the hint names what is searched."""
    return {"name": name, "value": value, "label": label, "hint": hint}


@register.inclusion_tag("web/parts/choice.html")
def choice(name: str, value: str, label: Words, options: Options) -> dict[str, object]:
    """One of several values, or all."""
    shown = [(key, words) if isinstance(words, str | Promise) else ("", (key, words)) for key, words in options]
    return {"name": name, "value": value, "label": label, "options": shown}


@register.inclusion_tag("web/parts/empty.html")
def nothing(icon: str, title: Words, text: Words = "", action: Words = "", page: str = "") -> dict[str, object]:
    """What stands where a list is empty: why, and what to do next; ``page`` is the name of an address."""
    return {"icon": icon, "title": title, "text": text, "action": action, "action_url": reverse(page) if page else ""}


@register.simple_block_tag
def card(content: str, title: Words) -> SafeString:
    """``{% card _("Money") %}…{% endcard %}``: a part of a page under its own heading."""
    return format_html(
        '<section class="card"><div class="card-body"><h2 class="card-title">{}</h2>{}</div></section>', title, content
    )


@register.inclusion_tag("web/parts/crumbs.html")
def crumbs(*steps: Words) -> dict[str, object]:
    """The way back, above a page's heading: address and words by turns."""
    return {"steps": list(zip(steps[::2], steps[1::2], strict=True))}


@register.simple_tag
def fact(label: Words, value: object) -> SafeString | str:
    """A line of a ``tp-facts`` with a moment, money or text; nothing where there is no value."""
    if value is None or value == "":
        return ""
    shown = moment(value) if isinstance(value, datetime) else money(value) if isinstance(value, Money) else value
    return format_html("<dt>{}</dt><dd>{}</dd>", label, shown)
