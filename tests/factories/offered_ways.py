"""Read from a page every filter, order and page of its list.

A new filter is tried without an entry in a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import override
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

MAX_OPTIONS = 20
"""Options of one select that are tried. Of a longer list, such as all sellers, a sample that includes the first."""
DATES = (("from", "2025-01-01"), ("to", "2025-06-30"))
TERMS = ("{order}", "{tail}", "{email}", "{instance}", "云笺", "seller", "没有的")
"""Search terms: numbers, an email address, a common word, a part of a name, and a word that does not exist."""
NEXT = "after"
_KEY = re.compile(r"[0-9a-f]{8,}|\d+")
_FILE = "format"


class _ListControls(HTMLParser):
    """``choices``: the values of each field with options. ``typed``: text fields. ``links``: queries of links to the
    same page."""

    def __init__(self, html: str, path: str) -> None:
        super().__init__()
        self.path = path
        self.choices: dict[str, list[str]] = {}
        self.typed: dict[str, str] = {}
        self.links: list[str] = []
        self._inside = False
        self._select = ""
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            target = urlsplit(urljoin(self.path, attributes.get("action", ""))).path
            self._inside = attributes.get("method", "get").lower() == "get" and target == self.path
        elif tag == "a" and "href" in attributes:
            link = urlsplit(urljoin(self.path, attributes["href"]))
            if link.path == self.path and link.query and not link.netloc:
                self.links.append(link.query)
        elif self._inside:
            self._add_field(tag, attributes)

    def _add_field(self, tag: str, attributes: Mapping[str, str]) -> None:
        name, kind = attributes.get("name", ""), attributes.get("type", "text").lower()
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self.choices.setdefault(self._select, []).append(attributes.get("value", ""))
        elif tag == "input" and name and kind in {"radio", "checkbox"}:
            self.choices.setdefault(name, []).append(attributes.get("value", "on"))
        elif tag == "input" and name and kind in {"text", "search", "date", "month", "number"}:
            self.typed[name] = kind

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""


def list_queries(html: str, path: str, facts: Mapping[str, str]) -> dict[str, str]:
    """Return the queries that the page offers, by a name that is the same in a market of any size."""
    controls = _ListControls(html, path)
    queries = {query: query for query in _chosen(controls)}
    queries |= {pattern: pattern.format_map(facts) for pattern in _typed(controls)}
    for query in controls.links:
        pairs = [(name, value) for name, value in parse_qsl(query) if value]
        if pairs and not any(name == _FILE for name, _value in pairs):
            name = "&".join(f"{key}=…" if key == NEXT else f"{key}={_KEY.sub('…', value)}" for key, value in pairs)
            queries.setdefault(name, urlencode(pairs))
    return queries


def is_list(html: str, path: str) -> bool:
    """Return whether the page can be filtered, sorted or continued."""
    controls = _ListControls(html, path)
    return bool(controls.choices or controls.typed or any(NEXT in dict(parse_qsl(query)) for query in controls.links))


def fields(html: str, path: str) -> frozenset[str]:
    """Return the names of the fields with options and the text fields."""
    controls = _ListControls(html, path)
    return frozenset(controls.choices) | frozenset(controls.typed)


def _chosen(controls: _ListControls) -> Iterator[str]:
    for name, values in controls.choices.items():
        for value in _sample([value for value in dict.fromkeys(values) if value]):
            yield urlencode([(name, value)])


def _typed(controls: _ListControls) -> Iterator[str]:
    """Yield the queries of text fields. Two date fields are also tried together, as a range."""
    days = {name: value for name, value in DATES if controls.typed.get(name) == "date"}
    if len(days) == len(DATES):
        yield urlencode(days)
    for name, kind in controls.typed.items():
        match kind:
            case "date":
                yield f"{name}={days.get(name, DATES[0][1])}"
            case "month":
                yield f"{name}=2026-03"
            case "number":
                yield f"{name}=1"
            case _:
                yield from (f"{name}={term}" for term in TERMS)


def _sample(values: Sequence[str]) -> Sequence[str]:
    return values[:: max(1, -(-len(values) // MAX_OPTIONS))]
