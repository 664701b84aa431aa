"""What a page of HTML refers to: links, forms and what it loads. Bounded in size before it is read; nothing in it is run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser

from msgspec import Struct

MOST_THINGS = 500
LONGEST_ADDRESS = 2048
_LOADED = {
    "script": ("src",), "iframe": ("src",), "frame": ("src",), "embed": ("src",), "object": ("data",),
    "img": ("src",), "audio": ("src",), "video": ("src", "poster"), "source": ("src",), "track": ("src",), "input": ("src",),
}  # fmt: skip
ACTIVE = frozenset({"script", "iframe", "frame", "embed", "object", "link"})
"""What may change the page that loads it."""


class Loaded(Struct, frozen=True):
    """Something that the page loads. ``tag``: by which element."""

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
    loaded: list[Loaded] = field(default_factory=list)
    base: str = ""


def read_page(body: bytes) -> Page:
    """What can be read of it. Whatever is wrong with it, it is no error: browsers show it too."""
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
        said = {name: (value or "")[:LONGEST_ADDRESS] for name, value in attrs}
        match tag:
            case "a" | "area" if "href" in said and len(self.page.links) < MOST_THINGS:
                self.page.links.append(said["href"])
            case "base" if not self.page.base:
                self.page.base = said.get("href", "")
            case "form" if len(self.page.forms) < MOST_THINGS:
                self._form = Form(said.get("action", ""), said.get("method", "get").lower())
                self.page.forms.append(self._form)
            case "input" if self._form is not None:
                self._form.password = self._form.password or said.get("type", "").lower() == "password"
                if "name" in said and len(self._form.names) < MOST_THINGS:
                    self._form.names.append(said["name"])
            case "link" if "stylesheet" in said.get("rel", "").lower().split():
                self._load(tag, said.get("href", ""))
        for name in _LOADED.get(tag, ()):
            if name in said:
                self._load(tag, said[name])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def _load(self, tag: str, url: str) -> None:
        if url and len(self.page.loaded) < MOST_THINGS:
            self.page.loaded.append(Loaded(tag, url))
