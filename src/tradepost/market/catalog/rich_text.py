"""Sellers' HTML: what may be shown, what would execute, and the text that a reader sees.

Active content is refused beside the field on submission (``active``), and always removed when shown (``clean``). Both
parse HTML as a browser does."""

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
MAX_MARKUP = 6_000
"""Maximum number of ``<`` in a text. Nested elements take quadratic time: this number takes a fifth of a second, ten
times as many take twenty seconds (measured with nh3 0.3)."""
EXECUTING = frozenset({"script", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "portal"})
"""Elements that execute, embed a page, or change the base of all links."""
_EXECUTING_SCHEMES = ("javascript:", "vbscript:", "data:text/html", "data:image/svg", "data:application")
_BLOCKS = ("p", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "br", "hr", "dt", "dd", "pre",
           "blockquote", "table", "ul", "ol", "section", "article")  # fmt: skip
_FOREIGN = {"svg", "math", "animate", "set", "use", "image", "img", "form", "button", "input", "meta", "link", "video",
            "audio", "source", "body", "details", "select", "textarea"}  # fmt: skip
_LINKS = {"href", "src", "action", "formaction", "data", "srcdoc", "to", "values", "from", "xlink:href"}
_BLOCK = re.compile(rf"</?(?:{'|'.join(_BLOCKS)})\b[^>]*>")
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")


def clean(html: str) -> str:
    """Return the HTML that may be shown. If it has too much markup, return it escaped."""
    if has_too_much_markup(html):
        return escape(html)
    return nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer", url_relative="deny"
    )


def has_too_much_markup(html: str) -> bool:
    return html.count("<") > MAX_MARKUP


def text_of(html: str) -> str:
    """Return the visible text, one line per block; empty for HTML with too much markup."""
    if has_too_much_markup(html):
        return ""
    cleaned_html = nh3.clean(html, tags=set(_BLOCKS), attributes={}, link_rel=None)
    lines = (" ".join(line.split()) for line in unescape(_BLOCK.sub("\n", cleaned_html)).split("\n"))
    return "\n".join(line for line in lines if line)


def readable(html: str) -> str:
    """Return the text for a reviewer, with a bullet before each item of a list, and the target of each link."""
    if has_too_much_markup(html):
        return html
    cleaned_html = nh3.clean(
        html, tags={*_BLOCKS, "a"}, attributes={"a": {"href"}}, url_schemes=SCHEMES | {"mailto", "tel"}, link_rel=None
    )
    marked_html = _LINK.sub(lambda link: f"{link[2]} ({link[1]})", cleaned_html.replace("<li>", "<li>• "))
    return text_of(marked_html)


def links(html: str) -> list[str]:
    """Return the targets of its links, as written."""
    return [value for tag, name, value in _attributes(html) if (tag, name) == ("a", "href")]


def active(html: str) -> list[str]:
    """Return the distinct active content in order: ``<script>``, ``onclick``, ``javascript:``. Empty for a valid
    text."""
    if has_too_much_markup(html):
        return []
    findings: list[str] = []
    for tag, name, value in _attributes(html, into=findings):
        if name.startswith("on"):
            findings.append(name)
        elif name == "srcdoc" or (name in _LINKS and _executes(value)):
            findings.append(f"{tag} {name}")
    return list(dict.fromkeys(findings))


def _attributes(html: str, *, into: list[str] | None = None) -> Iterator[tuple[str, str, str]]:
    """Yield element, attribute and value as a browser parses them; names of executing elements are added to ``into``.

    nh3 passes attributes to a filter, and returns the allowed elements, with every other ``<`` escaped."""
    if has_too_much_markup(html):
        return
    attributes: list[tuple[str, str, str]] = []

    def collect(tag: str, name: str, value: str) -> None:
        attributes.append((tag, name, value))

    cleaned_html = nh3.clean(
        html,
        tags=TAGS | EXECUTING | _FOREIGN,
        clean_content_tags=set(),
        attributes={"*": _LINKS},
        generic_attribute_prefixes={"on"},
        attribute_filter=collect,
        url_schemes=SCHEMES | {"javascript", "vbscript", "data", "mailto", "tel"},
        link_rel=None,
    )
    if into is not None:
        into.extend(f"<{name}>" for closing, name in _TAG.findall(cleaned_html) if not closing and name in EXECUTING)
    yield from attributes


def _executes(value: str) -> bool:
    """Browsers ignore spaces and control characters before the scheme."""
    visible = "".join(character for character in value if character > " ").lower()
    return visible.startswith(_EXECUTING_SCHEMES)
