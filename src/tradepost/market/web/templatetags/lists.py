"""Parts of list and detail pages: filter bar, table, breadcrumbs, facts. Available without ``{% load %}``.

A list's template contains only its own filter fields, columns and cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tradepost.market.base.money import Money

from .ui import copyable, moment, money, status

register = template.Library()

type Words = str | Promise
type Options = Iterable[tuple[str, Words | Sequence[tuple[str, Words]]]]
"""Values and labels. A sequence instead of a label is a group, as in Django's choices."""


MARKS = {"num": ' class="tp-num"', "silent": ""}
"""Markers before a column's heading: numbers are right-aligned; a column of buttons has a heading only for screen
readers."""


@register.simple_block_tag
def table(content: str, *columns: Words) -> SafeString:
    """``{% table _("Order") "num" _("Amount") %}<tr>…</tr>{% endtable %}``: a table whose rows become cards on a phone."""
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
"""Query parameter of the current tab (``web/parts/tabs.html``), which does not count as a filter."""


@register.simple_block_tag(takes_context=True)
def filters(context: Context, content: str) -> SafeString:
    """Render the filter bar of a list: fields, a button, and a link that resets the filters. The values stay in the
    address."""
    request: HttpRequest = context["request"]
    filled_count = sum(1 for name in request.GET if name not in {"after", "order", TAB} and request.GET[name])
    tab = f"?{urlencode({TAB: request.GET[TAB]})}" if request.GET.get(TAB) else ""
    return SafeString(
        render_to_string(
            "web/parts/filters.html", {"content": content, "filled": filled_count, "path": request.path + tab}
        )
    )


@register.inclusion_tag("web/parts/sought.html")
def sought(name: str, value: str, label: Words, hint: Words = "") -> dict[str, object]:
    """Render a search field. ``hint`` names the searched fields."""
    return {"name": name, "value": value, "label": label, "hint": hint}


@register.inclusion_tag("web/parts/choice.html")
def choice(name: str, value: str, label: Words, options: Options) -> dict[str, object]:
    """Render a choice of one value, or all."""
    choices = [(key, words) if isinstance(words, str | Promise) else ("", (key, words)) for key, words in options]
    return {"name": name, "value": value, "label": label, "options": choices}


@register.inclusion_tag("web/parts/empty.html")
def nothing(icon: str, title: Words, text: Words = "", action: Words = "", page: str = "") -> dict[str, object]:
    """Render the empty state of a list: the reason and the next step. ``page``: URL name."""
    return {"icon": icon, "title": title, "text": text, "action": action, "action_url": reverse(page) if page else ""}


@register.simple_block_tag
def card(content: str, title: Words, css: str = "", id: str = "") -> SafeString:  # noqa: A002  # named as in HTML
    """``{% card _("Money") css="mt-3" %}…{% endcard %}``: a section of a page with a heading. ``id``: target for links."""
    return _section(format_html('<div class="card-body">{}{}</div>', _card_title(title, id), content), css, id)


@register.simple_block_tag
def facts(content: str, title: Words, css: str = "", id: str = "") -> SafeString:  # noqa: A002  # named as in HTML
    """``{% facts _("Order") %}…{% endfacts %}``: a card of facts."""
    return card(format_html('<dl class="tp-facts">{}</dl>', content), title, css, id)


@register.simple_block_tag
def panel(content: str, title: Words, css: str = "", id: str = "") -> SafeString:  # noqa: A002  # named as in HTML
    """``{% panel _("Lines") css="mt-3" %}…{% endpanel %}``: a table or form with a heading. ``id``: target for links."""
    head = format_html('<div class="card-header">{}</div>', _card_title(title, id))
    return _section(format_html("{}{}", head, content), css, id)


def _section(content: SafeString, css: str, label_id: str) -> SafeString:
    label = format_html(' aria-labelledby="{}"', label_id) if label_id else ""
    return format_html('<section class="{}"{}>{}</section>', f"card {css}".strip(), label, content)


