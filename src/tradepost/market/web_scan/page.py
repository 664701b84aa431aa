"""Parse the references of an HTML page: links, forms and loaded resources. The size is limited before; scripts are
not run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser

from msgspec import Struct

MAX_ITEMS = 500
MAX_URL_LENGTH = 2048
_RESOURCE_ATTRIBUTES = {
    "script": ("src",), "iframe": ("src",), "frame": ("src",), "embed": ("src",), "object": ("data",),
    "img": ("src",), "audio": ("src",), "video": ("src", "poster"), "source": ("src",), "track": ("src",), "input": ("src",),
}  # fmt: skip
ACTIVE_TAGS = frozenset({"script", "iframe", "frame", "embed", "object", "link"})
"""Elements whose content can change the page."""


class LoadedResource(Struct, frozen=True):
    """A resource that the page loads. ``tag``: the element."""

    tag: str
    url: str


@dataclass(slots=True)
class Form:
    action: str
    method: str
    password: bool = False
    names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    loaded: list[LoadedResource] = field(default_factory=list)
    base: str = ""


def read_page(body: bytes) -> Page:
    """Parse a page. Errors in it are ignored, as browsers do."""
    reader = _Reader()
    with contextlib.suppress(AssertionError, ValueError):
        reader.feed(body.decode("utf-8", "replace"))
        reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        attributes = {name: (value or "")[:MAX_URL_LENGTH] for name, value in attrs}
        match tag:
            case "a" | "area" if "href" in attributes and len(self.page.links) < MAX_ITEMS:
                self.page.links.append(attributes["href"])
            case "base" if not self.page.base:
                self.page.base = attributes.get("href", "")
            case "form" if len(self.page.forms) < MAX_ITEMS:
                self._form = Form(attributes.get("action", ""), attributes.get("method", "get").lower())
                self.page.forms.append(self._form)
            case "input" if self._form is not None:
                self._form.password = self._form.password or attributes.get("type", "").lower() == "password"
                if "name" in attributes and len(self._form.names) < MAX_ITEMS:
                    self._form.names.append(attributes["name"])
            case "link" if "stylesheet" in attributes.get("rel", "").lower().split():
                self._load(tag, attributes.get("href", ""))
        for name in _RESOURCE_ATTRIBUTES.get(tag, ()):
            if name in attributes:
                self._load(tag, attributes[name])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def _load(self, tag: str, url: str) -> None:
        if url and len(self.page.loaded) < MAX_ITEMS:
            self.page.loaded.append(LoadedResource(tag, url))
