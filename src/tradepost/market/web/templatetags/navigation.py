"""Navigation of a site, its groups, and skip links. Available without ``{% load %}``."""

from __future__ import annotations

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tradepost.market.identity import console_roles
from tradepost.market.web.offered import is_offered

register = template.Library()


@register.inclusion_tag("web/parts/nav_item.html", takes_context=True)
def nav_item(
    context: Context,
    name: str,
    icon_name: str,
    label: str,
    *,
    key: object = None,
    exact: bool = False,
    apart: str = "",
    badge: object = "",
    badge_url: str = "",
) -> dict[str, object]:
    """Render a navigation entry, marked on its page and the pages below; nothing for a page that is not offered.

    ``key``: of the page's object. ``apart``: a page below with its own entry. ``badge``: a count, updated from
    ``badge_url`` every minute.
    """
    try:
        url = reverse(name, args=[] if key is None else [key]) if _is_for_reader(context, name) else ""
    except NoReverseMatch:
        url = ""
    path = context["request"].path
    is_below = bool(url) and not exact and path.startswith(url) and not (apart and path.startswith(reverse(apart)))
    current = "page" if path == url else "true" if is_below else ""
    return {
        "url": url, "icon_name": icon_name, "label": label, "here": current, "badge": badge, "badge_url": badge_url,
    }  # fmt: skip


def _is_for_reader(context: Context, name: str) -> bool:
    """Return whether this market offers the page and the operator's role includes it."""
    site, _colon, page = name.partition(":")
    role = getattr(getattr(context["request"], "user", None), "operator_role", "")
    return is_offered(name) and (site != "console" or console_roles.is_permitted(role, page))


@register.simple_tag(takes_context=True)
def tab(context: Context, words: str, page: str, *keys: object, below: bool = False) -> SafeString:
    """``{% tab _("Records") "seller_center:usage" %}``: a link of ``tp-tabs``, marked on its page. ``below``: also on
    pages below."""
    url, path = reverse(page, args=keys), context["request"].path
    state = "page" if path == url else "true" if below and path.startswith(url) else ""
    attribute = format_html(' aria-current="{}"', state) if state else ""
    css = "btn btn-sm btn-primary" if state else "btn btn-sm"
    return format_html('<a class="{}" href="{}"{}>{}</a>', css, url, attribute, words)


@register.simple_block_tag(takes_context=True)
def nav_group(context: Context, content: str, code: str, label: str, css: str = "") -> str:
    """Render a foldable group of entries. The cookie ``folded`` lists the codes of folded groups (market.js); the group
    of the current entry is open. Returns nothing for an empty group."""
    if not content.strip():
        return ""
    folded_codes = context["request"].COOKIES.get("folded", "").split(".")
    is_open = code not in folded_codes or "aria-current" in content
    return format_html(
        '<li class="tp-nav-group {}"><details data-nav-group="{}"{}><summary>{}</summary><ul>{}</ul></details></li>',
        css, code, SafeString(" open") if is_open else "", label, content,
    )  # fmt: skip


class SkipLinks(template.Node):
    """A separate node, because Django does not find blocks inside a ``simple_block_tag``, which would leave
    ``block.super`` empty."""

    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        content = self.nodelist.render(context)
        return SafeString(
            render_to_string("web/parts/skip_links.html", {"has_results": 'id="results"' in content}) + content
        )


@register.tag
def with_skip_links(parser: Parser, _token: Token) -> SkipLinks:
    """Render the page below its skip links, which jump over the header and the filters."""
    nodelist = parser.parse(("endwith_skip_links",))
    parser.delete_first_token()
    return SkipLinks(nodelist)