def _card_title(title: Words, title_id: str) -> SafeString:
    return format_html('<h2 class="card-title"{}>{}</h2>', format_html(' id="{}"', title_id) if title_id else "", title)


@register.inclusion_tag("web/parts/crumbs.html")
def crumbs(*steps: Words) -> dict[str, object]:
    """Render breadcrumbs above a page's heading: addresses or URL names alternate with labels."""
    addresses = [step if str(step).startswith("/") else reverse(str(step)) for step in steps[::2]]
    return {"steps": list(zip(addresses, steps[1::2], strict=True))}


@register.simple_tag(takes_context=True)
def heading(context: Context, *steps: Words, **options: Any) -> SafeString:
    """``{% heading "console:invoices" _("Invoices") intro=_("…") %}``: breadcrumbs, heading and an introduction.

    ``steps``: addresses or URL names, alternating with labels. ``title`` defaults to the page's block ``title``.
    ``lifecycle`` and ``state``: the state shown beside it.
    """
    return header(context, "", *steps, **options)


@register.simple_block_tag(takes_context=True)
def header(
    context: Context,
    content: str,
    *steps: Words,
    title: Words = "",
    intro: Words = "",
    lifecycle: str = "",
    state: object = "",
) -> SafeString:
    """``{% header … %}<a class="btn">…</a>{% endheader %}``: a ``heading`` with buttons."""
    words = title or _block(context, "title")
    html = (
        format_html("<h1>{} {}</h1>", words, _badge(lifecycle, state))
        if lifecycle
        else format_html("<h1>{}</h1>", words)
    )
    if intro:
        html = format_html('<div>{}<p class="tp-muted">{}</p></div>', html, intro)
    breadcrumbs = render_to_string("web/parts/crumbs.html", crumbs(*steps)) if steps else ""
    return format_html('{}<div class="tp-header">{}{}</div>', breadcrumbs, html, content)


def _block(context: Context, name: str) -> SafeString:
    """Return the content of a page's block, from the most derived template."""
    html: SafeString = context.render_context[BLOCK_CONTEXT_KEY].get_block(name).nodelist.render(context)
    return html


@register.filter
def at(name: str, key: object) -> str:
    """``"console:order"|at:order.number``: the address of an object's page."""
    return reverse(name, args=[key])


def _badge(lifecycle: str, state: object) -> SafeString:
    return render_to_string("web/parts/status.html", status(lifecycle, state))


@register.simple_tag
def fact(
    label: Words,
    value: object,
    *,
    page: str = "",
    key: object = None,
    css: str = "",
    lifecycle: str = "",
    copy: bool = False,
) -> SafeString | str:
    """Render a row of ``tp-facts`` with a time, amount or text; nothing for an empty value.

    ``page`` and ``key``: the linked page, unless the key is empty. ``lifecycle``: the value is a state. ``copy``: with
    a copy button.
    """
    if value is None or value == "":
        return ""
    html: object = moment(value) if isinstance(value, datetime) else money(value) if isinstance(value, Money) else value
    if lifecycle:
        html = _badge(lifecycle, value)
    elif copy:
        html = render_to_string("web/parts/copyable.html", copyable(value))
    if page and key not in {None, ""}:
        attributes = format_html(' class="{}"', css) if css else ""
        html = format_html('<a{} href="{}">{}</a>', attributes, reverse(page, args=[key]), html)
    elif css:
        return format_html('<dt>{}</dt><dd class="{}">{}</dd>', label, css, html)
    return format_html("<dt>{}</dt><dd>{}</dd>", label, html)


@register.simple_block_tag
def term(content: str, label: Words) -> SafeString:
    """``{% term _("Groups") %}…{% endterm %}``: a row of ``tp-facts`` for values that ``fact`` cannot render."""
    return format_html("<dt>{}</dt>\n<dd>{}</dd>", label, content)
