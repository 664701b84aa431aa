"""Sellers' HTML: what of it may be shown, what of it runs, and what a reader sees of it.

What runs is refused beside the field when a seller hands it in (``active``), and left out in any case when it is shown
(``clean``). Both read it as a browser would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape

import nh3

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "hr",
    "i", "kbd", "li", "mark", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}}
SCHEMES = {"http", "https"}
MOST_MARKUP = 6_000
"""Signs ``<`` of a text. Elements within elements cost their number squared: so many take a fifth of a second, ten times as
many twenty (measured with nh3 0.3)."""
RUNNING = frozenset({"script", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "portal"})
"""Elements that run, load a page into the page, or turn all of its links elsewhere."""
_RUNNING_SCHEMES = ("javascript:", "vbscript:", "data:text/html", "data:image/svg", "data:application")
_BLOCKS = ("p", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "br", "hr", "dt", "dd", "pre",
           "blockquote", "table", "ul", "ol", "section", "article")  # fmt: skip
_FOREIGN = {"svg", "math", "animate", "set", "use", "image", "img", "form", "button", "input", "meta", "link", "video",
            "audio", "source", "body", "details", "select", "textarea"}  # fmt: skip
_LINKS = {"href", "src", "action", "formaction", "data", "srcdoc", "to", "values", "from", "xlink:href"}
_BLOCK = re.compile(rf"</?(?:{'|'.join(_BLOCKS)})\b[^>]*>")
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")


def clean(html: str) -> str:
    """What may be shown. Of what no browser could be asked to read, the text as it was typed."""
    if has_too_much_markup(html):
        return escape(html)
    return nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer", url_relative="deny"
    )


def has_too_much_markup(html: str) -> bool:
    return html.count("<") > MOST_MARKUP


def text_of(html: str) -> str:
    """What a reader sees, a line for each block; nothing of what has too much markup."""
    if has_too_much_markup(html):
        return ""
    flat = nh3.clean(html, tags=set(_BLOCKS), attributes={}, link_rel=None)
    lines = (" ".join(line.split()) for line in unescape(_BLOCK.sub("\n", flat)).split("\n"))
    return "\n".join(line for line in lines if line)


def readable(html: str) -> str:
    """What whoever reviews a text reads: its lines, with a mark before each item of a list, and where each link leads."""
    if has_too_much_markup(html):
        return html
    flat = nh3.clean(
        html, tags={*_BLOCKS, "a"}, attributes={"a": {"href"}}, url_schemes=SCHEMES | {"mailto", "tel"}, link_rel=None
    )
    marked = _LINK.sub(lambda link: f"{link[2]} ({link[1]})", flat.replace("<li>", "<li>• "))
    return text_of(marked)


def links(html: str) -> list[str]:
    """Addresses that its links lead to, as they are written."""
    return [value for tag, name, value in _attributes(html) if (tag, name) == ("a", "href")]


def active(html: str) -> list[str]:
    """What of it would run: ``<script>``, ``onclick``, ``javascript:``. Each once, in order; empty for a right text."""
    if has_too_much_markup(html):
        return []
    found: list[str] = []
    for tag, name, value in _attributes(html, into=found):
        if name.startswith("on"):
            found.append(name)
        elif name == "srcdoc" or (name in _LINKS and _scheme_runs(value)):
            found.append(f"{tag} {name}")
    return list(dict.fromkeys(found))


def _attributes(html: str, *, into: list[str] | None = None) -> Iterator[tuple[str, str, str]]:
    """Element, attribute and value as a browser reads them; names of running elements go ``into`` the list.

    nh3 gives its attributes to a filter, and all that was allowed it writes again, with every other ``<`` escaped.
    """
    if has_too_much_markup(html):
        return
    seen: list[tuple[str, str, str]] = []

    def take(tag: str, name: str, value: str) -> None:
        seen.append((tag, name, value))

    written = nh3.clean(
        html,
        tags=TAGS | RUNNING | _FOREIGN,
        clean_content_tags=set(),
        attributes={"*": _LINKS},
        generic_attribute_prefixes={"on"},
        attribute_filter=take,
        url_schemes=SCHEMES | {"javascript", "vbscript", "data", "mailto", "tel"},
        link_rel=None,
    )
    if into is not None:
        into.extend(f"<{name}>" for closing, name in _TAG.findall(written) if not closing and name in RUNNING)
    yield from seen


def _scheme_runs(value: str) -> bool:
    """Browsers leave out blanks and control characters before they look at the scheme."""
    plain = "".join(sign for sign in value if sign > " ").lower()
    return plain.startswith(_RUNNING_SCHEMES)
